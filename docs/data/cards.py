"""Write the page and the figure of every bundled sample from its data card and its jets."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from data_fetch.samples import Sample, bundled
from hepml_lite import plotting

FOLDER = Path(__file__).parent
OBSERVABLES = ("pt", "eta", "mass", "n_constituents")
LABELS = ("jet $p_T$ [GeV]", "jet $\\eta$", "jet mass [GeV]", "number of constituents")


def page(sample: Sample) -> str:
    """The data card as Markdown, with the figure above it."""
    card = sample.card
    rows = [
        f"- **{key.replace('_', ' ')}**: {value if isinstance(value, str) else json.dumps(value)}"
        for key, value in card.items()
        if key not in ("name", "title")
    ]
    picture = f"![Momentum, direction, mass and multiplicity of the jets]({sample.name}.png)"
    call = f'```python\nfrom data_fetch import load\n\njets = load("{sample.name}")\n```'
    return "\n".join([f"# {card['title']}", "", picture, "", call, "", *rows, ""])


def bin_edges(values: np.ndarray) -> np.ndarray:
    """About forty bins over all but the last 0.5 %; counts get bins of equally many integers."""
    low, high = np.quantile(values, [0.0005, 0.995])
    if np.issubdtype(values.dtype, np.integer):
        step = max(1, round((high - low) / 40))
        return np.arange(low - 0.5, high + step, step)
    return np.linspace(low, high, 41)


def draw(sample: Sample) -> None:
    """Histograms of what a selection or a detector would distort first."""
    jets = sample.jets()
    fig, axes = plt.subplots(2, 2, figsize=(12, 8))
    for ax, observable, label in zip(axes.flat, OBSERVABLES, LABELS, strict=True):
        values = getattr(jets, observable)
        by_class = {name: values[jets.label == k] for k, name in enumerate(jets.names)}
        plotting.histogram(ax, by_class, bins=bin_edges(values), xlabel=label)
        ax.legend()
    fig.savefig(FOLDER / f"{sample.name}.png", dpi=60, pil_kwargs={"optimize": True})


def main() -> None:
    """Write all pages and figures beside this script."""
    plotting.use_style()
    for name, sample in bundled().items():
        (FOLDER / f"{name}.md").write_text(page(sample))
        draw(sample)


if __name__ == "__main__":
    main()
