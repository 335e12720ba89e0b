"""Published files as containers: each layout is a module with `read` and `count`."""

import importlib
from pathlib import Path
from types import ModuleType

from hepml_lite.containers.rows import Rows

LAYOUTS = {  # each layout, and the container that its files are read into
    "top_landscape": "Jets",
    "energyflow_qg": "Jets",
    "jetnet": "Jets",
    "hls4ml_jets": "Jets",
    "jetclass_root": "Jets",
    "lhco": "Events",
    "omnifold_zjets": "UnfoldingPair",
    "omnifold_big": "UnfoldingPair",
    "atlas_omnifold": "Events",
    "adc2021": "TriggerEvents",
    "cms_l1_anomaly": "TriggerEvents",
    "calochallenge": "Showers",
    "cms_dimuon": "Events",
    "sbibm": "Events",
}


def read(layout: str, path: Path, start: int = 0, stop: int | None = None) -> Rows:
    """Rows `start` to `stop` of a published file, in the container that `LAYOUTS` names.

    Args:
        layout: a layout of `LAYOUTS`, see `data_fetch.public.PublicSet.layout`.
        path: the file.
        start: first row, as in a slice.
        stop: the row after the last, as in a slice; other rows are not kept in memory.

    Raises:
        ValueError: for an unknown layout, or a file that has another one.
        FileNotFoundError: if there is no such file.
    """
    return _module(layout).read(Path(path), start, stop)


def count(layout: str, path: Path) -> int:
    """Number of rows of a published file; most layouts know it without reading the rows.

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
