"""Generated samples in HDF5: written piece by piece, read slice by slice, with check sums."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data_fetch import files
from data_fetch.packing import containers
from hepml_lite.containers.rows import Rows
from hepml_lite.files import atomic_write

BLOCK = 1 << 20  # bytes of a block before compression; each read takes at least one block


def write(path: Path, parts: Iterable[Mapping[str, np.ndarray]], n: int) -> list[int]:
    """Write the first n rows of all parts together to one file, as a whole or not at all.

    Args:
        path: the file to write.
        parts: arrays by name, with one entry per row; only one part is in memory at a time.
        n: number of rows to keep; the parts must hold at least as many.

    Returns:
        The number of rows of each label.

    Raises:
        ValueError: if the parts hold fewer than n rows, or not the same arrays.
        OSError: if the file cannot be written, for instance because the disk is full.
    """
    done = 0
    counts = np.zeros(256, np.int64)
    with atomic_write(path) as temporary, _Forgiving(temporary, "w+b") as raw:
        with h5py.File(raw, "w") as file:
            for part in parts:
                keep = min(n - done, len(part["label"]))
                if done and part.keys() != file.keys():
                    raise ValueError(
                        f"{path}: parts of {[*file]} and of {[*part]} cannot be joined"
                    )
                for name, array in part.items():
                    _append(file, name, array[:keep], done)
                counts += np.bincount(part["label"][:keep], minlength=256)
                done += keep
                if raw.failure:
                    break
        if raw.failure:
            raise OSError(raw.failure.errno, raw.failure.strerror, str(path))
        if done < n:
            raise ValueError(f"{path}: {done} rows instead of {n}")
    return counts.tolist()


class _Forgiving(io.FileIO):
    """A file that stores its first error instead of raising it, because HDF5 crashes on errors."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        left = memoryview(data).cast("B")
        try:
            while left and not self.failure:
                left = left[super().write(left) :]
        except OSError as problem:  # the disk or the quota is full
            self.failure = problem
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as problem:
            self.failure = self.failure or problem
            return size or 0


def _append(file: h5py.File, name: str, array: np.ndarray, start: int) -> None:
    """Append rows to a data set. It becomes wider if the new rows are; zeros fill the rest."""
    if name not in file:
        row = max(1, array[:1].nbytes)
        file.create_dataset(
            name,
            shape=(0, *array.shape[1:]),
            maxshape=(None,) * array.ndim,
            chunks=(max(1, BLOCK // row), *(max(1, side) for side in array.shape[1:])),
            dtype=array.dtype,
            compression="gzip",
            compression_opts=1,
            shuffle=True,
            fletcher32=True,
        )
    data = file[name]
    shape = (max(a, b) for a, b in zip(data.shape[1:], array.shape[1:], strict=True))
    data.resize((start + len(array), *shape))
    data[(slice(start, None), *(slice(side) for side in array.shape[1:]))] = array


def read(path: Path, card: Mapping[str, Any], start: int = 0, stop: int | None = None) -> Rows:
    """Rows `start` to `stop` of a generated sample; the other rows are not read.

    Raises:
        FileNotFoundError: if there is no such file.
        BlockingIOError: if another program is writing it.
        ValueError: if the file is damaged; the message names it.
    """
    try:
        with h5py.File(path, "r") as file:
            arrays = {name: data[start:stop] for name, data in file.items()}
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise files.unreadable(path, problem, "delete it and make it again") from problem
    return containers.restore(arrays, card)
