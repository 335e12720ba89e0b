"""An optimal observable that is learned: a classifier of two hypotheses, at particle level.

For a small parameter b the best observable is the score ∂ log p(t|b) / ∂b (Atwood, Soni 1992;
Diehl, Nachtmann 1994). Events of two hypotheses ± b give it without a formula: a classifier learns
O(t) = log p(t|+b) / p(t|−b), which is 2 b times the score. O is a function of *true* quantities, in
the frame where they are defined. It can be computed for unfolded events, although no detector
measures it: first unfold the quantities, then go to the frame (J. Ackerschott et al.,
arXiv:2308.00027).

If p is linear in b, the mean of any observable is too, and a straight line through both hypotheses
calibrates it: b = b₋ + (Ō − Ō₋) (b₊ − b₋) / (Ō₊ − Ō₋). The classifier need not be right for that.
A bad one has a larger error, and no bias.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities import DensityRatio, TrainingPlan, fit_ratio
from hepml_lite.densities.classifiers import Model
from hepml_lite.densities.labelled_rows import checked_signed_weights
from hepml_lite.statistics.data_checks import as_floats, checked_finite
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed
from hepml_lite.unfolding.reweighted import ReweightedEvents


@dataclass
class OptimalObservable:
    """The log ratio of two hypotheses, as an observable that measures their parameter.

    Attributes:
        parameters: b of the first and of the second hypothesis.
        model: of the classifier, as in `densities.fit_ratio`.
        folds: of the same.
        plan: of the training of the same.
        ratio: after `fit`.
        means: of the observable under both hypotheses, after `fit`.

    >>> OptimalObservable(parameters=(0.3, -0.3)).folds
    5
    """

    parameters: tuple[float, float]
    model: Model = "mlp"
    folds: int = 5
    plan: TrainingPlan | None = None
    ratio: DensityRatio | None = field(default=None, init=False, repr=False)
    means: tuple[float, float] | None = field(default=None, init=False)

    def fit(self, first: ArrayLike, second: ArrayLike, rng: Seed = 0) -> Self:
        """Learn to tell the hypotheses apart.

        Args:
            first: true features (N, D) of events with the first parameter.
            second: (M, D) of events with the second.
            rng: of the training.

        Raises:
            ValueError: parameters that are not two different numbers, hypotheses that cannot be
                told apart, or as `densities.fit_ratio`.
        """
        self._require_hypotheses()
        self.ratio = fit_ratio(
            first, second, model=self.model, folds=self.folds, plan=self.plan, rng=rng
        )
        # all events are judged as others will be, so that the line has no offset
        means = (float(self(first).mean()), float(self(second).mean()))
        if means[0] == means[1]:
            raise ValueError(
                f"the mean of the observable is {means[0]:g} under both hypotheses: they are not "
                "told apart; give hypotheses further from each other, or more events"
            )
        self.means = means
        return self

    def _require_hypotheses(self) -> None:
        given = checked_finite("parameters", self.parameters)
        if given.shape != (2,) or given[0] == given[1]:
            problem = "equal" if given.shape == (2,) else "not two numbers"
            raise ValueError(
                f"parameters={self.parameters} are {problem}: give two hypotheses, as (0.3, -0.3)"
            )

    def __call__(self, true: ArrayLike) -> np.ndarray:
        """The observable (N,) of true features (N, D).

        Raises:
            ValueError: before `fit`, or other features than in `fit`.
        """
        if self.ratio is None:
            raise ValueError("there is no observable yet: call fit(first, second)")
        return self.ratio.log_ratio(true)

    def parameter(self, true: ArrayLike, weights: ArrayLike | None = None) -> float:
        """B of events with these true features (N, D) and weights (N,): simulated or unfolded.

        Raises:
            ValueError: before `fit`, other features than in `fit`, or weights that do not fit them
                or have no positive sum.
        """
        values = self(true)
        counted = checked_signed_weights(weights, len(values), "events")
        return self._on_the_line(float(np.average(values, weights=counted)))

    def measure(self, true: ArrayLike, unfolded: ReweightedEvents) -> Interval:
        """B of an unfolded result, with the error of its replicas.

        Args:
            true: features (N, D) of the simulated events; those of fakes do not count.
            unfolded: weights and replicas of the same events.

        Raises:
            ValueError: before `fit`, fewer than two replicas, or another number of events.
            TypeError: a result without weights of simulated events.
        """
        if not isinstance(unfolded, ReweightedEvents):
            raise TypeError(
                f"unfolded is {type(unfolded).__name__}: give ReweightedEvents, as OmniFold's; of "
                "generated events take parameter(samples, weights)"
            )
        if len(unfolded.replicas) < 2:
            raise ValueError(
                f"{len(unfolded.replicas)} replicas: an error needs two, better 50; unfold with "
                "n_replicas=50"
            )
        counted = unfolded.weights != 0
        rows = as_floats("true", true)
        if len(rows) != len(counted):
            raise ValueError(
                f"true has {len(rows)} events and the result {len(counted)}: give the simulated "
                "events of the fit, in the same order"
            )
        values = self(rows[counted])
        results = [
            self._on_the_line(float(np.average(values, weights=weights[counted])))
            for weights in _all_weights(unfolded)
        ]
        return Interval.symmetric(results[0], float(np.std(results[1:], ddof=1)))

    def _on_the_line(self, mean: float) -> float:
        if self.means is None:
            raise ValueError("there is no observable yet: call fit(first, second)")
        first, second = self.parameters
        share = (mean - self.means[1]) / (self.means[0] - self.means[1])
        return second + share * (first - second)


def _all_weights(unfolded: ReweightedEvents) -> Sequence[np.ndarray]:
    """Those of the result, and then those of the replicas."""
    return [unfolded.weights, *(replica.weights for replica in unfolded.replicas)]
