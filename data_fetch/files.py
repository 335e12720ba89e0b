"""Files of arrays, their hashes and the folder of samples; errors say what to do."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hepml_lite.files import atomic_write


def data_folder() -> Path:
    """Where generated and downloaded samples live: $HEPML_DATA, else ~/.cache/hepml_lite."""
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
        ValueError: if it is truncated or otherwise unreadable; the message names it.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (zipfile.BadZipFile, EOFError, ValueError, OSError) as broken:
        if isinstance(broken, FileNotFoundError):
            raise
        raise ValueError(
            f"{path} cannot be read ({broken}); delete it and make it again"
        ) from broken


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
