"""A density as outlier score: what is rare is strange, with a normalizing flow for the density.

B. Nachman, D. Shih, "Anomaly Detection with Density Estimation", arXiv:2001.04990, use densities
for over-densities; as a score of outliers see T. Buss et al., "What's Anomalous in LHC Jets?",
arXiv:2202.00686.

The score is -log p(x) of background. It is the best score if signal is uniform in the features:
then p_signal / p_background falls with p_background (Neyman, Pearson).

Assumption: the features are those in which signal is flat. A density changes with the variables,
p_u(u) = p_x(x) |dx/du|, so the ranking of events is a choice of units: see `demonstrations.
coordinates`. One notices by repeating the score in ln x or in ranks of x. In many dimensions the
typical events are not those of highest density, and simple events can beat the background itself
(E. Nalisnick et al., arXiv:1810.09136): compare the mean score of held-out background and of the
signal, not only the AUC.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.statistics.settings_checks import Seed


def lesson_flow() -> Flow:
    """A spline flow of two layers, which trains within a minute on some thousand rows."""
    plan = TrainingPlan(epochs=20, batch_size=512, learning_rate=1e-2, progress=False)
    return Flow(n_layers=2, n_bins=8, plan=plan)


@dataclass(kw_only=True)
class DensityOutliers:
    """The score -log p(x), with any density of `hepml_lite.densities` that has a likelihood.

    Attributes:
        density: untrained, with its change of variables; p is the density in the user's units.
    """

    density: TrainedDensity = field(default_factory=lesson_flow)

    def fit(self, background: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn the density of background rows (N, D).

        Raises:
            ValueError: rows that cannot be fitted.
        """
        self.density.fit(background, rng=rng)
        return self

    def score(self, events: ArrayLike) -> np.ndarray:
        """-log p of each event in nats, (N,): the larger, the stranger.

        Raises:
            ValueError: other numbers of features than in `fit`.
            RuntimeError: nothing has been fitted.
        """
        return -self.density.log_prob(events)
