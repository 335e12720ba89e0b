"""The seven themes of the course, and the map of their notebooks."""

from dataclasses import dataclass
from pathlib import Path

from IPython.display import Markdown


@dataclass(frozen=True)
class Theme:
    """A theme; its notebooks, dashboard, checks and tests have the same name."""

    number: int
    name: str
    question: str


THEMES = (
    Theme(1, "representations", "What is a jet to a computer: numbers, a picture, a set, a tree?"),
    Theme(2, "tagging", "Which network finds tops best, and what does each know of physics?"),
    Theme(3, "generation", "Can a network make events, and what are generated events worth?"),
    Theme(4, "unfolding", "What did the particles do before the detector blurred them?"),
    Theme(5, "anomaly_detection", "How do you find what nobody told you to look for?"),
    Theme(6, "inference", "How do you measure without a likelihood that can be written down?"),
    Theme(7, "trigger", "What can a network decide 40 million times a second?"),
)


def course_map(notebooks: Path = Path()) -> Markdown:
    """The themes with links to those of their notebooks that are in the folder `notebooks`."""
    rows = ["| theme | question | tutorial | exploration |", "|---|---|---|---|"]
    for theme in THEMES:
        links = [_link(notebooks, kind, theme) for kind in ("tutorials", "explorations")]
        title = theme.name.replace("_", " ")
        rows.append(f"| **{theme.number} {title}** | {theme.question} | {' | '.join(links)} |")
    return Markdown("\n".join(rows))


def _link(notebooks: Path, kind: str, theme: Theme) -> str:
    path = f"{kind}/{theme.number:02d}_{theme.name}.ipynb"
    return f"[open]({path})" if (notebooks / path).is_file() else "in preparation"
