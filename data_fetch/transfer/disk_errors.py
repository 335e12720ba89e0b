"""What a full or closed disk means to whoever asked for data."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


@contextlib.contextmanager
def explained(folder: Path, what_remains: str) -> Iterator[None]:
    """Turn errors of the operating system into ones that say what to do.

    Args:
        folder: that is written to.
        what_remains: of the work, should the disk be full.

    Raises:
        OSError: if the disk is full.
        PermissionError: if the folder cannot be written, or is no folder.
    """
    try:
        yield
    except OSError as problem:
        if problem.errno in FULL:
            raise OSError(
                f"the disk of {folder} is full; {what_remains}: make room and fetch it again, or "
                "set HEPML_DATA to a larger disk"
            ) from problem
        if problem.errno in CLOSED:
            raise PermissionError(
                f"{folder} cannot be written; set HEPML_DATA to a folder of your own"
            ) from problem
        raise
