"""Files and folders: written as a whole or not at all, with errors that name path and remedy."""

import errno
import glob
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_WRITABLE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EISDIR,
)


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give the block a temporary file to write; it becomes `path` if the block ends without error.

    After an error, or an interrupt, the old file is unchanged and the temporary file is gone. A
    killed process leaves the old file unchanged too, and a hidden temporary file beside it, which
    the next write of the same file removes. The folder of `path` is made if it does not exist. The
    temporary name has the ending of `path`, because NumPy adds an ending to a name that lacks it.

    Args:
        path: the file to write.

    Yields:
        The path of the temporary file, in the same folder.

    Raises:
        OSError: the folder or the file cannot be written, for instance because the disk is full.
            The message names the path and says what to do; `errno` is the system's.

    >>> with atomic_write("numbers.txt") as temporary:  # doctest: +SKIP
    ...     temporary.write_text("1 2 3")
    """
    path = Path(path)
    with _explained(path, (*NOT_WRITABLE, *DISK_FULL)):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        before = f".{path.stem}-{_machine()}-"
        for left in path.parent.glob(f"{glob.escape(before)}*{glob.escape(path.suffix)}"):
            if _is_of_a_dead_process(left, before):
                left.unlink(missing_ok=True)
        prefix = f"{before}{os.getpid()}-"
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
        os.close(handle)
    temporary = Path(name)
    try:
        with _explained(path, DISK_FULL):
            yield temporary
        temporary.chmod(0o644)  # mkstemp makes files that only their owner may read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path, known: tuple[int, ...]) -> Iterator[None]:
    """Replace errors of the operating system with these numbers by ones that say what to do."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in known:
            raise
        raise explained(problem, path) from problem


def explained(problem: OSError, path: Path) -> OSError:
    """Return an error of the same number that names `path`, the reason and the remedy."""
    if problem.errno in DISK_FULL:
        text = f"{path} cannot be written: the disk is full. Make room, or write to another disk."
    else:
        is_file = problem.errno in (errno.EEXIST, errno.ENOTDIR)
        reason = "a part of the path is a file" if is_file else problem.strerror
        text = f"{path} cannot be written ({reason}): choose a folder of your own."
    clear = type(problem)(text)
    clear.errno = problem.errno
    return clear


def require_writable(folder: str | Path) -> None:
    """Check, before long work, that files can be written into `folder`; it is made if need be.

    Raises:
        OSError: it cannot be made or written, or the disk is full; the message says what to do.
    """
    folder = Path(folder)
    with _explained(folder, (*NOT_WRITABLE, *DISK_FULL)):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))  # a full disk lets an empty file be made


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give the block a folder that is removed after it.

    A process that was killed could not remove its folder: the next call does it. The name of the
    folder holds the number of its process.
    """
    place = Path(tempfile.gettempdir())
    for left in place.glob("hepml-*-*"):
        if _is_of_a_dead_process(left, "hepml-"):
            shutil.rmtree(left, ignore_errors=True)
    with _explained(place, (*NOT_WRITABLE, *DISK_FULL)):
        name = tempfile.mkdtemp(prefix=f"hepml-{os.getpid()}-")
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)


def _is_of_a_dead_process(path: Path, before: str) -> bool:
    """Whether the number after `before` in the name is that of no running process."""
    number = re.match(rf"{re.escape(before)}(\d+)-", path.name)
    return number is not None and not psutil.pid_exists(int(number[1]))


def _machine() -> str:
    """The name of this machine: several may write into one folder, each with its own processes."""
    return re.sub(r"\W", "_", platform.node())[:20] or "unnamed"


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as a whole or not at all, in UTF-8 with Unix line ends on every system.

    Raises:
        OSError: as `atomic_write`.
        UnicodeEncodeError: the text cannot be written in UTF-8.
    """
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
