"""Write a file whole or not at all: readers see the old file until the new one is complete."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give the block a temporary file to write; it becomes `path` if the block ends without error.

    After an error, or an interrupt, the old file is unchanged and the temporary file is gone. A
    killed process leaves the old file unchanged too, and a hidden temporary file beside it. The
    folder of `path` is made if it does not exist. The temporary name has the ending of `path`,
    because NumPy adds an ending to a name that lacks it.

    Args:
        path: the file to write.

    Yields:
        The path of the temporary file, in the same folder.

    Raises:
        OSError: the folder or the file cannot be written, for instance because the disk is full.

    >>> with atomic_write("numbers.txt") as temporary:  # doctest: +SKIP
    ...     temporary.write_text("1 2 3")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp makes files that only their owner may read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` in UTF-8, with Unix line ends on every system: the whole file or nothing.

    Raises:
        OSError: as `atomic_write`.
        UnicodeEncodeError: the text cannot be written in UTF-8.
    """
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
