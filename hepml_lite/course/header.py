"""Text that the builder writes: time, memory and navigation of a notebook, and their table."""

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from hepml_lite.course.paths import Entry
from hepml_lite.course.reading_time import spell_reading, student_minutes
from hepml_lite.course.source import Source

begin = "<!-- notebooks:begin -->"
end = "<!-- notebooks:end -->"
Cost = Mapping[str, float]  # {"seconds": 63, "megabytes": 510, "cores": 2}

_profiles = (
    "`PROFILE` below sets the sizes: `smoke` for a first look (seconds), `lesson` for the class "
    "(the default), `paper` for a GPU and a large sample."
)
_shut_down = (
    "An open notebook keeps its memory: *Kernel → Shut Down Kernel* before you open the next one."
)
_github = "https://github.com/"
GLOSSARY = Path("docs/glossary.md")
_colab = """\
# Google Colab: fetch the course and install what it needs. Anywhere else this cell does nothing.
import sys

if "google.colab" in sys.modules:
    REPOSITORY = "{repository}"
    assert REPOSITORY, "Write the address of your copy of the course between the quotation marks."
    !test -d /content/hepml_lite || git clone --quiet --depth 1 $REPOSITORY /content/hepml_lite
    !python /content/hepml_lite/course.py colab
    sys.path.insert(0, "/content/hepml_lite")"""


def read_budget(base: Path) -> dict[str, dict[str, Cost]]:
    """Return the measured costs {notebook: {profile: cost}}; empty if nothing was measured."""
    path = base / "notebooks" / "budget.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def read_repository(base: Path) -> str:
    """Return the public address of the course; empty if it has none.

    The address is in pyproject.toml: ``[project.urls]``, ``Repository = "https://github.com/…"``.
    """
    path = base / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    address = project.get("project", {}).get("urls", {}).get("Repository", "")
    return address.rstrip("/").removesuffix(".git")


def header(
    entry: Entry,
    order: Sequence[Entry],
    titles: Mapping[str, str],
    cost: Cost | None,
    source: Source,
    repository: str = "",
) -> NotebookNode:
    """Return the Markdown cell below the title: time to run, time to read, navigation."""
    base = _base(entry)
    navigation = _navigation(entry, order, titles)
    if (base / GLOSSARY).is_file():
        glossary = Path(os.path.relpath(base / GLOSSARY, entry.notebook.parent)).as_posix()
        navigation += f" · [glossary]({glossary}): every word in a sentence"
    times = f"*{spell_cost(cost)} {spell_reading(source)}*"
    lines = [f"{times} {_profiles} {_shut_down}", navigation]
    if repository.startswith(_github):  # Colab opens notebooks from GitHub
        lines.insert(0, _badge(entry, repository))
    return new_markdown_cell("\n\n".join(lines), metadata={"tags": ["generated"]})


def _base(entry: Entry) -> Path:
    """The folder of the checkout."""
    return entry.notebook.parents[entry.name.count("/") + 1]


def _badge(entry: Entry, repository: str) -> str:
    picture = (
        _base(entry) / "docs" / "images" / "open_in_colab.svg"
    )  # ours: a page asks no other server
    path = Path(os.path.relpath(picture, entry.notebook.parent)).as_posix()
    place = f"{repository.removeprefix(_github)}/blob/main/notebooks/{entry.name}.ipynb"
    return f"[![Open in Colab]({path})](https://colab.research.google.com/github/{place})"


def colab_cell(repository: str) -> NotebookNode:
    """Return the code cell below the header; it installs the course on Google Colab."""
    return new_code_cell(_colab.format(repository=repository), metadata={"tags": ["colab"]})


def spell_cost(cost: Cost | None) -> str:
    """Return the time of a run and its memory in words."""
    if cost is None:
        return "Time to run and memory: not measured yet."
    memory = f"{cost['megabytes']:.0f} MB of memory"
    cores = f"{cost['cores']} core{'s' if cost['cores'] > 1 else ''}"
    return f"About {_duration(cost['seconds'])} to run, with {memory} (measured on {cores})."


def _duration(seconds: float) -> str:
    """Round as people say it: 40 s, 3 min."""
    return f"{max(round(seconds, -1), 10):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _navigation(entry: Entry, order: Sequence[Entry], titles: Mapping[str, str]) -> str:
    place = order.index(entry)
    parts = []
    if place > 0:
        parts.append(_link(entry, order[place - 1], "← {}", titles))
    if place > 0:  # the first notebook is the contents
        parts.append(_link(entry, order[0], "contents", titles))
    if place + 1 < len(order):
        parts.append(_link(entry, order[place + 1], "{} →", titles))
    return " · ".join(parts) or "The only notebook so far."


def _link(here: Entry, there: Entry, words: str, titles: Mapping[str, str]) -> str:
    path = Path(os.path.relpath(there.notebook, here.notebook.parent)).as_posix()
    return f"[{words.format(titles[there.name])}]({path})"


def readme_with_table(
    readme: str, order: Sequence[Entry], sources: Mapping[str, Source], budget: Mapping
) -> str:
    """Return the README with the table of notebooks between its markers; unchanged without them."""
    if begin not in readme or end not in readme:
        return readme
    before, _, rest = readme.partition(begin)
    after = rest.partition(end)[2]
    rows = [_row(entry, sources[entry.name], budget.get(entry.name, {})) for entry in order]
    names = "| notebook | after it you can | to run | to read and solve | memory |"
    head = [names, "|---|---|---|---|---|"]
    return "\n".join([f"{before}{begin}", *head, *rows, f"{end}{after}"])


def _row(entry: Entry, source: Source, costs: Mapping[str, Cost]) -> str:
    cost = costs.get("lesson")
    run, memory = "–", "–"
    if cost:
        run, memory = _duration(cost["seconds"]), f"{cost['megabytes']:.0f} MB"
    objective = source.objective.replace("|", "\\|")
    link = f"[{source.title}](notebooks/{entry.name}.ipynb)"
    return f"| {link} | {objective} | {run} | {student_minutes(source)} min | {memory} |"
