"""The one-class support vector machine, with any kernel: a border around background.

B. Schölkopf et al., "Estimating the Support of a High-Dimensional Distribution", Neural Comput. 13
(2001) 1443; scikit-learn's `OneClassSVM` does the work.

The score is minus the signed distance from a plane in the space of the kernel that leaves a share
ν of background outside. Assumption: the kernel knows which events are similar. One notices by
another scale of the angles: with a large one every event is alone and all scores are equal, with a
small one the border is a sphere. The cost grows as the square of the training events.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from hepml_lite.anomaly_detection.kernels.quantum_kernel import QuantumKernel
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng

Kernel = Callable[[ArrayLike, ArrayLike], np.ndarray]  # (N, F), (M, F) to (N, M)
ROWS_AT_ONCE = 1000  # of a score


@dataclass(kw_only=True)
class OneClassKernel:
    """An outlier detector of standardised features with a kernel.

    Attributes:
        kernel: of standardised rows.
        share_outside: ν, the share of training events outside the border, at most.
        most_rows: training events that are used, drawn at random.
        machine: scikit-learn's, after `fit`.
    """

    kernel: Kernel = field(default_factory=QuantumKernel)
    share_outside: float = 0.1
    most_rows: int = 1000
    machine: OneClassSVM | None = field(default=None, init=False, repr=False)

    def __post_init__(self):
        checked_number("share_outside", self.share_outside, 0, 1, "()", "0.1")

    def fit(self, background: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn the border of background rows (N, F)."""
        rows = checked_finite("background", background, n_axes=2)
        chosen = checked_rng(rng).permutation(len(rows))[: self.most_rows]
        self._scaler = StandardScaler().fit(rows[chosen])
        self._learned = self._scaler.transform(rows[chosen])
        self.machine = OneClassSVM(kernel="precomputed", nu=self.share_outside)
        self.machine.fit(self.kernel(self._learned, self._learned))
        return self

    def score(self, events: ArrayLike) -> np.ndarray:
        """How far outside each event is, (N,): the larger, the stranger.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.machine is None:
            raise RuntimeError("this OneClassKernel is not trained: call fit(rows) first")
        rows = checked_finite("events", events, n_axes=2)
        scores = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            scaled = self._scaler.transform(rows[start : start + ROWS_AT_ONCE])
            scores.append(-self.machine.decision_function(self.kernel(scaled, self._learned)))
        return np.concatenate(scores) if scores else np.zeros(0)
