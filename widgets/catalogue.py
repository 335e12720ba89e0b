"""Which dashboards there are: every module in this folder that defines a Dashboard."""

import re
from importlib import import_module
from pathlib import Path

from widgets.base import Dashboard

FOLDER = Path(__file__).parent
_DEFINES_ONE = re.compile(r"^class \w+\(Dashboard\):", re.MULTILINE)  # without importing it


def names() -> list[str]:
    """Themes with a dashboard: a module of this folder with a class derived from Dashboard."""
    modules = sorted(FOLDER.glob("[a-z]*.py"))
    return [m.stem for m in modules if _DEFINES_ONE.search(m.read_text("utf8"))]


def find(theme: str) -> type[Dashboard]:
    """The dashboard class of a theme.

    Raises:
        ValueError: if there is no such dashboard, naming those there are.
    """
    if theme not in names():
        raise ValueError(f"no dashboard {theme!r}; there are: {', '.join(names())}")
    module = import_module(f"widgets.{theme}")
    own = [
        c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__
    ]
    return next(c for c in own if issubclass(c, Dashboard))
