"""The notebooks: where they are, their names and their reading order."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

_kinds = ("", "tutorials", "explorations")  # in the order in which a theme is taught
_package = Path(__file__).resolve().parents[1]

first_notebook = "00_start_here.ipynb"
copy_mark = ".hepml_course"  # the file by which a folder that `hepml notebooks` wrote is known
in_wheel = _package / "course_files"  # pyproject.toml puts notebooks and pictures there


@dataclass(frozen=True, order=True)
class Entry:
    """One notebook: where its source is and where the built notebook goes.

    Entries sort in reading order: by number, then tutorial before exploration, then by name.
    """

    number: int
    kind: int
    name: str  # "tutorials/02_tagging"
    source: Path  # notebooks/source/tutorials/02_tagging.py
    notebook: Path  # notebooks/tutorials/02_tagging.ipynb


def root(start: Path | None = None) -> Path:
    """Return the folder that holds ``notebooks/source``.

    It is the nearest checkout, from `start` (or here) upward. If there is none, it is the checkout
    around the package, or the folder of the wheel that holds the course.

    Raises:
        FileNotFoundError: if the package was installed without the notebooks.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, _package.parent, in_wheel):
        if (folder / "notebooks" / "source").is_dir():
            return folder
    raise FileNotFoundError(
        f"no folder notebooks/source in {here} or above, and the package has no notebooks: "
        "install it again, or clone the repository and run hepml in it."
    )


def checkout() -> Path:
    """Return the checkout, for commands that write into it.

    Raises:
        FileNotFoundError: if there is only the wheel, or no course at all.
    """
    base = root()
    if base == in_wheel:
        raise FileNotFoundError(
            f"no folder notebooks/source in {Path.cwd()} or above: this command changes the "
            "course; clone the repository and run hepml in it."
        )
    return base


def copied_course() -> Path | None:
    """Return the folder that ``hepml notebooks`` wrote: the nearest one, from here upward."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / copy_mark).is_file():
            return folder
    return None


def folder_to_open() -> tuple[Path, str]:
    """Return the folder that JupyterLab opens, and the first notebook's path in it.

    Raises:
        FileNotFoundError: if there is neither a copy nor a checkout from here upward, and the
            package lies in no checkout.
    """
    copy = copied_course()
    if copy is not None:
        return copy, first_notebook
    base = root()
    if base == in_wheel:
        raise FileNotFoundError(
            f"there are no notebooks in {Path.cwd()} or above: "
            "copy them with `hepml notebooks DIR`, then run hepml in that folder."
        )
    return base, f"notebooks/{first_notebook}"


def output_folder() -> Path:
    """Return the default folder of results: ``output`` in the course that is open, else here."""
    try:
        folder, _ = folder_to_open()
    except FileNotFoundError:
        folder = Path.cwd()
    return folder / "output"


def entries(base: Path) -> list[Entry]:
    """Return every source under ``notebooks/source``, in reading order.

    Raises:
        ValueError: for a file whose name does not begin with two digits.
    """
    sources = base / "notebooks" / "source"
    return sorted(_entry(base, path) for path in sources.rglob("*.py"))


def _entry(base: Path, source: Path) -> Entry:
    name = source.relative_to(base / "notebooks" / "source").with_suffix("").as_posix()
    number = re.match(r"\d\d(?=_)", source.stem)
    if not number:
        raise ValueError(f"{source}: name it 0N_theme.py; the number gives its place in the order.")
    folder = name.rpartition("/")[0]
    kind = _kinds.index(folder) if folder in _kinds else len(_kinds)
    notebook = base / "notebooks" / f"{name}.ipynb"
    return Entry(int(number[0]), kind, name, source, notebook)


def find_notebook(wanted: str) -> Path:
    """Return the path of the notebook called `wanted`: itself a path, or a name as in `find_entry`.

    A path needs no course around it. A name means the student's copy, if the command runs in one.

    Raises:
        FileNotFoundError: if there is no such file, or the notebook was not built yet.
        ValueError: if no notebook or more than one has this name.
    """
    path = Path(wanted).expanduser()
    if path.suffix == ".ipynb":
        if path.is_file():
            return path.resolve()
        if path.is_absolute():
            raise FileNotFoundError(f"there is no file {path}.")
    base = root()
    entry = find_entry(wanted, base)
    copy = copied_course()
    if copy is not None and (copy / f"{entry.name}.ipynb").is_file():
        return copy / f"{entry.name}.ipynb"
    if not entry.notebook.is_file():
        raise FileNotFoundError(f"{entry.notebook} is not there yet; run: hepml course build")
    return entry.notebook


def course_name(notebook: Path) -> str:
    """Return "tutorials/02_tagging" for a notebook of the course, the file's name for another."""
    folders = [copied_course()]
    with contextlib.suppress(FileNotFoundError):
        folders.append(root() / "notebooks")
    for folder in folders:
        if folder is not None and notebook.is_relative_to(folder):
            return notebook.relative_to(folder).with_suffix("").as_posix()
    return notebook.stem


def find_entry(wanted: str, base: Path) -> Entry:
    """Return the notebook with this name, with or without its folder, number or ending.

    Raises:
        ValueError: if no notebook or more than one has this name; the message lists the names.
    """
    every = entries(base)
    exact = [entry for entry in every if entry.name == wanted.removesuffix(".ipynb")]
    found = exact or [entry for entry in every if wanted in _short_names(entry)]
    if len(found) == 1:
        return found[0]
    problem = "more than one notebook is called" if found else "there is no notebook"
    names = ", ".join(entry.name for entry in found or every) or "none yet"
    raise ValueError(f"{problem} {wanted!r}; choose from: {names}.")


def _short_names(entry: Entry) -> set[str]:
    stem = entry.source.stem
    return {stem, f"{stem}.ipynb", stem[3:]}
