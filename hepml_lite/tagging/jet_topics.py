"""Jet topics: the distributions of quark and gluon jets, and their shares, from two mixtures.

E. M. Metodiev, J. Thaler, "Jet Topics: Disentangling Quarks and Gluons at Colliders", Phys. Rev.
Lett. 120 (2018) 241602, arXiv:1802.00008; P. T. Komiske, E. M. Metodiev, J. Thaler, "An operational
definition of quark and gluon jets", JHEP 11 (2018) 059, arXiv:1809.01140.

The largest possible share of B is subtracted from A, and the other way round. The two remainders
are the classes, if each class has a region that the other does not reach (mutual irreducibility).
Topics are defined by the observable: without such regions they differ from the classes, and the
result does not show it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval, central_interval
from hepml_lite.statistics.settings_checks import Seed

GROUPS = 10  # number of random groups of jets
SPLITS = 10  # number of splits of the groups into two halves; kappa is averaged over them
KAPPA_OF_SAME = 0.99  # above it, within the error, the two samples may be the same


@dataclass(frozen=True)
class Topics:
    """Two topics of the histograms of samples A and B, with bootstrap intervals.

    Attributes:
        edges: (H + 1,) of the bins.
        kappa_ab: reducibility factor kappa(A|B), the largest share of B that can be taken from A.
        kappa_ba: kappa(B|A).
        topic_1: (3, H) probability of each bin in the topic that A is rich in: value, low, high.
        topic_2: (3, H) in the topic that B is rich in. Fluctuations may make entries negative.
        fraction_a: share of topic 1 in A.
        fraction_b: share of topic 1 in B.
        anchor_1: (low, high) of the range with the smallest B/A, which is nearly pure in topic 1.
        anchor_2: (low, high) of the range with the smallest A/B, nearly pure in topic 2.
    """

    edges: np.ndarray
    kappa_ab: Interval
    kappa_ba: Interval
    topic_1: np.ndarray
    topic_2: np.ndarray
    fraction_a: Interval
    fraction_b: Interval
    anchor_1: tuple[float, float]
    anchor_2: tuple[float, float]


def jet_topics(
    a: ArrayLike, b: ArrayLike, edges: ArrayLike, n_bootstrap: int = 200,
    rng: Seed = 0, level: float = 0.68,
) -> Topics:  # fmt: skip
    """Topics of an observable (multiplicity, a score) in samples A and B of jets.

    Args:
        a: (N,) values in sample A.
        b: (M,) values in sample B.
        edges: (H + 1,) of the bins; values outside are counted in the first and last bin.
        n_bootstrap: resamples.
        rng: seed or generator of the halves and the resamples.
        level: of the intervals.

    Raises:
        ValueError: samples that cannot be told apart, or as `reducibility_factor`.
    """
    edges, resamples, splits = _prepared(a, b, edges, n_bootstrap, rng)
    kappas = np.stack([_kappas(resamples[:, :, ::s], splits) for s in (1, -1)], -1)  # (n + 1, 2)
    _check_different(kappas, level)
    counts = resamples.sum(1)  # (n + 1, 2, H)
    p_a, p_b = np.moveaxis(_normalised(counts), 1, 0)  # each (n + 1, H)
    topics = topics_from(p_a, p_b, kappas[:, :1], kappas[:, 1:])  # each (n + 1, H)
    fractions = _fractions(kappas[:, 0], kappas[:, 1])
    bands = [np.concatenate([t[:1], central_interval(t[1:], level)]) for t in topics]
    return Topics(
        edges,
        _interval(kappas[:, 0], level),
        _interval(kappas[:, 1], level),
        bands[0],
        bands[1],
        _interval(fractions[0], level),
        _interval(fractions[1], level),
        _anchor(counts[0, ::-1], edges),
        _anchor(counts[0], edges),
    )


def reducibility_factor(
    a: ArrayLike, b: ArrayLike, edges: ArrayLike, n_bootstrap: int = 200,
    rng: Seed = 0, level: float = 0.68,
) -> Interval:  # fmt: skip
    """kappa(A|B) = min p_A(x)/p_B(x), in [0, 1], with its bootstrap interval.

    The minimum of a fluctuating ratio is biased downwards. Therefore one half of the jets chooses
    the run of neighbouring bins with the lowest upper end of the error bar, and the other half
    measures the ratio there; then the halves are exchanged. The result is the mean over several
    splits. The remaining bias is upwards: the run may hold jets of the other class. In toys of
    irreducible classes the intervals of level 0.68 cover the truth in 75 to 95 % of the cases.

    Raises:
        ValueError: fewer than 100 values in a sample, edges that do not rise, n_bootstrap < 2, or a
            level outside (0, 1).
    """
    _, resamples, splits = _prepared(a, b, edges, n_bootstrap, rng)
    return _interval(_kappas(resamples, splits), level)


def topics_from(
    p_a: np.ndarray, p_b: np.ndarray, kappa_ab: float | np.ndarray, kappa_ba: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """T1 = (p_A - kappa(A|B) p_B) / (1 - kappa(A|B)), and T2 with A and B exchanged.

    Histograms or densities (..., H) of A and B; both topics keep their normalisation.
    """
    return (p_a - kappa_ab * p_b) / (1 - kappa_ab), (p_b - kappa_ba * p_a) / (1 - kappa_ba)


def fractions_from(
    kappa_ab: float | np.ndarray, kappa_ba: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shares (f_A, f_B) of topic 1 in A and B.

    Solves kappa(A|B) = (1 - f_A)/(1 - f_B) and kappa(B|A) = f_B/f_A, which hold if the topics
    are mutually irreducible.

    Raises:
        ValueError: a kappa outside [0, 1).
    """
    ab = checked_finite("kappa_ab", kappa_ab)
    ba = checked_finite("kappa_ba", kappa_ba)
    if not ((ab >= 0) & (ab < 1)).all() or not ((ba >= 0) & (ba < 1)).all():
        raise ValueError(
            f"kappa_ab is {ab}, kappa_ba {ba}: both lie in [0, 1), and at 1 the two samples are "
            "the same mixture; take samples of different fractions"
        )
    return _fractions(ab, ba)


