"""Mass sculpting: how far a cut on a score bends the mass distribution of the background."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import (
    checked_edges,
    checked_labels,
    checked_not_negative,
    checked_numbers,
    checked_scores,
    weights_or_ones,
)
from hepml_lite.statistics.intervals import (
    Interval,
    efficiency_interval,
    weighted_efficiency_interval,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.thresholds import threshold_at


class Sculpting(NamedTuple):
    """How far a cut bends the mass distribution of the background.

    Attributes:
        jsd: Jensen-Shannon divergence in bits, 0 (same shape) to 1, ± its bootstrap error.
        inverse: 1/JSD, larger is better; its upper end is inf if the error reaches zero.
        floor: mean JSD of random cuts that pass as many jets: no sculpting at all looks like this.
        background_efficiency: share of background jets that passes.
    """

    jsd: Interval
    inverse: Interval
    floor: float
    background_efficiency: Interval


def mass_sculpting(
    labels: ArrayLike,
    scores: ArrayLike,
    masses: ArrayLike,
    signal_efficiency: float = 0.5,
    edges: ArrayLike | None = None,
    against: str = "failing",
    n_bootstrap: int = 200,
    rng: Seed = 0,
    weights: ArrayLike | None = None,
) -> Sculpting:
    """Jensen-Shannon divergence between background masses that pass and that fail a cut on score.

    With normalised histograms P and Q and M = (P + Q)/2 it is the mean of KL(P|M) and KL(Q|M),
    logarithms to base 2. Two samples of one distribution have a divergence above zero, `floor`:
    a decorrelation below it cannot be seen with so few jets. Published 1/JSD depend on the bins.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,) larger is more signal-like.
        masses: (N,) [GeV].
        signal_efficiency: share of the signal that passes the cut.
        edges: bins of mass; default: 20 bins, equally filled by the background.
        against: "failing" background jets, or "all" of them, before the cut.
        n_bootstrap: resamples, and random cuts.
        rng: generator or seed of both.
        weights: (N,) >= 0 of the jets, which are those of the histograms and efficiencies.

    Raises:
        ValueError: shapes, labels, a working point outside (0, 1], edges that do not rise, fewer
            than two resamples, weights that are negative or all zero, or no background on one
            side.
    """
    label, score = checked_scores(labels, scores)
    mass = checked_numbers("masses", masses, label, "masses are in GeV")
    weight = weights_or_ones(weights, score)
    label, score, mass, weight = (values[weight > 0] for values in (label, score, mass, weight))
    label = checked_labels(label)
    if against not in ("failing", "all"):
        raise ValueError(f"against={against!r}: choose 'failing' or 'all' background jets")
    n_bootstrap = checked_count("n_bootstrap", n_bootstrap, 2, "an error needs resamples")
    threshold = threshold_at(score[label == 1], signal_efficiency, weight[label == 1])
    passed = score[label == 0] >= threshold
    mass = mass[label == 0]
    weight = weight[label == 0]
    if passed.all() or not passed.any():
        raise ValueError(
            f"{passed.sum()} of {len(passed)} background jets pass at signal_efficiency="
            f"{signal_efficiency:g}: some must pass and some fail; move the cut or use more jets"
        )
    shares = np.linspace(0, 1, 21)
    if edges is not None:
        edge = checked_edges("edges", edges)
    elif weights is None:
        edge = np.quantile(mass, shares)
    else:
        edge = np.quantile(mass, shares, method="inverted_cdf", weights=weight)
    mass_bin = _bins(mass, edge)
    generator = checked_rng(rng)
    n_bins = len(edge) - 1

    def divergence(rows: np.ndarray | slice, chosen: np.ndarray) -> float:
        bins, w = mass_bin[rows], weight[rows]
        after = np.bincount(bins[chosen], weights=w[chosen], minlength=n_bins)
        rest = slice(None) if against == "all" else ~chosen
        return jensen_shannon(after, np.bincount(bins[rest], weights=w[rest], minlength=n_bins))

    value = divergence(slice(None), passed)
    sides = [np.flatnonzero(passed == side) for side in (True, False)]
    draws = (
        np.concatenate([generator.choice(s, len(s)) for s in sides]) for _ in range(n_bootstrap)
    )
    # resampling shifts a divergence upwards by about the floor, but its spread is right
    error = float(np.std([divergence(rows, passed[rows]) for rows in draws]))
    floor = np.mean(
        [divergence(slice(None), generator.permutation(passed)) for _ in range(n_bootstrap)]
    )
    jsd = Interval(value, max(value - error, 0.0), value + error)
    if weights is None:
        efficiency = efficiency_interval(int(passed.sum()), len(passed))
    else:
        efficiency = weighted_efficiency_interval(passed, weight)
    return Sculpting(jsd, jsd.inverse(), float(floor), efficiency)


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """Jensen-Shannon divergence in bits of two histograms (H,), normalised here: 0 to 1.

    Raises:
        ValueError: contents that are negative or not finite, other shapes, an empty histogram.
    """
    histograms = [checked_not_negative("contents", h) for h in (p, q)]
    shapes = [h.shape for h in histograms]
    totals = [h.sum() for h in histograms]
    if shapes[0] != shapes[1] or len(shapes[0]) != 1 or not min(totals) > 0:
        raise ValueError(
            f"histograms of shapes {shapes} and sums {totals}: give two of the same bins, (H,), "
            "each with some content"
        )
    shares = [h / total for h, total in zip(histograms, totals, strict=True)]
    middle = (shares[0] + shares[1]) / 2
    filled = [h[h > 0] * np.log2(h[h > 0] / middle[h > 0]) for h in shares]
    return float(max(sum(part.sum() for part in filled) / 2, 0.0))


def _bins(mass: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin of each mass (N,); what lies outside goes to the first and last bin."""
    return np.clip(np.searchsorted(edges, mass, side="right") - 1, 0, len(edges) - 2)
