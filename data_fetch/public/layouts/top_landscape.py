"""The Top Quark Tagging Reference Dataset: a pandas table in HDF5, read without pandas.

A row has 200 times (E, px, py, pz) [GeV], in falling pT and padded with zeros, then the true top's
(E, px, py, pz). Two integers follow: ttv, which repeats the file's split, and is_signal_new
(1 top, 0 QCD). arXiv:1902.09914; https://zenodo.org/records/2603256.
"""

import re
from pathlib import Path

import h5py
import numpy as np

from data_fetch.public.layouts import hdf5
from hepml_lite.containers.jets import Jets

NAMES = ("QCD", "top")
SLOTS = 200
MOMENTUM = ("E", "PX", "PY", "PZ")
COLUMNS = [f"{component}_{i}" for i in range(SLOTS) for component in MOMENTUM]
COLUMNS += [f"truth{component}" for component in MOMENTUM]
INTEGERS = ["ttv", "is_signal_new"]


def read(path: Path, start: int = 0, stop: int | None = None) -> Jets:
    """Jets `start` to `stop`, padded to the longest of them; classes QCD and top.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it has another layout, or a compression that needs `hdf5plugin`.
    """
    with hdf5.opened(path, "table/table") as file:
        table = file["table/table"]
        _require_columns(table, path)
        index = slice(start, stop)
        p4 = hdf5.rows(table, index, path, "values_block_0")[:, : 4 * SLOTS]
        flags = hdf5.rows(table, index, path, "values_block_1")  # (N, 2)
    label = flags[:, INTEGERS.index("is_signal_new")]
    p4 = p4.reshape(-1, SLOTS, 4)  # (N, 200, 4)
    longest = max(1, np.count_nonzero((p4[..., 0] > 0).any(axis=0)))
    return Jets.from_four_vectors(p4[:, :longest], label=label, names=NAMES)


def count(path: Path) -> int:
    """Number of jets in a file."""
    with hdf5.opened(path, "table/table") as file:
        return len(file["table/table"])


def _require_columns(table: h5py.Dataset, path: Path) -> None:
    fields = table.dtype.fields or {}
    for i, expected in enumerate((COLUMNS, INTEGERS)):
        block = f"values_block_{i}"
        width = fields[block][0].shape if block in fields else None
        if width != (len(expected),):
            raise ValueError(f"{path}: {block} is {width}; expected {len(expected)} columns")
        found = _names(table.attrs.get(f"{block}_kind", b""))
        if len(found) == len(expected) and found != expected:
            raise ValueError(f"{path}: {block} starts with {found[:8]}; expected {expected[:8]}")


def _names(stored: bytes) -> list[str]:
    """The names of the columns lie in a pickle, which is read as text and never loaded."""
    return [name.decode() for name in re.findall(rb"\na?(?:V|S')(\w+)'?\n", bytes(stored))]
