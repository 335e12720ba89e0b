"""EnergyFlow's quark and gluon jets: a compressed npz with X (N, M, 4) and y (N,).

X: pT [GeV], rapidity, azimuth (within pi of the jet's, so it may exceed pi), PDG number; padded
with zeros. y: 1 quark, 0 gluon. M differs between the files.
Komiske, Metodiev, Thaler, arXiv:1810.05165.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from hepml_lite import kinematics
from hepml_lite.jets import Jets

NAMES = ("gluon", "quark")
BLOCK = 1000  # rows in double precision at a time
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read(path: Path, start: int = 0, stop: int | None = None) -> Jets:
    """Jets `start` to `stop`, padded to the longest of them; classes gluon and quark.

    The container's particles are massless, so that the rapidity is taken as pseudorapidity, as
    particle flow networks do. The rows before `start` are decompressed and dropped, those after
    `stop` not touched.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged or has another layout.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            x = _rows(archive, "X.npy", start, stop)  # (N, M, 4)
            y = _rows(archive, "y.npy", start, stop)  # (N,)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as broken:
        raise ValueError(f"{path} cannot be read ({broken}); fetch it again") from broken
    if x.ndim != 3 or x.shape[2] != 4 or y.shape != x.shape[:1]:
        raise ValueError(f"{path}: X {x.shape}, y {y.shape}; expected (N, M, 4) and (N,)")
    longest = max(1, np.count_nonzero((x[..., 0] > 0).any(axis=0)))
    pt, rapidity, phi, pid = np.moveaxis(x[:, :longest], -1, 0)  # each (N, P)
    constituents = np.stack([pt, rapidity, kinematics.wrap_phi(phi)], axis=-1)
    return Jets(constituents, label=y.astype(int), pid=pid, names=NAMES)


def _rows(archive: zipfile.ZipFile, name: str, start: int, stop: int | None) -> np.ndarray:
    """Rows of one array of an npz, in single precision, without the others."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        if version not in HEADERS:
            raise ValueError(f"{archive.filename}: {name} is written in npy version {version}")
        shape, by_columns, dtype = HEADERS[version](file)
        if dtype.hasobject or by_columns or not shape:
            raise ValueError(f"{archive.filename}: {name} is no plain array of numbers")
        first, last, _ = slice(start, stop).indices(shape[0])
        n, bytes_a_row = max(0, last - first), dtype.itemsize * int(np.prod(shape[1:]))
        file.seek(first * bytes_a_row, 1)
        rows = np.empty((n, *shape[1:]), np.float32)  # exact for PDG numbers, too
        for low in range(0, n, BLOCK):
            block = rows[low : low + BLOCK]
            body = file.read(len(block) * bytes_a_row)
            if len(body) < len(block) * bytes_a_row:
                raise EOFError(f"{name} ends early")
            block[:] = np.frombuffer(body, dtype).reshape(block.shape)
    return rows
