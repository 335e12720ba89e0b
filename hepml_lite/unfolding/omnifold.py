"""OmniFold: iterative Bayes without bins, by classifiers (arXiv:1911.09107).

With generator weights ν₀, and densities of the data p, each iteration has two steps:

    1. at detector level:  ω(m) = ν(m) · p_data(m) / p_ν(m),
    2. at particle level:  ν(t) = ν₀(t) · p_ω(t) / p_ν₀(t).

Step 1 makes the simulation look like the data. Step 2 turns these weights into a function of the
truth alone: the mean of ω over all events with that truth. Both ratios are learned as
classifiers, with `densities.fit_ratio`. On one feature the method is called UniFold, on several
MultiFold, on particles OmniFold; here it is the same class.

Missed events have no ω. In step 2 they get what is expected of measured events with the same
truth, for the ratio is learned from measured events and applied to all: the efficiency cancels.
Fakes have no ν. They get the expectation of ν of true events with the same measurement. Bins do
the same with ε_j and with the share of fakes in each bin; no event gets a dummy value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.densities import DensityRatio, TrainingPlan, fit_ratio
from hepml_lite.densities.classifiers import Model, NetworkClassifier
from hepml_lite.densities.labelled_rows import Sample, checked_signed_weights
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.unfolding.reweighted import Replica, ReweightedEvents
from hepml_lite.unfolding.simulated_events import (
    SimulatedEvents,
    checked_level,
    joined,
    n_rows,
    rows_of,
)


@dataclass(frozen=True)
class Measurement:
    """Measured events, with background subtracted as events of negative weight.

    Attributes:
        events: (M, E), or (features (M, P, F), mask (M, P)).
        weights: (M,).
    """

    events: Sample
    weights: np.ndarray

    def fluctuated(self, rng: np.random.Generator) -> Self:
        """The same with Poisson weights: a bootstrap whose number of events varies too."""
        return type(self)(self.events, self.weights * rng.poisson(1, len(self.weights)))


@dataclass
class OmniFold:
    """Unfolding by reweighting; each ratio of each iteration is a fresh classifier.

    Attributes:
        n_iterations: of both steps; 0 gives the generator weights back.
        model: "mlp", "trees", "deep_sets" or a module, as in `densities.fit_ratio`.
        n_ensemble: trainings whose log ratios are averaged, in each step.
        folds: parts of the events, each judged by classifiers that did not see it.
        calibrate: correct slope and offset of each log ratio, as in `densities.fit_ratio`. The
            noise of a classifier makes the slope smaller than one, so that each ratio falls short
            of the truth: with 6000 events and trees the mean of one ratio was 1.2 of its
            statistical errors too near to the prior with it, and 0.4 without.
        clip: the largest ratio of one step; None: as many as there are events.
        plan: of the training of networks; None: that of `densities.fit_ratio`.
        fresh: each training starts from new weights. False: from those of the same step in the
            iteration before (a warm start). It needs fewer epochs, but then a network has seen
            events that it judges, and keeps what it learned of their noise.
        simulation: after `fit`.

    >>> OmniFold(n_iterations=3, model="trees").n_iterations
    3
    """

    n_iterations: int = 4
    model: Model = "mlp"
    n_ensemble: int = 1
    folds: int = 5
    calibrate: bool = False
    clip: float | None = None
    plan: TrainingPlan | None = None
    fresh: bool = True
    simulation: SimulatedEvents | None = field(default=None, init=False, repr=False)

    def fit(
        self, simulation: UnfoldingPair | SimulatedEvents, quantities: Sequence[str] | None = None
    ) -> Self:
        """Take the simulation that is to be reweighted; nothing is learned before the data.

        Args:
            simulation: events at both levels.
            quantities: of an UnfoldingPair; None: all. One quantity is UniFold.

        Raises:
            ValueError: as `SimulatedEvents.from_simulation`.
        """
        self.simulation = SimulatedEvents.from_simulation(simulation, quantities)
        return self

    def unfold(
        self,
        measured: Sample,
        weights: ArrayLike | None = None,
        *,
        background: Sample | None = None,
        background_weights: ArrayLike | None = None,
        n_replicas: int = 0,
        rng: Seed = 0,
    ) -> ReweightedEvents:
        """The simulated events with the weights of nature.

        Args:
            measured: data (M, E) with the features of the simulation, or (features, mask).
            weights: (M,) of the data.
            background: simulated events of other processes, subtracted with negative weights.
            background_weights: (K,), positive; they sum to the expected number of background
                events.
            n_replicas: repetitions with Poisson weights of all events, for covariances.
            rng: generator or seed of folds, trainings and replicas.

        Raises:
            ValueError: before `fit`, or for events and weights that do not fit.

        Warns:
            UserWarning: a ratio is clipped.
        """
        events = self._fitted()
        count = checked_count("n_iterations", self.n_iterations, fewest=0)
        replicas_wanted = checked_count("n_replicas", n_replicas, fewest=0)
        generator = checked_rng(rng)
        data = measurement(measured, weights, background, background_weights)
        history, n_true = self._iterations(events, data, events.weights, count, generator)
        replicas = []
        for _ in range(replicas_wanted):
            start = events.weights * generator.poisson(1, len(events))
            fluctuated = data.fluctuated(generator)
            of_replica, number = self._iterations(events, fluctuated, start, count, generator)
            replicas.append(Replica(of_replica[-1], number))
        return ReweightedEvents(history[-1], np.array(history), n_true, tuple(replicas))

    def _fitted(self) -> SimulatedEvents:
        if self.simulation is None:
            raise ValueError("there is no simulation yet: call fit(simulation) before unfold")
        return self.simulation

    def _iterations(
        self,
        events: SimulatedEvents,
        data: Measurement,
        generator_weights: np.ndarray,
        n_iterations: int,
        rng: np.random.Generator,
    ) -> tuple[list[np.ndarray], float]:
        """Weights of the true events after each iteration, and the number of true events."""
        start = np.where(events.true_ok, generator_weights, 0.0)
        history = [start]
        pulled = generator_weights
        of_data: DensityRatio | None = None
        of_truth: DensityRatio | None = None
        for _ in range(n_iterations):
            pushed = self._pushed(events, generator_weights, history[-1], rng)
            pulled, of_data = self.step_1(events, data, pushed, rng, of_data)
            new, of_truth = self.step_2(events, start, pulled, rng, of_truth)
            history.append(new * (start.sum() / new.sum()))
        return history, number_of_true(events, data, pulled, history[-1])

    def _pushed(
        self,
        events: SimulatedEvents,
        generator_weights: np.ndarray,
        true_weights: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """ν of the measured events (N,): fakes get the expectation at the same measurement."""
        pushed = true_weights.copy()
        if events.fake.any():
            matched = events.matched
            rows = rows_of(events.measured, matched)
            weights = (true_weights[matched], generator_weights[matched])
            ratio = self._ratio(rows, rows, weights, rng, same_events=True)
            scale = weights[0].sum() / weights[1].sum()  # the ratio is one of unit integrals
            expected = ratio.weights(rows_of(events.measured, events.fake))
            pushed[events.fake] = generator_weights[events.fake] * expected * scale
        return pushed

    def step_1(
        self,
        events: SimulatedEvents,
        data: Measurement,
        pushed: np.ndarray,
        rng: np.random.Generator,
        before: DensityRatio | None = None,
    ) -> tuple[np.ndarray, DensityRatio]:
        """ω (N,) of an iteration: the simulation, fakes included, looks like the data.

        Args:
            events: N simulated ones.
            data: the measurement.
            pushed: ν (N,) of the measured events.
            rng: of the training.
            before: the ratio of this step in the iteration before, for warm starts.

        Returns:
            ω, and the ratio of data and simulation.
        """
        there = events.measured_ok
        weights = (data.weights, pushed[there])
        rows = rows_of(events.measured, there)
        ratio = self._ratio(data.events, rows, weights, rng, before=before)
        pulled = np.zeros(len(events))
        pulled[there] = pushed[there] * ratio.denominator.weights
        return pulled, ratio

    def step_2(
        self,
        events: SimulatedEvents,
        start: np.ndarray,
        pulled: np.ndarray,
        rng: np.random.Generator,
        before: DensityRatio | None = None,
    ) -> tuple[np.ndarray, DensityRatio]:
        """ν (N,) as a function of the truth: learned from matched events, for missed ones too.

        Args:
            events: N simulated ones.
            start: ν₀ (N,), the generator weights of true events.
            pulled: ω (N,) of step 1.
            rng: of the training.
            before: the ratio of this step in the iteration before, for warm starts.

        Returns:
            ν, not yet normalised, and its ratio to the generator.
        """
        matched = events.matched
        rows = rows_of(events.true, matched)
        weights = (pulled[matched], start[matched])
        ratio = self._ratio(rows, rows, weights, rng, same_events=True, before=before)
        new = np.zeros(len(events))
        new[matched] = start[matched] * ratio.denominator.weights
        missed = events.missed
        if missed.any():
            new[missed] = start[missed] * ratio.weights(rows_of(events.true, missed))
        return new, ratio

    def _ratio(
        self,
        numerator: Sample,
        denominator: Sample,
        weights: tuple[np.ndarray, np.ndarray],
        rng: np.random.Generator,
        same_events: bool = False,
        before: DensityRatio | None = None,
    ) -> DensityRatio:
        numbers = np.arange(len(weights[1]))
        started = None if self.fresh or before is None else trained_network(before)
        return fit_ratio(
            numerator,
            denominator,
            weights=weights,
            groups=(numbers, numbers) if same_events else None,
            model=self.model if started is None else started,
            fresh=started is None,
            n_ensemble=self.n_ensemble,
            folds=self.folds,
            calibrate=self.calibrate,
            clip=self.clip,
            plan=self.plan,
            rng=rng,
        )


def trained_network(ratio: DensityRatio) -> nn.Module:
    """The first of the networks of a ratio, for a warm start.

    Raises:
        ValueError: the ratio was learned by trees.
    """
    classifier = ratio.fitted.ensemble[0][0]
    if not isinstance(classifier, NetworkClassifier) or classifier.network is None:
        raise ValueError('fresh=False continues a training: give model="mlp" or a network')
    return classifier.network


def measurement(
    measured: Sample,
    weights: ArrayLike | None = None,
    background: Sample | None = None,
    background_weights: ArrayLike | None = None,
) -> Measurement:
    """The data, with background events of negative weight after them.

    Raises:
        ValueError: no events, weights that do not fit them, or more background than data.
    """
    measured = checked_level("measured", measured)
    of_data = checked_signed_weights(weights, n_rows(measured), "data")
    if background is None:
        return Measurement(measured, of_data)
    background = checked_level("background", background)
    subtracted = checked_signed_weights(background_weights, n_rows(background), "background")
    if subtracted.sum() >= of_data.sum():
        raise ValueError(
            f"background weights sum to {subtracted.sum():g}, the data to {of_data.sum():g}: "
            "nothing is left; scale the background to the events expected in the data"
        )
    return Measurement(joined(measured, background), np.concatenate([of_data, -subtracted]))


def number_of_true(
    events: SimulatedEvents, data: Measurement, pulled: np.ndarray, true_weights: np.ndarray
) -> float:
    """Data events without fakes, divided by the efficiency; both shares as unfolded.

    Args:
        events: N simulated ones.
        data: the measurement.
        pulled: ω (N,), after step 1.
        true_weights: ν (N,), after step 2.
    """
    matched_share = pulled[events.matched].sum() / pulled[events.measured_ok].sum()
    efficiency = true_weights[events.matched].sum() / true_weights.sum()
    return float(data.weights.sum() * matched_share / efficiency)
