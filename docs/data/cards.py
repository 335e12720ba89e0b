"""Write the page and the figure of every bundled sample, and the list of them."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from data_fetch.samples import Sample, bundled
from hepml_lite import plotting
from hepml_lite.containers.rows import Rows

FOLDER = Path(__file__).parent


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
    head = ["| sample | what it is | rows | container | file |", "|---|---|---|---|---|"]
    rows = [
        f"| [`{name}`]({name}.md) | {sample.card['title']} | {len(sample)} | "
        f"`{sample.card['container']}` | {sample.path.stat().st_size / 1e6:.1f} MB |"
        for name, sample in bundled().items()
    ]
    before, rest = (FOLDER / "README.md").read_text().split("<!-- samples:begin -->")
    after = rest.split("<!-- samples:end -->")[1]
    table = "\n".join([*head, *rows])
    return f"{before}<!-- samples:begin -->\n{table}\n<!-- samples:end -->{after}"


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
