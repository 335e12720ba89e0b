"""The notebooks: their files, names and reading order."""

import re
from dataclasses import dataclass
from pathlib import Path

_kinds = ("", "tutorials", "explorations")  # in the order in which a theme is taught


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
    """Return the checkout: the nearest folder with ``notebooks/``, from `start` (or here) upward.

    If there is none, the folder around the package is used.

    Raises:
        FileNotFoundError: if that folder has no notebooks either: the package was installed
            without its checkout.
    """
    here = (start or Path.cwd()).resolve()
    beside_package = Path(__file__).resolve().parents[2]
    for folder in (here, *here.parents, beside_package):
        if (folder / "notebooks" / "source").is_dir():
            return folder
    raise FileNotFoundError(
        f"no folder notebooks/source in {here} or above: clone the repository and run hepml in it."
    )


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


def find_notebook(wanted: str, base: Path) -> Path:
    """Return the path of the notebook called `wanted`: itself a path, or a name as in `find_entry`.

    Raises:
        FileNotFoundError: if it was not built yet.
    """
    if wanted.endswith(".ipynb") and Path(wanted).is_file():
        return Path(wanted).resolve()
    notebook = find_entry(wanted, base).notebook
    if not notebook.is_file():
        raise FileNotFoundError(f"{notebook} is not there yet; run: hepml course build")
    return notebook


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
