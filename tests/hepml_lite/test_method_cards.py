"""Every method of a theme has a card, and the pages show the cards."""

import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

from hepml_lite import method_cards

DOCS = Path(__file__).parents[2] / "docs"
PAPER = re.compile(r"arXiv:\d{4}\.\d{4,5}|hep-ph/\d{7}|NIM A")
spec = importlib.util.spec_from_file_location("docs_method_cards", DOCS / "method_cards.py")
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)


def methods(theme):
    """Modules of a theme whose first paragraph cites a paper."""
    package = importlib.import_module(f"hepml_lite.{theme}")
    names = [m.name for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    modules = [importlib.import_module(name) for name in names]
    return {m.__name__ for m in modules if PAPER.search((m.__doc__ or "").split("\n\n")[0])}


@pytest.mark.parametrize("theme", pages.themes())
def test_every_method_has_a_card(theme):
    cards = method_cards.read(theme)
    modules = {card.module for card in cards.values()}
    assert methods(theme) <= modules
    for name in modules:
        importlib.import_module(name)
    assert all(all(vars(card).values()) for card in cards.values())


@pytest.mark.parametrize("theme", pages.themes())
def test_the_page_shows_the_cards(theme):
    written = (DOCS / "methods" / f"{theme}.md").read_text(encoding="utf-8")
    assert written == pages.page(theme), "run: python docs/method_cards.py"


def test_a_theme_without_cards():
    with pytest.raises(FileNotFoundError, match="has no method cards"):
        method_cards.read("statistics")


def test_a_card_without_an_entry():
    with pytest.raises(ValueError, match=r"theme\.method: .*cost"):
        method_cards._card("theme.method", {"title": "A method"})
