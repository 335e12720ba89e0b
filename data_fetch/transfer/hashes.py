"""Is this the published file? Published hashes, and recorded ones where none was published."""

import hashlib
import sys
from pathlib import Path

from data_fetch import files
from hepml_lite.files import write_text

ALGORITHMS = ("md5", "sha256")  # those that the archives of the field publish


class WrongHash(ValueError):
    """A file is not what it should be; the message gives both hashes."""


def require(path: Path, expected: str | None) -> None:
    """Compare a file with `algorithm:digest`; None means that nothing is known.

    Raises:
        WrongHash: if it differs.
    """
    if expected is None:
        return
    algorithm, _, digest = expected.partition(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != digest:
        raise WrongHash(f"its {algorithm} should be {digest}, but is {found}")


def recorded(target: Path) -> str | None:
    """The SHA-256 that was recorded when this file was first downloaded, as `sha256:digest`."""
    path = _place(target)
    return f"sha256:{path.read_text().split()[0]}" if path.is_file() else None


def record(path: Path, target: Path) -> None:
    """Record the SHA-256 of `path` beside `target`, in the format of sha256sum, and say so."""
    digest = files.sha256(path)
    write_text(_place(target), f"{digest}  {target.name}\n")
    print(
        f"{target.name}: unverified, its archive's hash is not known to the course; SHA-256 "
        f"{digest} is recorded in {_place(target).name} and compared from now on",
        file=sys.stderr,
    )


def _place(target: Path) -> Path:
    return target.with_name(f"{target.name}.sha256")
