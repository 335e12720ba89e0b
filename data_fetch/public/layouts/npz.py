"""Reading of some rows of an npz file, shared by the layouts of compressed NumPy archives."""

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

BLOCK = 1000  # rows in double precision at a time
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@contextlib.contextmanager
def opened(path: Path, *needed: str) -> Iterator[zipfile.ZipFile]:
    """An npz file.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is damaged, here or while it is read, or lacks one of the arrays `needed`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = {name.removesuffix(".npy") for name in archive.namelist()}
            missing = [name for name in needed if name not in found]
            if missing:
                raise ValueError(f"{path} has {sorted(found)} but lacks {missing}: another layout")
            yield archive
    except (zipfile.BadZipFile, EOFError, zlib.error) as broken:
        raise ValueError(f"{path} cannot be read ({broken}); fetch it again") from broken


def count(archive: zipfile.ZipFile, name: str) -> int:
    """Number of rows of an array."""
    with archive.open(f"{name}.npy") as file:
        return _header(archive, name, file)[0][0]


def rows(archive: zipfile.ZipFile, name: str, start: int, stop: int | None) -> np.ndarray:
    """Rows of an array in single precision; those before `start` are decompressed and dropped.

    Raises:
        ValueError: if it is no plain array of numbers.
        EOFError: if it ends early.
    """
    with archive.open(f"{name}.npy") as file:
        shape, dtype = _header(archive, name, file)
        first, last, _ = slice(start, stop).indices(shape[0])
        n, bytes_a_row = max(0, last - first), dtype.itemsize * int(np.prod(shape[1:]))
        file.seek(first * bytes_a_row, 1)
        found = np.empty((n, *shape[1:]), np.float32)  # exact for PDG numbers, too
        for low in range(0, n, BLOCK):
            block = found[low : low + BLOCK]
            body = file.read(len(block) * bytes_a_row)
            if len(body) < len(block) * bytes_a_row:
                raise EOFError(f"{name} ends early")
            block[:] = np.frombuffer(body, dtype).reshape(block.shape)
    return found


def _header(
    archive: zipfile.ZipFile, name: str, file: IO[bytes]
) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"{archive.filename}: {name} is written in npy version {version}")
    shape, by_columns, dtype = HEADERS[version](file)
    if dtype.hasobject or (by_columns and len(shape) > 1) or not shape:
        raise ValueError(f"{archive.filename}: {name} is no plain array of numbers")
    return shape, dtype
