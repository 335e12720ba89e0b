"""Published files as jets: one layout a module, each with `read(path, start, stop)`."""

import importlib
from pathlib import Path

from hepml_lite.jets import Jets

JETS = ("top_landscape", "energyflow_qg", "jetnet", "hls4ml_jets")


def read(layout: str, path: Path, start: int = 0, stop: int | None = None) -> Jets:
    """Jets number `start` to `stop` of a published file.

    Args:
        layout: how it is laid out, see `JETS` and `data_fetch.public.PublicSet.layout`.
        path: the file.
        start, stop: as in a slice; the rest of the file is not kept in memory.

    Raises:
        ValueError: for a layout that cannot be read as jets, or a file that has another one.
        FileNotFoundError: if there is no such file.
    """
    if layout not in JETS:
        raise ValueError(f"layout {layout!r} cannot be read as jets; choose one of: {JETS}")
    return importlib.import_module(f".{layout}", __name__).read(path, start, stop)
