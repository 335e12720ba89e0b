"""Decorrelation (DisCo): a tagger that leaves the mass of the background as it is.

G. Kasieczka, D. Shih, "Robust Jet Classifiers through Distance Correlation", Phys. Rev. Lett. 125
(2020) 122001, arXiv:2001.05310; distance correlation is that of G. J. Székely, M. L. Rizzo,
N. K. Bakirov, Ann. Statist. 35 (2007) 2769, arXiv:0803.4101.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.statistics.inputs import checked_numbers, checked_scores
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.metrics import Seed
from hepml_lite.statistics.thresholds import threshold_at

TINY = 1e-12  # relative variance of distances below which a variable is constant


def distance_correlation(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """Distance correlation dCor in [0, 1] of samples x (N,) and y (N,), a scalar with gradients.

    Zero if and only if x and y are independent, in the limit of many examples; 1 if y = a x + b.
    As in the paper this is the plain sample value (V-statistic), not the bias-corrected one: N
    independent examples give dCor^2 of order 1/N, above zero. Time and memory grow with N^2. If
    x or y is constant it is 0, with gradient 0.

    Args:
        x: (N,) floating point, e.g. scores.
        y: (N,) e.g. masses, in any unit.
        weights: (N,) >= 0; an integer weight is worth as many copies.

    Raises:
        ValueError: other shapes, fewer than 2 examples, or weights that are negative or all zero.
    """
    squared = squared_distance_correlation(x, y, weights)
    # the root has an infinite slope at zero; there the correlation is at its minimum anyway
    return torch.where(squared > 0, squared.clamp(min=TINY).sqrt(), 0 * squared)


def squared_distance_correlation(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """dCor^2, the term that the paper adds to the loss; else as `distance_correlation`."""
    weights = _checked_weights(x, y, weights)
    a, b = (_centred_distances(values, weights) for values in (x, y))  # (N, N) each
    pairs = weights[:, None] * weights  # (N, N), sum 1
    covariance, var_x, var_y = ((pairs * c).sum() for c in (a * b, a * a, b * b))
    if min(var_x, var_y) < TINY:
        return 0 * covariance
    return covariance.clamp(min=0) / (var_x * var_y).sqrt()


def disco_loss(strength: float, background: int = 0, signal: int = 1) -> Callable[..., Tensor]:
    """Cross entropy + strength * dCor^2(score, mass) over background jets, a loss for `fit`.

    The data are what the network takes, then masses [GeV] (N,), then labels (N,). The score is the
    softmax probability of `signal`. Take large batches: dCor^2 of a batch with n background jets
    has a floor of order 1/n. A large strength makes a constant score the best one: raise it slowly.

    Args:
        strength: lambda; 0 is the plain cross entropy.
        background: label of the jets that are decorrelated; in a batch with fewer than 2 none is.
        signal: column of the logits.

    Raises:
        ValueError: a negative or infinite strength.
    """
    if not 0 <= strength < math.inf:
        raise ValueError(f"strength={strength}: give lambda >= 0, as 10; 0 does not decorrelate")

    def loss(model: nn.Module, *batch: Tensor) -> Tensor:
        *inputs, mass, labels = batch
        logits = model(*inputs)  # (N, n_classes)
        entropy = nn.functional.cross_entropy(logits, labels.long())
        chosen = labels == background
        if strength == 0 or chosen.sum() < 2:
            return entropy
        score = logits[chosen].float().softmax(1)[:, signal]
        return entropy + strength * squared_distance_correlation(score, mass[chosen].float())

    return loss


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

    Raises:
        ValueError: shapes, labels, a working point outside (0, 1], or no background on one side.
    """
    label, score = checked_scores(labels, scores)
    mass = checked_numbers("masses", masses, label, "masses are in GeV")
    if against not in ("failing", "all"):
        raise ValueError(f"against={against!r}: choose 'failing' or 'all' background jets")
    passed = score[label == 0] >= threshold_at(score[label == 1], signal_efficiency)
    mass = mass[label == 0]
    if passed.all() or not passed.any():
        raise ValueError(
            f"{passed.sum()} of {len(passed)} background jets pass at signal_efficiency="
            f"{signal_efficiency:g}: some must pass and some fail; move the cut or use more jets"
        )
    edges = np.quantile(mass, np.linspace(0, 1, 21)) if edges is None else np.asarray(edges)
    mass_bin = _bins(mass, edges)
    rng = np.random.default_rng(rng)
    n_bins = len(edges) - 1

    def divergence(rows: np.ndarray | slice, chosen: np.ndarray) -> float:
        after = np.bincount(mass_bin[rows][chosen], minlength=n_bins)
        everything = np.bincount(mass_bin[rows], minlength=n_bins)
        return jensen_shannon(after, everything - (after if against == "failing" else 0))

    value = divergence(slice(None), passed)
    sides = [np.flatnonzero(passed == side) for side in (True, False)]
    draws = (np.concatenate([rng.choice(s, len(s)) for s in sides]) for _ in range(n_bootstrap))
    # resampling shifts a divergence upwards by about the floor, but its spread is right
    error = float(np.std([divergence(rows, passed[rows]) for rows in draws]))
    floor = np.mean([divergence(slice(None), rng.permutation(passed)) for _ in range(n_bootstrap)])
    jsd = Interval(value, max(value - error, 0.0), value + error)
    efficiency = efficiency_interval(int(passed.sum()), len(passed))
    return Sculpting(jsd, jsd.inverse(), float(floor), efficiency)


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """Jensen-Shannon divergence in bits of two histograms (H,), normalised here: 0 to 1."""
    p, q = (np.asarray(h, dtype=float) / np.sum(h) for h in (p, q))
    middle = (p + q) / 2
    filled = [h[h > 0] * np.log2(h[h > 0] / middle[h > 0]) for h in (p, q)]
    return float(max(sum(part.sum() for part in filled) / 2, 0.0))


