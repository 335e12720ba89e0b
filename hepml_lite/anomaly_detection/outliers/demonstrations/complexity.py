"""Complexity bias: tops are strange among QCD jets, and QCD jets are not strange among tops.

A reconstruction is easier for a simple jet, whether or not it was in the training. So an
autoencoder of QCD jets finds tops, and one of tops finds that QCD jets are even more usual than
tops: its AUC is below one half (B. Dillon et al., arXiv:2104.08291; T. Finke et al., "Autoencoders
for unsupervised anomaly detection in high energy physics", arXiv:2104.09051).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.anomaly_detection.outliers.detector import Detector
from hepml_lite.anomaly_detection.reports import Improvement, improvement
from hepml_lite.statistics.data_checks import checked_finite, checked_labels
from hepml_lite.statistics.metrics import auc
from hepml_lite.statistics.settings_checks import Seed


@dataclass(frozen=True)
class Judged:
    """A detector on test events.

    Attributes:
        labels: (N,) 1 for the class that was not in the training.
        scores: (N,).
    """

    labels: np.ndarray
    scores: np.ndarray

    @property
    def auc(self) -> float:
        """Area under the ROC curve; below one half, the strange class looks more usual."""
        return auc(self.labels, self.scores)

    @property
    def improvement(self) -> Improvement:
        """The significance improvement, with its maximum and with the floor of the sample."""
        return improvement(self.labels, self.scores)


def both_directions(
    make_detector: Callable[[], Detector],
    rows: ArrayLike,
    labels: ArrayLike,
    test_rows: ArrayLike,
    test_labels: ArrayLike,
    rng: Seed = 0,
) -> tuple[Judged, Judged]:
    """Train on class 0 to find class 1, and on class 1 to find class 0; a fresh detector each.

    Args:
        make_detector: gives an untrained detector.
        rows: training rows (N, ...) of both classes.
        labels: (N,) 0 or 1.
        test_rows: (M, ...) of both classes.
        test_labels: (M,) 0 or 1.
        rng: of both trainings.
    """
    given = checked_finite("rows", rows)
    of_row = checked_labels(labels)
    expected = checked_labels(test_labels)
    found = []
    for usual in (0, 1):
        detector = make_detector().fit(given[of_row == usual], rng=rng)
        strange = (expected != usual).astype(int)
        found.append(Judged(strange, detector.score(test_rows)))
    return found[0], found[1]