def _fractions(kappa_ab: np.ndarray, kappa_ba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    f_a = (1 - kappa_ab) / (1 - kappa_ab * kappa_ba)
    return f_a, kappa_ba * f_a


def _prepared(
    a: ArrayLike, b: ArrayLike, edges: ArrayLike, n_bootstrap: int, rng: Seed
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, counts (n + 1, G, 2, H) of data and then resamples, splits (S, G)."""
    if n_bootstrap < 2:
        raise ValueError(
            f"n_bootstrap is {n_bootstrap}: an interval needs at least 2 resamples, better 200"
        )
    edges, rng = _checked_edges(edges), np.random.default_rng(rng)
    counts = np.stack([_histogram(values, edges) for values in (a, b)])  # (2, H)
    groups = _dealt(counts, rng)
    # resample within each group, so that no jet is in both halves of a split
    resamples = rng.multinomial(groups.sum(-1), _normalised(groups), size=(n_bootstrap, GROUPS, 2))
    splits = np.stack([rng.permutation(GROUPS) < GROUPS // 2 for _ in range(SPLITS)])
    return edges, np.concatenate([groups[None], resamples]), splits.astype(float)


def _dealt(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random groups of equal size of the jets of both samples, (2, H) → (G, 2, H)."""
    groups = []
    for left in range(GROUPS, 0, -1):
        drawn = [rng.multivariate_hypergeometric(c, c.sum() // left) for c in counts]
        groups.append(np.stack(drawn))
        counts = counts - groups[-1]
    return np.stack(groups)


def _kappas(groups: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """kappa(first|second sample) of each resample, (n, G, 2, H) → (n,)."""
    return np.mean([_cross_fitted(groups, split) for split in splits], axis=0)


def _cross_fitted(groups: np.ndarray, split: np.ndarray) -> np.ndarray:
    """kappa (n,) from one split of the groups: one half chooses the bins, the other measures."""
    half = np.einsum("g,ngsh->nsh", split, groups)
    halves = np.stack([half, groups.sum(1) - half], axis=1)  # (n, 2 halves, 2 samples, H)
    runs = _runs(halves)  # (n, 2 halves, 2 samples, R)
    choice = _upper_ends(runs, halves.sum(-1)[..., None]).argmin(-1)  # (n, 2)
    measured = np.take_along_axis(runs, choice[:, ::-1, None, None], -1)[..., 0]  # (n, 2, 2)
    share = measured.sum(1) / halves.sum((1, -1))  # (n, 2 samples), both halves together
    first, second = share.T
    ratio = np.divide(first, second, out=np.ones(len(share)), where=second > 0)
    return np.minimum(ratio, 1 - 1e-6)  # at 1 a topic would be 0/0


def _runs(counts: np.ndarray) -> np.ndarray:
    """Jets in all runs of neighbouring bins, (..., H) → (..., H (H + 1)/2)."""
    total = np.concatenate([np.zeros_like(counts[..., :1]), counts.cumsum(-1)], -1)
    first, last = _ends(counts.shape[-1])
    return total[..., last] - total[..., first]


def _ends(n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(n_bins + 1, 1)


def _upper_ends(runs: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Upper end of the error bar of the ratio A/B in each run, (..., 2, R) → (..., R)."""
    n_a, n_b = np.moveaxis(runs, -2, 0)
    scale = totals[..., 1, :] / totals[..., 0, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        # one more jet than observed, so that an empty bin of A has an error
        error = (n_a + 1) / n_b * np.sqrt(1 / (n_a + 1) + 1 / n_b)
        return np.where(n_b > 0, scale * (n_a / n_b + error), np.inf)


def _anchor(counts: np.ndarray, edges: np.ndarray) -> tuple[float, float]:
    """Both ends of the run of bins with the smallest ratio of the first to the second sample."""
    chosen = _upper_ends(_runs(counts), counts.sum(-1)[:, None]).argmin()
    first, last = (ends[chosen] for ends in _ends(counts.shape[1]))
    return float(edges[first]), float(edges[last])


def _normalised(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(-1, keepdims=True)


def _interval(values: np.ndarray, level: float) -> Interval:
    """The first value, with the central interval of the resamples that follow it."""
    low, high = central_interval(values[1:], level)
    # near kappa = 0 resamples have fewer distinct jets and all choose worse bins than the data
    value = float(values[0])
    return Interval(value, min(float(low), value), max(float(high), value))


def _histogram(values: ArrayLike, edges: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 100 or not np.isfinite(values).all():
        raise ValueError(
            f"values of shape {values.shape}, {(~np.isfinite(values)).sum()} of them not finite: "
            "give one finite number for each jet, of at least 100 jets"
        )
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]


def _checked_edges(edges: ArrayLike) -> np.ndarray:
    edges = np.asarray(edges, dtype=float)
    if edges.ndim != 1 or len(edges) < 3 or not (np.diff(edges) > 0).all():
        raise ValueError(
            f"edges {edges}: give at least 3 rising numbers, such as np.linspace(0, 90, 31)"
        )
    return edges


def _check_different(kappas: np.ndarray, level: float) -> None:
    """Both factors are 1 exactly where the samples are the same."""
    highest = central_interval(kappas[1:], level)[1].max()
    if highest > KAPPA_OF_SAME or (kappas[0] > KAPPA_OF_SAME).any():
        raise ValueError(
            f"kappa(A|B) = {kappas[0, 0]:.3f} and kappa(B|A) = {kappas[0, 1]:.3f}, up to "
            f"{highest:.3f} within the error: 1 means that the samples are equal and have no two "
            "topics; take purer mixtures, more jets, wider bins or another observable"
        )
