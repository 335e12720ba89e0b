"""Reading of HDF5 files, shared by the HDF5 layouts; errors say what is wrong and what to do."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data_fetch import files


@contextlib.contextmanager
def opened(path: Path, *needed: str) -> Iterator[h5py.File]:
    """An HDF5 file, with the filters of `hdf5plugin` if that is installed.

    Raises:
        FileNotFoundError: if there is none.
        BlockingIOError: if another program is writing it.
        ValueError: if it is damaged or no HDF5, or lacks one of the data sets `needed`.
    """
    with contextlib.suppress(ImportError):
        import hdf5plugin  # noqa: F401  (importing it registers blosc and others)
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise files.unreadable(path, problem, "fetch it again") from problem
    with file:
        missing = [name for name in needed if name not in file]
        if missing:
            raise ValueError(f"{path} has {sorted(file)} but lacks {missing}: another layout")
        yield file


def rows(data: h5py.Dataset, index: Any, path: Path, field: str | None = None) -> np.ndarray:
    """`data[index]`, or that of one field of a table; reads nothing else.

    Raises:
        ValueError: if it cannot be read, be it for a compression that h5py does not know.
    """
    unknown = _unknown_filters(data)
    if unknown:
        raise ValueError(
            f"{path} is compressed with {', '.join(unknown)}, which h5py alone cannot read: "
            "pip install hdf5plugin"
        )
    try:
        return data[index] if field is None else data.fields(field)[index]
    except OSError as problem:
        raise ValueError(f"{path} is damaged ({problem}); fetch it again") from problem


def _unknown_filters(data: h5py.Dataset) -> list[str]:
    pipeline = data.id.get_create_plist()
    used = [pipeline.get_filter(i) for i in range(pipeline.get_nfilters())]
    return [name.decode() or str(n) for n, _, _, name in used if not h5py.h5z.filter_avail(n)]


def names(data: h5py.Dataset) -> Sequence[str]:
    """Column names stored as text."""
    return [name.decode() if isinstance(name, bytes) else str(name) for name in data[()]]


def column(stored: Sequence[str], wanted: str, path: Path) -> int:
    """Position of a column.

    Raises:
        ValueError: if there is none of this name.
    """
    if wanted not in stored:
        raise ValueError(f"{path} has no column {wanted!r} among {', '.join(stored)}")
    return list(stored).index(wanted)
