"""Unpack a zip or tar archive that is not trusted: into its own folder, whole or not at all.

The standard library extracts each file: `tarfile` with the filter "data" (Python 3.11.4 or newer,
PEP 706), `zipfile`. Here is refused what they would quietly change or allow: a path that leaves the
folder, a link, a second file of the same name, more bytes than the disk has free.
"""

import platform
import re
import shutil
import stat
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from filelock import FileLock

from data_fetch.transfer import disk_errors

RESERVE = 100e6  # bytes of disk that stay free
MOST_FILES = 1_000_000
SUFFIXES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip")


@dataclass(frozen=True)
class _Member:
    """A regular file of an archive: path inside it, declared size [bytes], and what extracts it."""

    path: PurePosixPath
    size: int
    extract: Callable[..., object]  # into the folder `path=`


def unpack(archive: Path, folder: Path | None = None) -> Path:
    """The folder with what is in an archive, unpacked unless that was done before.

    Only regular files are unpacked, each below the folder; sizes are counted before writing, and
    no file gets more bytes than it declares. Everything is written beside the folder and gets its
    name by one rename. One process at a time unpacks; what a killed one left behind is removed by
    the next.

    Args:
        archive: .zip, .tar, or .tar compressed with gzip, bzip2 or xz.
        folder: where to; default: `folder_of(archive)`.

    Raises:
        ValueError: if it is no archive, damaged, or holds a path that leaves the folder, a link, a
            device, or more than it declares. Nothing is left behind.
        OSError: if there is not enough room on the disk. Nothing is left behind.
        PermissionError: if the folder cannot be written.
        ImportError: for a tar archive, if Python is older than 3.11.4.
    """
    folder = folder_of(archive) if folder is None else folder
    if folder.is_dir():
        return folder
    with disk_errors.explained(folder.parent, f"nothing of {archive.name} stays unpacked"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if not folder.is_dir():  # another process may have unpacked it meanwhile
                _unpack(archive, folder)
    return folder


def folder_of(archive: Path) -> Path:
    """Where an archive is unpacked: beside it, its name without the suffix.

    Raises:
        ValueError: if its name has none of the known suffixes.
    """
    for suffix in SUFFIXES:
        if archive.name.endswith(suffix):
            return archive.with_name(archive.name.removesuffix(suffix))
    raise ValueError(f"{archive.name} is none of the archives known here: {', '.join(SUFFIXES)}")


def contents(folder: Path) -> list[Path]:
    """The files of an unpacked archive but hidden ones, `part_2` before `part_10`."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    found = [p for p in found if not any(x[0] == "." for x in p.relative_to(folder).parts)]
    return sorted(found, key=lambda path: [_number(x) for x in re.split(r"(\d+)", str(path))])


def _number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (-1, text)


def _unpack(archive: Path, folder: Path) -> None:
    prefix = f".{folder.name}-"
    for left_behind in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    print(f"{archive.name}: unpacking into {folder}", file=sys.stderr)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=prefix))
    try:
        _write_all(archive, temporary)
        temporary.chmod(0o755)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_all(archive: Path, folder: Path) -> None:
    room = shutil.disk_usage(folder).free - RESERVE
    open_archive = _zip if archive.name.endswith(".zip") else _tar
    try:
        for count, member in enumerate(open_archive(archive, room)):
            room -= member.size
            _require_room(archive, room)
            if count >= MOST_FILES:
                raise ValueError(f"{archive} holds more than {MOST_FILES:,} files")
            _write(member, folder, archive)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError) as problem:
        raise ValueError(
            f"{archive} cannot be unpacked ({problem}); delete it and fetch it again"
        ) from problem


def _zip(archive: Path, room: float) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as file:
        entries = [entry for entry in file.infolist() if not entry.is_dir()]
        _require_room(archive, room - sum(entry.file_size for entry in entries))
        for entry in entries:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            path = _require_inside(archive, entry.orig_filename)
            if kind not in (0, stat.S_IFREG):
                raise ValueError(
                    f"{archive}: {path} is a link or a device, which no data set needs"
                )
            yield _Member(path, entry.file_size, partial(file.extract, entry))


def _tar(archive: Path, _: float) -> Iterator[_Member]:
    if not hasattr(tarfile, "data_filter"):
        raise ImportError(
            f"{archive} cannot be unpacked safely with Python {platform.python_version()}; update "
            "to Python 3.11.4 or newer"
        )
    with tarfile.open(archive, "r|*") as file:  # one pass: a look at all sizes would unpack twice
        for entry in file:
            path = _require_inside(archive, entry.name)
            if entry.isdir():
                continue
            if not entry.isreg() or entry.issparse():
                raise ValueError(
                    f"{archive}: {path} is a link or a device, which no data set needs"
                )
            extract = partial(file.extract, entry, set_attrs=False, filter="data")
            yield _Member(path, entry.size, extract)


def _require_inside(archive: Path, name: str) -> PurePosixPath:
    """A relative path without steps upwards, read as on Windows and elsewhere."""
    path, windows = PurePosixPath(name), PureWindowsPath(name)
    parts = {*path.parts, *windows.parts}
    if path.is_absolute() or windows.anchor or ".." in parts or "\0" in name or ":" in name:
        raise ValueError(f"{archive}: {name!r} would be written outside of its folder")
    return path


def _require_room(archive: Path, room: float) -> None:
    if room < 0:
        raise OSError(
            f"{archive} unpacks to {-room / 1e9:.2f} GB more than the disk has free; make room, or "
            "set HEPML_DATA to a larger disk"
        )


def _write(member: _Member, folder: Path, archive: Path) -> None:
    target = folder / member.path
    try:
        if target.exists():
            raise FileExistsError(target)
        member.extract(path=folder)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as twice:
        raise ValueError(f"{archive}: {member.path} is in it twice") from twice
    target.chmod(0o644)
