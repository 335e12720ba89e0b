"""Which signal contamination an autoencoder stands: signal in the training, more and more of it.

In data nobody can take signal out of the training. A detector of what is new finds nothing where
half of the training is signal. An autoencoder of jet images still finds the tops there: the stored
scan falls slowly and stays far above one half, for its score measures how complex a jet is, and
only in part what is new. Whether the curve falls to one half tells the two apart. CWoLa and its
relatives are the other side: they need signal in the data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.anomaly_detection.outliers.demonstrations.complexity import Judged
from hepml_lite.anomaly_detection.outliers.detector import Detector
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng


@dataclass(frozen=True)
class Contaminated:
    """A detector whose training had signal in it.

    Attributes:
        share: of signal among the rows of the training.
        judged: labels and scores of the test, which is the same for all shares.
    """

    share: float
    judged: Judged


def mixed(background: ArrayLike, signal: ArrayLike, share: float, rng: Seed = 0) -> np.ndarray:
    """As many rows as in `background`, of which this share is signal, in random order.

    Args:
        background: (N, ...).
        signal: (M, ...).
        share: of signal in the result, from 0 to below 1.
        rng: which rows of each.

    Raises:
        ValueError: a share outside, or more signal asked for than there is.
    """
    usual = checked_finite("background", background)
    strange = checked_finite("signal", signal)
    checked_number("share", share, 0, 1, "[)", "0.05")
    n_signal = round(share * len(usual))
    if n_signal > len(strange):
        raise ValueError(
            f"share is {share} of {len(usual)} rows: {n_signal} signal rows are needed and "
            f"{len(strange)} are there; lower the share or give fewer background rows"
        )
    generator = checked_rng(rng)
    kept = usual[generator.permutation(len(usual))[n_signal:]]
    added = strange[generator.permutation(len(strange))[:n_signal]]
    rows = np.concatenate([kept, added])
    return rows[generator.permutation(len(rows))]


def contamination_scan(
    make_detector: Callable[[], Detector],
    shares: Sequence[float],
    background: ArrayLike,
    signal: ArrayLike,
    test_rows: ArrayLike,
    test_labels: ArrayLike,
    rng: int = 0,
) -> list[Contaminated]:
    """Train a detector with each share of signal, on the same number of rows.

    Args:
        make_detector: gives an untrained detector.
        shares: of signal in the training.
        background: rows (N, ...).
        signal: rows (M, ...) that may be mixed in.
        test_rows: (K, ...), none of which is in the training.
        test_labels: (K,) 1 for signal.
        rng: seed of the mixtures and of all trainings.
    """
    labels = np.asarray(test_labels)
    found = []
    for share in shares:
        rows = mixed(background, signal, share, rng)
        scores = make_detector().fit(rows, rng=rng).score(test_rows)
        found.append(Contaminated(share, Judged(labels, scores)))
    return found
