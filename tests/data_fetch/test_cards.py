"""Every bundled sample has a page and a figure, and the page says what the card says."""

import importlib.util
from pathlib import Path

import pytest

from data_fetch.samples import bundled

FOLDER = Path(__file__).parents[2] / "docs" / "data"


@pytest.fixture(scope="module")
def cards():
    spec = importlib.util.spec_from_file_location("cards", FOLDER / "cards.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", bundled())
def test_page_is_up_to_date_and_has_its_figure(cards, name):
    written = (FOLDER / f"{name}.md").read_text()
    assert written == cards.page(bundled()[name]), "run: python docs/data/cards.py"
    assert (FOLDER / f"{name}.png").stat().st_size > 10_000


def test_the_list_of_samples_is_up_to_date(cards):
    assert (FOLDER / "README.md").read_text() == cards.index(), "run: python docs/data/cards.py"


def test_the_bundled_files_stay_within_their_limits(cards):
    sizes = [sample.path.stat().st_size / 1e6 for sample in bundled().values()]
    assert max(sizes) <= cards.LIMIT_FILE
    assert sum(sizes) <= cards.LIMIT_TOTAL


@pytest.mark.parametrize("name", bundled())
def test_the_time_to_load_was_measured(cards, name):
    assert float(cards.load_times()[name]) <= 1000, "run: python benchmarks/loading.py --write"
