"""Non-resonant search: the background of a control region, extrapolated into the signal region.

K. Bai, R. Mastandrea, B. Nachman, "Non-resonant anomaly detection with background extrapolation",
arXiv:2311.12924. A signal without a peak has no sidebands on both sides. A simulation is corrected
where there is background alone: the ratio w(x, m) = p_data(x, m) / p_simulation(x, m) is learned
in the control region as a function of features and of m, such as the missing energy. The same
function reweights the simulation in the signal region. A classifier of data against this template
is the score.

The paper also lets a flow generate the background: that is `Cathode` with a region at the end of
the spectrum.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.weak_classifier import WeakClassifier
from hepml_lite.densities.classifiers import Model
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.ratio import fit_ratio
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng


@dataclass
class BackgroundExtrapolation:
    """A classifier of the data against a simulation that the control region has corrected.

    Attributes:
        simulation: simulated background events, in the control region and in the signal region.
        classifier: of data and template.
        correction: model of the ratio, as in `densities.fit_ratio`. It must extrapolate: "mlp" has
            squares for that; trees stay constant beyond their last event.
        kept_whole: share of the template that is kept whatever its weight; smaller weights thin
            out the rest.
        plan: of the training of the ratio; None: that of `densities.fit_ratio`.
        background: the template, after `fit`.
    """

    simulation: ResonantEvents
    classifier: WeakClassifier = field(default_factory=WeakClassifier)
    correction: Model = "mlp"
    kept_whole: float = 0.01
    plan: TrainingPlan | None = None
    background: ResonantEvents | None = field(default=None, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Correct the simulation beside the region, then learn data against it in the region.

        Args:
            events: data; `mass` is the quantity in which the background is extrapolated.
            region: where the signal may be, such as (400, inf).
            rng: generator or seed.

        Raises:
            ValueError: a region without events in it or beside it, also of the simulation.
        """
        generator = checked_rng(rng)
        share = checked_number("kept_whole", self.kept_whole, 0, 1, "()", "0.01")
        data, control = events.split(region)
        simulated, simulated_control = self.simulation.split(region)
        ratio = fit_ratio(
            table(control),
            table(simulated_control),
            model=self.correction,
            plan=self.plan,
            rng=generator,
        )
        weights = ratio.weights(table(simulated))
        self.background = simulated[unweighted(weights, share, generator)]
        self.classifier.fit(data.features, self.background.features, rng=generator)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Logits (N,) of being data of the region and no extrapolated background."""
        return self.classifier.score(events.features)


def table(events: ResonantEvents) -> np.ndarray:
    """The mass and the features beside it, (N, 1 + D)."""
    return np.column_stack([events.mass, events.features])


def unweighted(weights: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which events stay, bool (N,), so that those that stay need no weights.

    An event stays with a probability that is its weight over a largest weight. Few events have a
    weight above the largest one: they stay, and count too little.

    Args:
        weights: (N,), not negative.
        share: of the events, those with a weight above the largest one.
        rng: decides.
    """
    largest = np.quantile(weights, 1 - share)
    return rng.random(len(weights)) * largest < weights
