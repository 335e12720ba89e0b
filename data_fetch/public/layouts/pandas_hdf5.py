"""A pandas table in HDF5, read by rows without pandas, in both formats that pandas writes.

`fixed`: blocks of columns of one type in block0_values, block1_values, …, with their names in
block0_items, …. `table`: the records of one data set, with a field for each block or column.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from data_fetch.public.layouts import hdf5


@dataclass(frozen=True)
class _Column:
    """The place of a column: a data set, a field of it, a position in the block."""

    data: h5py.Dataset
    field: str | None
    position: int | None


class Frame:
    """The columns of the first table in an HDF5 file.

    Raises:
        ValueError: if the file has no table, or the names of its columns cannot be read.
    """

    def __init__(self, file: h5py.File, path: Path):
        self.path = path
        groups = [group for group in file.values() if isinstance(group, h5py.Group)]
        found = [dict(columns) for group in groups if (columns := list(_columns(group, path)))]
        if not found:
            raise ValueError(f"{path} has {sorted(file)} but no table of pandas: another layout")
        self._columns = found[0]

    @property
    def columns(self) -> list[str]:
        """Names of the columns; numbers are written as text."""
        return list(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())).data)

    def read(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> np.ndarray:
        """Some columns side by side, (N, number of them) in double precision.

        Raises:
            ValueError: if there is no column of a name, or the file is damaged.
        """
        for name in names:
            hdf5.column(self.columns, name, self.path)
        first, last, _ = slice(start, stop).indices(len(self))
        index, blocks = slice(first, max(first, last)), {}
        found = np.empty((max(0, last - first), len(names)))
        for i, name in enumerate(names):
            column = self._columns[name]
            key = (column.data.name, column.field)
            if key not in blocks:  # each is read once
                blocks[key] = hdf5.rows(column.data, index, self.path, column.field)
            at = () if column.position is None else (slice(None), column.position)
            found[:, i] = blocks[key][at]
        return found


def _columns(group: h5py.Group, path: Path) -> Iterator[tuple[str, _Column]]:
    if "table" in group:
        yield from _of_records(group["table"], path)
    for key in group:
        number = re.fullmatch(r"block(\d+)_values", key)
        if number:
            names = hdf5.names(group[f"block{number[1]}_items"])
            yield from ((name, _Column(group[key], None, i)) for i, name in enumerate(names))


def _of_records(table: h5py.Dataset, path: Path) -> Iterator[tuple[str, _Column]]:
    for field, (dtype, *_) in table.dtype.fields.items():
        if not dtype.shape and field != "index":
            yield field, _Column(table, field, None)
        elif dtype.shape:
            names = _pickled_names(table.attrs.get(f"{field}_kind", b""))
            if len(names) != dtype.shape[0]:
                raise ValueError(f"{path}: the columns of {field} have no names that can be read")
            yield from ((name, _Column(table, field, i)) for i, name in enumerate(names))


def _pickled_names(stored: bytes) -> list[str]:
    """The names of the columns lie in a pickle, which is read as text and never loaded."""
    found = re.findall(rb"\na?(?:V|S'|I|L)(\w+?)(?:'|L)?(?=\n)", bytes(stored))
    return [name.decode() for name in found]
