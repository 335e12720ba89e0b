"""The text of "From noise to showers": the live line, the table and the key of the figures."""

from typing import NamedTuple

import numpy as np

from hepml_lite.generation.evaluation.metric_table import METRICS
from widgets.generation.stored import METRIC_NAMES, N_TRAINING
from widgets.shared.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    swatch,
    table,
)

SEEN = 3.0  # spreads of the floor
HEADER = ("metric", "spreads", "what it measures")
KEY = (
    f"{swatch(GREY, '■')} truth, or real against real &ensp; {swatch(VERMILLION, '━')} showers, "
    f"{swatch(BLUE, '━')} muon pairs on the way &ensp; {swatch(SKY, '╌╌')} Euler, "
    f"{swatch(BLUE, '━')} midpoint, {swatch(GREEN, '★')} one step &ensp; "
    f"{swatch(PURPLE, '■')} metrics &ensp; {swatch(GREY, '╌╌')} resampler, "
    f"{swatch(VERMILLION, '━')} kernels, {swatch(BLUE, '┄')} two Gaussians, "
    f"{swatch(GREY, '┈┈')} true events &ensp; {swatch(ORANGE, '○')} "
    f"{swatch(VERMILLION, '○')} chosen"
)
ABOUT = (
    "Flow matching carries Gaussian noise at t = 0 to data at t = 1, all voxels or all numbers at "
    "once. Showers: electrons in lead tungstate, from the cascade of this course, which is not "
    "Geant4; 20 layers of 48 voxels. The picture shows voxels as the second step makes them, "
    "before they are scaled to the energies of the layers. Profiles: layers and moments, 300 "
    "showers. Quality: the strongest of a network and of trees, on 4000 test cascades and as many "
    "generated showers; 1/2 is perfect, the grey band is real against real. Times are CPU times "
    "on a shared core. Metrics: some 700 rows against as many, the distance from the mean of fresh "
    "real rows in their spreads; the band is ± 2. Worth: the number of true events with the same "
    f"error of 20 quantiles, of two Gaussian humps, from {N_TRAINING} training events."
)


class Facts(NamedTuple):
    """What the live line tells.

    Attributes:
        time: t, from 0 (noise) to 1 (data).
        filled: share of the voxels with energy.
        in_peak: share of the muon pairs between 86 and 96 GeV, over the true one.
        n_steps, auc, milliseconds: of the chosen sampler.
        real: area of real against real.
        distortion, strength: of the metrics.
        seen_by, not_seen_by: names of metrics above and below three spreads.
        generator, n_generated, factor, error: of the amplification.
    """

    time: float
    filled: float
    in_peak: float
    n_steps: int
    auc: float
    milliseconds: float
    real: float
    distortion: str
    strength: float
    seen_by: list[str]
    not_seen_by: list[str]
    generator: str
    n_generated: int
    factor: float
    error: float


def line(facts: Facts) -> str:
    """What the figures show, in words."""
    text = f"<b>t = {facts.time:.2f}: {100 * facts.filled:.0f} % of the voxels have energy, "
    text += f"and the peak holds {facts.in_peak:.2f} of its events.</b> "
    text += f"{facts.n_steps} step{'s' if facts.n_steps > 1 else ''}: AUC {facts.auc:.3f} "
    text += f"({facts.real:.3f} for real against real) in {facts.milliseconds:.2g} ms a shower. "
    return f"{text}{_metrics(facts)} <i>{_worth(facts)}</i>"


def _metrics(facts: Facts) -> str:
    fault = f"{facts.distortion.capitalize()} of {facts.strength:g}"
    if not facts.seen_by:
        return f"{fault}: no metric sees it."
    blind = ", ".join(facts.not_seen_by) or "none"
    return f"{fault}: seen by {', '.join(facts.seen_by)}; not by {blind}."


def _worth(facts: Facts) -> str:
    amount = f"{facts.factor:.2f} ± {facts.error:.2f} times the training events"
    start = f"{facts.n_generated} events of the {facts.generator} are worth {amount}"
    if facts.factor - 2 * facts.error > 1:
        return f"{start}: it knows something that the training events do not say."
    if facts.factor + 2 * facts.error < 1:
        return f"{start}: less than what it was trained on."
    return f"{start}."


def results(significances: np.ndarray) -> str:
    """The table of all metrics for the chosen fault."""
    rows = []
    for name, value in zip(METRIC_NAMES, significances, strict=True):
        number = f"{value:.1f}".replace("-", "−")
        shown = f"<b>{number}</b>" if abs(value) > SEEN else number
        meaning = f'<span style="white-space:normal">{METRICS[name]}</span>'  # wraps where narrow
        rows.append((name, shown, meaning))
    return table(HEADER, rows)