def efficiency_by_mass(
    labels: ArrayLike,
    scores: ArrayLike,
    masses: ArrayLike,
    edges: ArrayLike,
    signal_efficiency: float = 0.5,
    of: int = 0,
    level: float = 0.68,
) -> list[Interval | None]:
    """Efficiency of one cut in each bin of mass, with binomial intervals; None for an empty bin.

    A tagger decorrelated from mass has the same efficiency in all bins.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,) larger is more signal-like.
        masses: (N,) [GeV].
        edges: (H + 1,) of the mass bins [GeV]; jets outside are left out.
        signal_efficiency: share of all signal that passes the cut.
        of: class whose efficiency is asked for.
        level: of the intervals.

    Raises:
        ValueError: as `mass_sculpting`.
    """
    label, score = checked_scores(labels, scores)
    mass = checked_numbers("masses", masses, label, "masses are in GeV")
    passed = score >= threshold_at(score[label == 1], signal_efficiency)
    totals, passing = (
        np.histogram(mass[chosen], edges)[0] for chosen in (label == of, (label == of) & passed)
    )
    counts = zip(passing.tolist(), totals.tolist(), strict=True)
    return [efficiency_interval(k, m, level) if m else None for k, m in counts]


def _centred_distances(values: Tensor, weights: Tensor) -> Tensor:
    """Distances |v_i - v_j| less the means of row and column, plus the mean of all, (N, N)."""
    distances = (values[:, None] - values).abs()
    # dCor does not know units, but float32 does: distances of order one lose nothing
    scale = weights @ distances.detach() @ weights
    distances = distances / scale.clamp(min=torch.finfo(values.dtype).tiny)
    means = distances @ weights  # (N,)
    return distances - means[:, None] - means + means @ weights


def _checked_weights(x: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    """Weights (N,) of sum 1."""
    weights = torch.ones_like(x) if weights is None else weights.to(x)
    if x.ndim != 1 or not x.shape == y.shape == weights.shape or len(x) < 2:
        raise ValueError(
            f"x, y and weights have shapes {[tuple(t.shape) for t in (x, y, weights)]}: give one "
            "number an example, (N,) each, and at least 2 examples"
        )
    total = weights.sum()
    if (weights < 0).any() or total <= 0:
        raise ValueError(f"weights from {weights.min():g}, sum {total:g}: give >= 0, not all 0")
    return weights / total


def _bins(mass: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin of each mass (N,); what lies outside goes to the first and last bin."""
    return np.clip(np.searchsorted(edges, mass, side="right") - 1, 0, len(edges) - 2)
