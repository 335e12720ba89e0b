"""All stored generators of showers, ranked by one metric: the order depends on which one."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hepml_lite.generation.results import read_results
from widgets.shared.style import table

PARTS = {"layers and moments": "profiles", "voxels": "voxels"}
JUDGE = "judge's AUC"
MOST_NAMED = 3  # generators that share the first place
SMALLEST_SPREAD = 0.005
TRUTH = "real"  # cascades against cascades: no generator, so it is not ranked
NAMES = {
    "gaussian": "Gaussian",
    "resampler": "resampler",
    "parametrised": "parametrised shower",
    "flow_matching": "flow matching",
    "one_step": "distilled step",
    "flow": "normalising flow",
    "vae": "VAE",
    "diffusion": "diffusion",
    "vector_quantised": "VQ-VAE",
    "gan": "GAN",
    "two_steps": "flow matching in two steps",
    "three_steps": "flow matching in three steps",
}


class Metric(NamedTuple):
    """A column of the table.

    Attributes:
        number: its name in the file.
        badness: of a value; the lowest comes first.
        meaning: for the reader.
    """

    number: str
    badness: Callable[[float], float]
    meaning: str


METRICS: Mapping[str, Metric] = {
    JUDGE: Metric("auc", lambda x: abs(x - 0.5), "the strongest classifier; 1/2 is perfect"),
    "coverage": Metric("coverage", lambda x: -x, "share of true showers with a generated one near"),
    "precision": Metric("precision", lambda x: -x, "share of generated showers near true ones"),
    "density": Metric("density", lambda x: abs(x - 1), "generated showers near true ones; 1"),
    "copies": Metric("copies", abs, "share of showers that are training showers; 0"),
    "closer": Metric("closer", lambda x: abs(x - 0.5), "nearer to training than to test; 1/2"),
}


class Row(NamedTuple):
    """A generator in the table.

    Attributes:
        method: as in the file.
        means: over the trainings, by metric.
        spreads: over the trainings, by metric; NaN of one training.
        trainings: how many.
    """

    method: str
    means: dict[str, float]
    spreads: dict[str, float]
    trainings: int


@lru_cache(maxsize=len(PARTS))  # read once, not at each move of a control
def generators(part: str) -> tuple[Row, ...]:
    """All generators of a part, in the order of the file, without the fresh cascades."""
    results = read_results()
    rows = []
    for method in results.methods(PARTS[part]):
        found = results.chosen(PARTS[part], method)
        means, spreads = {}, {}
        for name, (number, *_) in METRICS.items():
            values = [one.numbers[number] for one in found]
            means[name] = float(np.mean(values))
            spreads[name] = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
        rows.append(Row(method, means, spreads, len(found)))
    return tuple(row for row in rows if row.method != TRUTH)


def ranked(part: str, metric: str) -> list[Row]:
    """Generators of a part, the best by this metric first."""
    badness = METRICS[metric].badness
    return sorted(generators(part), key=lambda row: badness(row.means[metric]))


def leaders(rows: list[Row], metric: str) -> list[Row]:
    """The first row, and those that two spreads of the trainings do not tell from it."""

    def is_near(row: Row) -> bool:
        spread = np.nanmax([row.spreads[metric], rows[0].spreads[metric], SMALLEST_SPREAD])
        badness = METRICS[metric].badness
        return badness(row.means[metric]) - badness(rows[0].means[metric]) <= 2 * spread

    return [row for row in rows if is_near(row)]


def line(part: str, metric: str) -> str:
    """Which generators are first by this metric, and what else is known of them."""
    rows = ranked(part, metric)
    first = leaders(rows, metric)
    if len(first) > MOST_NAMED:
        return f"<b>By {metric}, {len(first)} of {len(rows)} generators cannot be told apart.</b> "
    text = f"<b>First by {metric}: {_listed([NAMES[row.method] for row in first])}.</b> "
    if len(first) > 1:
        text += "They cannot be told apart. "
    copies = [NAMES[row.method] for row in first if row.means["copies"] > 0.5]
    if copies:
        return text + f"But the showers of the {copies[0]} are copies: this metric rewards memory. "
    if metric == JUDGE:
        return text
    order = [row.method for row in ranked(part, JUDGE)]
    place = order.index(first[0].method) + 1
    return text + f"For the strongest judge, the first one is number {place} of {len(order)}. "


def _listed(names: list[str]) -> str:
    """Names in words."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def shown(part: str, metric: str) -> str:
    """The table, the chosen column in bold."""
    header = ["generator", *METRICS, "trainings"]
    rows = []
    for row in ranked(part, metric):
        cells = [_number(row, name, name == metric) for name in METRICS]
        rows.append((NAMES[row.method], *cells, str(row.trainings)))
    meaning = f"<i>{metric}: {METRICS[metric].meaning}.</i>"
    return (
        f"{line(part, metric)}{meaning}{table(header, rows, 'generators')}"
        "The resampler draws from the training showers. ± is the spread of the trainings."
    )


def _number(row: Row, name: str, is_chosen: bool) -> str:
    """Mean ± spread over the trainings."""
    text = f"{row.means[name]:.2f}"
    if row.spreads[name] >= 0.005:
        text += f" ± {row.spreads[name]:.2f}"
    return f"<b>{text}</b>" if is_chosen else text
