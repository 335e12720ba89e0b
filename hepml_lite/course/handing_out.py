"""``hepml notebooks DIR``: a student's copy of the notebooks, out of the wheel or the checkout."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import nbformat

from hepml_lite.course.findings import Finding
from hepml_lite.course.paths import (
    Entry,
    copied_course,
    copy_mark,
    entries,
    find_entry,
    in_wheel,
    root,
)
from hepml_lite.course.pictures import embed_pictures
from hepml_lite.files import write_text


@dataclass(frozen=True)
class Copied:
    """What was done with one notebook."""

    target: Path
    written: bool  # False if a file was there, which is left as it is
    older: Path | None = None  # where the student's version is now, after a reset


def add_notebooks(subparsers: argparse._SubParsersAction) -> None:
    """Add ``hepml notebooks DIR [--reset NAME]``."""
    parser = subparsers.add_parser(
        "notebooks",
        help="copy the course's notebooks into a folder of your own",
        description="Copy the course's notebooks into a folder. A notebook that is already there "
        "is never overwritten.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="made if it is not there")
    parser.add_argument(
        "--reset",
        action="append",
        default=[],
        metavar="NAME",
        help="copy this notebook again; yours is kept beside it under another name",
    )
    parser.set_defaults(run=_notebooks)


def _notebooks(options: argparse.Namespace) -> int:
    for copied in copy_course(root(), options.folder, options.reset):
        if copied.written:
            print(copied.target)
        else:
            print(f"{copied.target} is already there and is left as it is")
        if copied.older:
            print(f"  your version is now {copied.older.name}")
    print(f"Open them with: cd {options.folder} && hepml lab")
    return 0


def copy_course(base: Path, folder: Path, reset: list[str]) -> list[Copied]:
    """Copy every notebook of the course into `folder`; pictures are put inside the notebooks.

    A file that is there stays as it is. For the notebooks named in `reset` it gets another name.

    Args:
        base: a checkout, or the folder of the wheel that holds the course.
        folder: is made if it is not there.
        reset: names as in `find_entry`.

    Raises:
        ValueError: if `reset` names no notebook, or `folder` is a checkout's ``notebooks``.
        FileNotFoundError: if the notebooks were not built yet, or the package has none.
        OSError: if `folder` cannot be written.
    """
    if (folder / "source").is_dir():
        raise ValueError(f"{folder} is the folder of the authors: name a folder of your own.")
    again = [find_entry(name, base) for name in reset]
    every = entries(base)
    for entry in every:
        _require_built(entry)
    version = metadata.version("hepml_lite")
    write_text(
        folder / copy_mark, f"Notebooks of hepml_lite {version}; hepml looks for this file\n"
    )
    return [_copy(entry, folder, entry in again) for entry in every]


def _require_built(entry: Entry) -> None:
    if not entry.notebook.is_file():
        raise FileNotFoundError(f"{entry.notebook} is not there; run: {_remedy(entry)}")


def _remedy(entry: Entry) -> str:
    if entry.notebook.is_relative_to(in_wheel):
        return "pip install --force-reinstall --no-deps hepml_lite"
    return "hepml course build"


def _copy(entry: Entry, folder: Path, reset: bool) -> Copied:
    target = folder / f"{entry.name}.ipynb"
    there = target.exists()
    if there and not reset:
        return Copied(target, written=False)
    notebook = nbformat.read(entry.notebook, as_version=4)
    embed_pictures(notebook, entry.notebook.parent)
    older = None
    if there:
        older = _free_name(target)
        target.rename(older)
    write_text(target, nbformat.writes(notebook) + "\n")
    return Copied(target, written=True, older=older)


def _free_name(target: Path) -> Path:
    """Return the first name that no file has: 02_tagging_mine_1.ipynb, 02_tagging_mine_2.ipynb."""
    number = 1
    while True:
        older = target.with_name(f"{target.stem}_mine_{number}.ipynb")
        if not older.exists():
            return older
        number += 1


def findings() -> Iterator[Finding]:
    """Yield, for ``hepml doctor``, whether the notebooks are there and where a student has them."""
    try:
        base = root()
    except FileNotFoundError:
        text = "the package was installed without the course's notebooks"
        yield Finding(False, text, "clone the repository, or install the package again from it")
        return
    every = entries(base)
    missing = [entry for entry in every if not entry.notebook.is_file()]
    for entry in missing:
        yield Finding(False, f"notebook {entry.name}: {entry.notebook} is missing", _remedy(entry))
    if every and not missing:
        yield Finding(True, f"{len(every)} notebooks in {base / 'notebooks'}")
    if not every:
        yield Finding(False, f"no notebook in {base / 'notebooks'}", "install the package again")
    if base == in_wheel and copied_course() is None:
        remedy = "hepml notebooks DIR copies them into a folder of yours"
        yield Finding(False, "this folder has no copy of the notebooks", remedy, required=False)
