"""Published files as containers: one layout a module, with `read(path, start, stop)`, `count`."""

import importlib
from pathlib import Path
from types import ModuleType

from hepml_lite.containers.rows import Rows

LAYOUTS = {  # and the container that its files are read as
    "top_landscape": "Jets",
    "energyflow_qg": "Jets",
    "jetnet": "Jets",
    "hls4ml_jets": "Jets",
    "jetclass_root": "Jets",
    "lhco": "Events",
    "omnifold_zjets": "UnfoldingPair",
    "omnifold_big": "UnfoldingPair",
    "adc2021": "TriggerEvents",
    "calochallenge": "Showers",
}


def read(layout: str, path: Path, start: int = 0, stop: int | None = None) -> Rows:
    """Rows number `start` to `stop` of a published file, in the container that `LAYOUTS` names.

    Args:
        layout: how it is laid out, see `LAYOUTS` and `data_fetch.public.PublicSet.layout`.
        path: the file.
        start, stop: as in a slice; the rest of the file is not kept in memory.

    Raises:
        ValueError: for an unknown layout, or a file that has another one.
        FileNotFoundError: if there is no such file.
    """
    return _module(layout).read(Path(path), start, stop)


def count(layout: str, path: Path) -> int:
    """Number of rows of a published file; most layouts know it without reading them.

    Raises:
        ValueError: for an unknown layout, or a file that has another one.
        FileNotFoundError: if there is no such file.
    """
    return _module(layout).count(Path(path))


def _module(layout: str) -> ModuleType:
    if layout not in LAYOUTS:
        raise ValueError(
            f"layout {layout!r} cannot be read; choose one of: {', '.join(sorted(LAYOUTS))}"
        )
    return importlib.import_module(f".{layout}", __name__)
