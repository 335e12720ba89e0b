"""Better reconstruction is not better detection: a scan of the width of the bottleneck.

The loss of an autoencoder asks for small errors on background and for nothing on signal. A wider
bottleneck always reconstructs background better. Signal is reconstructed better, too, and only the
difference between the two errors separates them: no training loss can choose the width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.anomaly_detection.outliers.demonstrations.complexity import Judged
from hepml_lite.anomaly_detection.outliers.detector import Detector
from hepml_lite.statistics.data_checks import checked_labels
from hepml_lite.statistics.settings_checks import Seed


@dataclass(frozen=True)
class Width:
    """An autoencoder of one width.

    Attributes:
        n_latent: width of the bottleneck.
        error_of_background: mean score of test background: the reconstruction error.
        error_of_signal: that of signal.
        judged: labels and scores of the test.
    """

    n_latent: int
    error_of_background: float
    error_of_signal: float
    judged: Judged


def bottleneck_scan(
    make_detector: Callable[[int], Detector],
    widths: Sequence[int],
    background: ArrayLike,
    test_rows: ArrayLike,
    test_labels: ArrayLike,
    rng: Seed = 0,
) -> list[Width]:
    """Train a detector of each width on the same background.

    Args:
        make_detector: gives an untrained detector of this width, with its error as score.
        widths: of the bottleneck.
        background: training rows (N, ...).
        test_rows: (M, ...).
        test_labels: (M,) 1 for signal.
        rng: of all trainings.
    """
    labels = checked_labels(test_labels)
    found = []
    for n_latent in widths:
        scores = make_detector(n_latent).fit(background, rng=rng).score(test_rows)
        errors = [float(np.mean(scores[labels == kind])) for kind in (0, 1)]
        found.append(Width(n_latent, errors[0], errors[1], Judged(labels, scores)))
    return found
