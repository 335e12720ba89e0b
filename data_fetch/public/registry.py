"""The registry of the field's public data sets, and how to fetch their files."""

import functools
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from data_fetch import files as local_files
from data_fetch.transfer import archives, hashes

REGISTRY = Path(__file__).parent / "registry.toml"


@dataclass(frozen=True)
class PublicFile:
    """A published file. A value that is not known is None, never guessed.

    Attributes:
        name: its name on disk.
        urls: its addresses, in the order to try.
        size: bytes.
        hash: `md5:…` or `sha256:…`, as a public source states it.
        about: rough size as text, such as "7.6 GB", unverified.
        note: how it differs from the other files.
    """

    name: str
    urls: Sequence[str]
    size: int | None = None
    hash: str | None = None
    about: str | None = None
    note: str = ""

    @property
    def volume(self) -> str:
        """Its size as text."""
        return f"{self.size / 1e6:,.0f} MB" if self.size else self.about or "size unknown"


def _bytes(about: str | None) -> float:
    """A rough size such as "7.6 GB" in bytes; 0 if there is none."""
    number, unit = about.split() if about else ("0", "GB")
    return float(number) * {"MB": 1e6, "GB": 1e9}[unit]


@dataclass(frozen=True)
class PublicSet:
    """A public data set.

    Attributes:
        name: its name in the course.
        title: its name as its authors give it.
        page: the address of its page.
        licence: as published; says "unverified" where no public source confirms it.
        citation: what to cite, as arXiv numbers.
        themes: the themes of the course that use it.
        layout: the module of `data_fetch.public.layouts` that reads its files, if any.
        files: its files.
        default: names of the files that `fetch` gets by default, a small part of a large set.
        notes: selection, numbers of events, pitfalls.
    """

    name: str
    title: str
    page: str
    licence: str
    citation: Sequence[str]
    themes: Sequence[str]
    layout: str
    files: Sequence[PublicFile]
    default: Sequence[str]
    notes: Sequence[str] = ()

    @property
    def volume(self) -> str:
        """Size of all files together as text: `~` if rough, `>` where not all sizes are known."""
        known = [size for file in self.files if (size := file.size or _bytes(file.about))]
        if not known:
            return "size unknown"
        rough = "~" if any(file.about and not file.size for file in self.files) else ""
        least = "> " if len(known) < len(self.files) else ""
        total = sum(known) / 1e9
        return f"{least}{rough}{total:.{1 if total < 100 else 0}f} GB"

    def choose(self, patterns: str | Iterable[str] | None = None) -> list[PublicFile]:
        """Files by name or pattern (`QG_jets_*.npz`, `*` for all); None gives the default ones.

        Raises:
            ValueError: if a pattern matches no file; the message lists the names.
        """
        wanted = self.default if patterns is None else patterns
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        for pattern in wanted:
            if not any(fnmatchcase(file.name, pattern) for file in self.files):
                raise ValueError(
                    f"{self.name} has no file {pattern!r}; choose from: {_listed(self.files)}"
                )
        return [f for f in self.files if any(fnmatchcase(f.name, pattern) for pattern in wanted)]


@functools.cache
def public_sets() -> dict[str, PublicSet]:
    """All public data sets, by name."""
    with REGISTRY.open("rb") as file:
        table = tomllib.load(file)
    return {
        name: PublicSet(name, **{**entry, "files": [PublicFile(**f) for f in entry["files"]]})
        for name, entry in table.items()
    }


def dataset(name: str) -> PublicSet:
    """One public data set.

    Raises:
        ValueError: if no data set has this name.
    """
    if name not in public_sets():
        raise ValueError(
            f"unknown public data set {name!r}; choose one of: {', '.join(public_sets())}"
        )
    return public_sets()[name]


def place(name: str) -> Path:
    """The folder of a public data set: $HEPML_DATA/public/<name>."""
    return local_files.data_folder() / "public" / name


def fetch(
    name: str,
    files: str | Iterable[str] | None = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> list[Path]:
    """Paths of the files of a public data set; missing files are downloaded.

    An archive is unpacked beside itself, and its content is listed instead. After that the archive
    may be deleted. Every file is compared with its published size and hash. Where no hash was
    published, the SHA-256 recorded at the first download is used. An incomplete file never has its
    final name.

    Args:
        name: a data set of the registry, see `hepml data list`.
        files: names or patterns, `*` for all; default: `PublicSet.default`.
        folder: where to keep them; default: `place(name)`.
        progress: whether to show a progress bar for each file.

    Raises:
        ValueError: for an unknown name, or a file that is not the published one.
        ConnectionError: if no mirror delivered a file; fetch again to continue where it stopped.
        PermissionError, OSError: if the folder cannot be written or its disk is full.
    """
    chosen = dataset(name).choose(files)
    folder = place(name) if folder is None else Path(folder).expanduser()
    for file in chosen:
        if not _is_unpacked(folder / file.name):
            _fetch(file, folder / file.name, progress)
    return _readable(folder / file.name for file in chosen)


def is_here(path: Path) -> bool:
    """Whether a published file, or the folder that it unpacks to, is on this machine."""
    return path.is_file() or _is_unpacked(path)


def _is_archive(path: Path) -> bool:
    return path.name.endswith(archives.SUFFIXES)


def _is_unpacked(path: Path) -> bool:
    return _is_archive(path) and archives.folder_of(path).is_dir()


def _readable(paths: Iterable[Path]) -> list[Path]:
    """The files themselves; for an archive the files in it, which is unpacked if needed."""
    found = []
    for path in paths:
        found += archives.contents(archives.unpack(path)) if _is_archive(path) else [path]
    return found


def _fetch(file: PublicFile, target: Path, progress: bool) -> None:
    if not target.is_file():
        from data_fetch.transfer.download import (  # the network is imported only here
            Wanted,
            download,
        )

        expected = file.hash or hashes.recorded(target)
        download(Wanted(target, file.urls, file.size, expected), progress)
    else:
        _verify(file, target)


def _verify(file: PublicFile, target: Path) -> None:
    """Compare a file on disk with its known size and hash; record its hash if none is known."""
    remedy = f"move {target} away and fetch it again"
    if file.size not in (None, target.stat().st_size):
        raise ValueError(
            f"{target} is not the published file: it has {target.stat().st_size:,} bytes and "
            f"should have {file.size:,}; {remedy}"
        )
    expected = file.hash or hashes.recorded(target)
    try:
        hashes.require(target, expected)
    except hashes.WrongHash as problem:
        whose = "that was published" if file.hash else "that was downloaded at first"
        raise ValueError(f"{target} is not the file {whose}: {problem}; {remedy}") from problem
    if expected is None:
        try:
            hashes.record(target, target)
        except OSError:  # a shared folder that only its owner may write
            print(f"{target.name}: unverified, its hash is not known", file=sys.stderr)


def _listed(some: Sequence[PublicFile]) -> str:
    names = [file.name for file in some]
    return ", ".join(names) if len(names) < 8 else f"{', '.join(names[:6])}, … {names[-1]}"
