"""Method cards: for each method of a theme its paper, what it assumes, when it fails, its cost.

The cards of a theme are in ``hepml_lite/<theme>/method_cards.toml``, one table a method::

    [iterative_bayes]
    title = "Iterative Bayesian unfolding"
    module = "hepml_lite.unfolding.iterative_bayes"
    paper = "D'Agostini, NIM A 362 (1995) 487"
    assumes = "The response is the same in simulation and nature."
    fails = "Many iterations amplify the statistical noise."
    notice = "Neighbouring bins swing up and down; correlations come close to -1."
    cost = "Milliseconds."
"""

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files


@dataclass(frozen=True)
class MethodCard:
    """What a user should know of a method before choosing it.

    Attributes:
        title: name of the method in the field.
        module: where its code is.
        paper: authors, journal or arXiv number.
        assumes: what must hold for its result to be right.
        fails: when it does not work.
        notice: how one would see that an assumption is broken.
        cost: time and memory, on two cores.
    """

    title: str
    module: str
    paper: str
    assumes: str
    fails: str
    notice: str
    cost: str


def read(theme: str) -> dict[str, MethodCard]:
    """The cards of a theme by the short name of the method, in the order of the file.

    Args:
        theme: such as "unfolding".

    Raises:
        FileNotFoundError: if the theme has no cards.
        ValueError: if a card lacks an entry, or has one that is not known.
    """
    file = files(f"hepml_lite.{theme}") / "method_cards.toml"
    if not file.is_file():
        raise FileNotFoundError(f"the theme {theme!r} has no method cards: write {file}.")
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: _card(f"{theme}.{name}", table) for name, table in tables.items()}


def _card(name: str, table: dict[str, str]) -> MethodCard:
    wanted = {field.name for field in fields(MethodCard)}
    if set(table) != wanted:
        differing = ", ".join(sorted(wanted ^ set(table)))
        raise ValueError(f"card {name}: {differing} is missing or unknown; a card has {wanted}.")
    return MethodCard(**table)
