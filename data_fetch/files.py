"""Files of arrays, their hashes, and the folder of samples. Errors say what to do."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hepml_lite.files import atomic_write


def data_folder() -> Path:
    """The folder of generated and downloaded samples: $HEPML_DATA, else ~/.cache/hepml_lite."""
    return Path(os.environ.get("HEPML_DATA") or Path.home() / ".cache" / "hepml_lite").expanduser()


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed .npz: the whole file or nothing."""
    columns: dict[str, Any] = {**arrays}
    with atomic_write(path) as temporary:
        np.savez_compressed(temporary, **columns)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, without pickles.

    Raises:
        FileNotFoundError: if there is no such file.
        PermissionError: if it may not be read.
        ValueError: if it is truncated or otherwise damaged; the message names it.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, EOFError, ValueError, OSError) as problem:
        raise unreadable(path, problem, "delete it and make it again") from problem


def unreadable(path: Path, problem: Exception, remedy: str) -> ValueError | OSError:
    """The error to raise for a file that could not be read: locked, not allowed, or damaged.

    Args:
        path: of the file.
        problem: what was raised by the library that read it.
        remedy: what to do if the file is damaged. A locked file is whole, it must not be deleted.
    """
    if isinstance(problem, BlockingIOError):
        return BlockingIOError(
            f"{path} is locked, because another program is writing it: wait until that program "
            "has finished, or end it (in Jupyter: shut down its kernel), then try again"
        )
    if isinstance(problem, OSError) and "unable to lock file" in str(problem):
        return OSError(
            f"{path} cannot be locked on this file system ({problem}): set "
            "HDF5_USE_FILE_LOCKING=FALSE, or copy the file to a local disk"
        )
    if isinstance(problem, PermissionError):
        return PermissionError(
            f"{path} may not be read: ask its owner, or copy it to a place of your own"
        )
    return ValueError(f"{path} is damaged or of another kind ({problem}); {remedy}")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_hash(path: Path, expected: str, remedy: str) -> None:
    """Check a file against its card.

    Raises:
        FileNotFoundError: if the file is missing.
        ValueError: if its hash differs; the message gives both hashes and the remedy.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {remedy}")
    found = sha256(path)
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its SHA-256 should be {expected}, but is {found}; {remedy}"
        )
