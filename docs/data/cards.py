"""Write the page and the figure of every bundled sample, and the list of them.

`python benchmarks/loading.py --write` measures the times to load that the list shows.
"""

import csv
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from data_fetch.samples import Sample, bundled
from hepml_lite import plotting
from hepml_lite.containers.rows import Rows

FOLDER = Path(__file__).parent
LIMIT_TOTAL = 90  # MB
LIMIT_FILE = 15  # MB


def page(sample: Sample) -> str:
    """The data card as Markdown, with the figure above it."""
    card = sample.card
    rows = [
        f"- **{key.replace('_', ' ')}**: {value if isinstance(value, str) else json.dumps(value)}"
        for key, value in card.items()
        if key not in ("name", "title")
    ]
    picture = f"![{drawing(sample).__doc__.splitlines()[0]}]({sample.name}.png)"
    call = f'```python\nfrom data_fetch import load\n\nrows = load("{sample.name}")\n```'
    return "\n".join([f"# {card['title']}", "", picture, "", call, "", *rows, ""])


def index() -> str:
    """The list of all samples, filled with a row for each bundled one."""
    head = [
        "| sample | what it is | rows | container | MB | MB per 10 000 rows | CPU ms to load |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [index_row(name, sample) for name, sample in bundled().items()]
    before, rest = (FOLDER / "README.md").read_text().split("<!-- samples:begin -->")
    after = rest.split("<!-- samples:end -->")[1]
    table = "\n".join([*head, *rows, "", total()])
    return f"{before}<!-- samples:begin -->\n{table}\n<!-- samples:end -->{after}"


def index_row(name: str, sample: Sample) -> str:
    """The row of one sample."""
    size = sample.path.stat().st_size / 1e6
    cells = [
        f"[`{name}`]({name}.md)",
        sample.card["title"],
        f"{len(sample)}",
        f"`{sample.card['container']}`",
        f"{size:.1f}",
        f"{size / len(sample) * 1e4:.2f}",
        load_times().get(name, "not measured"),
    ]
    return f"| {' | '.join(cells)} |"


def load_times() -> dict[str, str]:
    """Measured CPU times [ms] to load each sample, by its name."""
    with (FOLDER / "load_times.csv").open() as file:
        return {row["sample"]: row["ms"] for row in csv.DictReader(file)}


def total() -> str:
    """The size of all files together, beside the limits."""
    size = sum(sample.path.stat().st_size for sample in bundled().values()) / 1e6
    return (
        f"All files together: {size:.1f} MB, of at most {LIMIT_TOTAL}; none may exceed "
        f"{LIMIT_FILE} MB. Times are CPU times, the median of three fresh processes on a shared "
        "server core."
    )


def drawing(sample: Sample) -> Callable[[Rows], Figure]:
    """What draws a sample: its own module in `figures`, or that of its container."""
    own = FOLDER / "figures" / f"{sample.name}.py"
    path = own if own.is_file() else own.with_name(f"{sample.card['container'].lower()}.py")
    spec = importlib.util.spec_from_file_location(f"figures_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.draw


def main() -> None:
    """Write all pages and figures, and the list of them, beside this script."""
    plotting.use_style()
    (FOLDER / "README.md").write_text(index())
    for name, sample in bundled().items():
        (FOLDER / f"{name}.md").write_text(page(sample))
        figure = drawing(sample)(sample.rows())
        figure.savefig(FOLDER / f"{name}.png", dpi=60, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
