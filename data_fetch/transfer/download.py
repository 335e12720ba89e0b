"""Download one file over HTTP: it is whole or absent, and an interrupted download resumes.

The bytes received so far are kept in `<name>.part`, and their origin in `<name>.part.json`. The
final name appears by one rename, after length and hash have been checked. One process at a time
writes. The others wait for a lock, which the operating system releases when its owner dies.

Why not pooch: it downloads to a new temporary name each time, so a killed download starts again
from nothing. It knows one address for each file, and it has no locks. We would have to write a
downloader with parts, mirrors, waiting and locks for it; pooch would only compute the hash.
"""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from data_fetch.transfer import disk_errors, server_answers
from data_fetch.transfer.hashes import WrongHash, record, require
from data_fetch.transfer.partial_file import Part
from data_fetch.transfer.server_answers import UNREACHABLE, Dropped, Refused

ATTEMPTS = 5  # attempts in a row without a new byte, after which a mirror is given up
BACKOFF = 1.0  # s to wait after the first of them; doubled after each
LONGEST_WAIT = 60.0  # s, even if the server asks for more
RESERVE = 100e6  # bytes of disk that stay free
OFFLINE = "without a network everything bundled with the course still works: see `hepml data list`"


@dataclass(frozen=True)
class Wanted:
    """A file to download and what is known about it; None is unknown."""

    target: Path  # its final name
    urls: Sequence[str]  # its mirrors, in the order to try
    size: int | None = None  # bytes
    expected: str | None = None  # hash as `algorithm:digest`


def download(wanted: Wanted, progress: bool = True) -> None:
    """Download a file to its final name, unless it is there; try its mirrors in turn.

    If its hash is not known, the SHA-256 of the downloaded file is recorded in `<name>.sha256`.

    Raises:
        ConnectionError: if no mirror delivered it; the message gives each mirror's reason. The
            bytes received so far are kept.
        ValueError: if the downloaded file is not the published one; it is not kept.
        PermissionError: if the folder cannot be written.
        OSError: if the disk is full; the bytes received so far are kept.
    """
    kept = f"what came of {wanted.target.name} is kept"
    with disk_errors.explained(wanted.target.parent, kept):
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(wanted.target):
            if not wanted.target.is_file():  # another process may have fetched it meanwhile
                _from_any_mirror(wanted, progress)


def _from_any_mirror(wanted: Wanted, progress: bool) -> None:
    part = Part(wanted.target)
    failures: dict[str, Exception] = {}
    for url in wanted.urls:
        try:
            return _from_mirror(url, part, wanted, progress)
        except (Refused, WrongHash) as reason:
            failures[url] = reason
    tried = "; ".join(f"{url}: {reason}" for url, reason in failures.items())
    name = wanted.target.name
    if any(isinstance(reason, WrongHash) for reason in failures.values()):
        raise ValueError(
            f"{name}: what came is not the published file and was not kept ({tried}); "
            "try again later; if it stays so, the archive may hold a new version: look at its page"
        )
    advice = f"; {part.size():,} bytes are kept and the next try goes on there" * bool(part.size())
    if failures and all(UNREACHABLE in str(reason) for reason in failures.values()):
        advice += f"; {OFFLINE}"
    raise ConnectionError(f"{name} could not be fetched ({tried or 'no address known'}){advice}")


def _from_mirror(url: str, part: Part, wanted: Wanted, progress: bool) -> None:
    """Download the whole file from one mirror, in as many requests as needed."""
    in_one_piece = part.size() == 0
    for last in (False, True):
        in_one_piece &= not _persistently(url, part, wanted, progress)
        try:
            require(part.path, wanted.expected)
        except WrongHash:
            part.discard()
            if in_one_piece or last:
                raise
        else:
            return _finish(part, wanted)


def _persistently(url: str, part: Part, wanted: Wanted, progress: bool) -> bool:
    """Request until the part is complete; true if it took several requests that brought bytes."""
    longest = part.size()
    fruitless = 0
    again = False
    while True:
        try:
            _pull(url, part, wanted, progress)
            return again
        except Dropped as trouble:
            again |= part.size() > 0
            fruitless = 0 if part.size() > longest else fruitless
            longest = max(longest, part.size())
            fruitless += 1
            if fruitless == ATTEMPTS or (trouble.give_up and not longest):
                raise Refused(trouble) from trouble
            wait = BACKOFF * 2 ** (fruitless - 1) if trouble.wait is None else trouble.wait
            time.sleep(min(wait, LONGEST_WAIT))


def _pull(url: str, part: Part, wanted: Wanted, progress: bool) -> None:
    """Make one request, and append to the part the bytes that follow it."""
    headers = part.headers(url, checked=wanted.expected is not None)
    with contextlib.closing(server_answers.get(url, headers)) as response:
        if response.status_code == 416 and server_answers.length(response) == part.size():
            return
        total = server_answers.require_sound(
            response, part, wanted.size, checked=wanted.expected is not None
        )
        if response.status_code != 206:
            part.begin(url, server_answers.validator(response))
        _require_space(wanted.target, (total or 0) - part.size())
        with (
            part.path.open("ab") as file,
            tqdm(
                desc=wanted.target.name,
                total=total,
                initial=part.size(),
                unit="B",
                unit_scale=True,
                disable=not progress,
            ) as bar,
        ):
            for chunk in server_answers.chunks(response):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and part.size() != total:
        raise Dropped(f"sent {part.size():,} of {total:,} bytes")


def _require_space(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if needed > 0 and needed + RESERVE > free:
        raise OSError(
            f"{target.name} needs {needed / 1e9:.2f} GB more and {target.parent} has "
            f"{free / 1e9:.2f} GB free; make room, or set HEPML_DATA to a larger disk"
        )


def _finish(part: Part, wanted: Wanted) -> None:
    with part.path.open("rb+") as file:
        os.fsync(file.fileno())
    if wanted.expected is None:
        record(part.path, wanted.target)
    part.path.replace(wanted.target)
    part.discard()


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the lock of this file, so that no other process writes it."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{target.name}: another process is fetching it; waiting", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
