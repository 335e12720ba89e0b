"""Errors for a full disk or a folder that cannot be written; they say what to do."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


@contextlib.contextmanager
def explained(folder: Path, what_remains: str) -> Iterator[None]:
    """Replace errors of the operating system by ones that say what to do.

    Args:
        folder: the folder that is written to.
        what_remains: says what is kept of the work if the disk is full.

    Raises:
        OSError: if the disk is full.
        PermissionError: if the folder cannot be written, or is no folder.
    """
    try:
        yield
    except OSError as problem:
        if problem.errno in DISK_FULL:
            raise OSError(
                f"the disk of {folder} is full; {what_remains}: make room and fetch it again, or "
                "set HEPML_DATA to a larger disk"
            ) from problem
        if problem.errno in NOT_WRITABLE:
            raise PermissionError(
                f"{folder} cannot be written; set HEPML_DATA to a folder of your own"
            ) from problem
        raise
