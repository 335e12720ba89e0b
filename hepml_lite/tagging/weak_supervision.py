"""Classification without labels (CWoLa): separate quarks and gluons with two mixtures of both.

E. M. Metodiev, B. Nachman, J. Thaler, "Classification without labels: Learning from mixed samples
in high energy physics", JHEP 10 (2017) 174, arXiv:1708.02949.

Sample M1 holds a fraction f1 of signal, M2 a fraction f2 < f1. The best classifier of M1
against M2 is a rising function of the best classifier of signal against background: both are the
same tagger.
"""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.metrics import Seed

Fractions = tuple[float, float]
Inputs = tuple[np.ndarray, ...]


def mixtures(
    jets: Jets,
    fractions: Fractions,
    rng: Seed = 0,
    size: int | None = None,
    signal: int = 1,
) -> tuple[Jets, np.ndarray]:
    """Two mixed samples of equal size, shuffled together, and the sample of each jet.

    No jet is used twice. The numbers of signal jets are f1 and f2 times `size`, rounded. The
    `label` of the jets keeps the truth, to test a tagger.

    Args:
        jets: labelled jets; those of another class than `signal` are the background.
        fractions: share (f1, f2) of signal in M1 and M2, 1 >= f1 > f2 >= 0.
        rng: generator or seed of the draw.
        size: jets in each mixture; default: as many as the jets allow.
        signal: label of the signal.

    Returns:
        2 * size jets, and an array (2 * size,) with 1 for jets of M1 and 0 for jets of M2.

    Raises:
        ValueError: fractions that are equal or not in order, or too few jets.
    """
    f1, f2 = checked_fractions(fractions)
    rng = np.random.default_rng(rng)
    is_signal = jets.label == signal
    pools = [rng.permutation(np.flatnonzero(is_signal == s)) for s in (True, False)]
    largest = _largest_size(len(pools[0]), len(pools[1]), f1, f2)
    size = largest if size is None else size
    if not 1 <= size <= largest:
        raise ValueError(
            f"mixtures of {size} jets with signal fractions {f1:g} and {f2:g}: {len(pools[0])} "
            f"signal and {len(pools[1])} background jets allow sizes from 1 to {largest}"
        )
    counts = _counts(size, f1, f2)  # (2, 2): signal and background, of M1 and M2
    rows = [np.split(pool[: sum(n)], [n[0]]) for pool, n in zip(pools, counts, strict=True)]
    members = np.concatenate([part[m] for m in (0, 1) for part in rows])
    order = rng.permutation(2 * size)
    return jets[members[order]], (order < size).astype(np.int64)  # M1 comes first in `members`


def mixed_likelihood_ratio(ratio: ArrayLike, fractions: Fractions) -> np.ndarray:
    """L_{M1/M2} = (f1 L + 1 - f1) / (f2 L + 1 - f2) for L = p_S/p_B >= 0, inf allowed.

    It rises with L from (1 - f1)/(1 - f2) to f1/f2: Theorem 1 of arXiv:1708.02949.

    Raises:
        ValueError: fractions that are equal or not in order, or a negative ratio.
    """
    f1, f2 = checked_fractions(fractions)
    ratio = _checked_ratio(ratio)
    # L/(1 + L) stays finite, so that L = inf is no special case
    share = 1 - 1 / (1 + ratio)
    return _divide(f1 * share + (1 - f1) * (1 - share), f2 * share + (1 - f2) * (1 - share))


def pure_likelihood_ratio(mixed: ArrayLike, fractions: Fractions) -> np.ndarray:
    """L = p_S/p_B from L_{M1/M2}: the inverse of `mixed_likelihood_ratio`.

    An estimate outside of the possible range, from (1 - f1)/(1 - f2) to f1/f2, becomes 0 or inf:
    the network was more certain than the fractions allow.

    Raises:
        ValueError: as `mixed_likelihood_ratio`.
    """
    f1, f2 = checked_fractions(fractions)
    mixed = _checked_ratio(mixed)
    share = 1 - 1 / (1 + mixed)  # M/(1 + M)
    above = np.maximum((1 - f2) * share - (1 - f1) * (1 - share), 0)
    return _divide(above, np.maximum(f1 * (1 - share) - f2 * share, 0))


def checked_fractions(fractions: Fractions) -> Fractions:
    """The fractions, if a classifier can learn from them.

    Raises:
        ValueError: unless 1 >= f1 > f2 >= 0.
    """
    f1, f2 = map(float, fractions)
    if f1 == f2:
        raise ValueError(
            f"both mixtures hold a fraction {f1:g} of signal: they are the same, and nothing can "
            "be learned from them; choose different fractions, such as (0.8, 0.2)"
        )
    if not 1 >= f1 > f2 >= 0:
        raise ValueError(
            f"fractions ({f1:g}, {f2:g}): give 1 >= f1 > f2 >= 0, the mixture with more signal "
            "first, such as (0.8, 0.2)"
        )
    return f1, f2


def _counts(size: int, f1: float, f2: float) -> tuple[tuple[int, int], tuple[int, int]]:
    signal = round(f1 * size), round(f2 * size)
    return signal, (size - signal[0], size - signal[1])


def _largest_size(n_signal: int, n_background: int, f1: float, f2: float) -> int:
    """Largest equal size of both mixtures; because of rounding, the last sizes are tried."""
    guess = min(n_signal / (f1 + f2), n_background / (2 - f1 - f2) if f1 + f2 < 2 else np.inf)
    for size in range(int(guess) + 3, 0, -1):
        signal, background = _counts(size, f1, f2)
        if sum(signal) <= n_signal and sum(background) <= n_background:
            return size
    return 0


def _checked_ratio(ratio: ArrayLike) -> np.ndarray:
    ratio = np.asarray(ratio, dtype=float)
    if not (ratio >= 0).all():
        raise ValueError(
            f"likelihood ratios from {ratio.min():g}: give numbers >= 0; for a probability p of a "
            "classifier this is p / (1 - p), for a log-ratio its np.exp"
        )
    return ratio


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # x/0 is inf; 0/0 cannot be, as f1 > f2
        return numerator / denominator
