"""Write the page and the figure of every bundled sample from its data card and its rows."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from data_fetch.samples import Sample, bundled
from hepml_lite import plotting
from hepml_lite.rows import Rows

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


def drawing(sample: Sample) -> Callable[[Rows], Figure]:
    """What draws a sample: its own module in `figures`, or that of its container."""
    own = FOLDER / "figures" / f"{sample.name}.py"
    path = own if own.is_file() else own.with_name(f"{sample.card['container'].lower()}.py")
    spec = importlib.util.spec_from_file_location(f"figures_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.draw


def main() -> None:
    """Write all pages and figures beside this script."""
    plotting.use_style()
    for name, sample in bundled().items():
        (FOLDER / f"{name}.md").write_text(page(sample))
        figure = drawing(sample)(sample.rows())
        figure.savefig(FOLDER / f"{name}.png", dpi=60, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
