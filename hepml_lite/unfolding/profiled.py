"""OmniFold with a detector that is known up to a nuisance parameter θ, fitted together.

The simulation is made with θ = 0. A second simulation, in which each event has its own θ, teaches
how the response changes, again as a classifier:

    w(m, t, θ) = p(m | t, θ) / p(m | t, 0).

The likelihood of the data depends on ν(t) and θ. Each iteration takes both from the same
expectation (H. Zhu et al., Profile OmniFold, arXiv:2409.10421; another way is J. Chan, B. Nachman,
arXiv:2302.05390):

    1. ω = ν(t) w(m, t, θ) · p_data(m) / p_νw(m), as in OmniFold but with w,
    2. ν(t) = ν₀(t) · p_ω(t) / p_ν₀(t),
    3. θ = the largest Σ ω log w(m, t, θ) − θ² / 2σ², with the ω of step 1, that sum to the data.

σ is the width of a constraint: θ is known to be 0 ± σ from elsewhere. A θ that the data cannot tell
from a change of the truth stays near the constraint, or where it started. Look at both.

Only events in both selections are used: θ may not change what is selected.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.densities import DensityRatio, TrainingPlan, fit_ratio
from hepml_lite.densities.classifiers import Model
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng
from hepml_lite.unfolding.omnifold import OmniFold, measurement
from hepml_lite.unfolding.reweighted import ReweightedEvents
from hepml_lite.unfolding.simulated_events import SimulatedEvents, as_table


@dataclass(frozen=True)
class ProfiledEvents(ReweightedEvents):
    """Simulated events with the weights of nature, and the nuisance parameter.

    Attributes:
        nuisance: θ after each iteration, (n + 1,); the first is 0, that of the simulation.
        weights, history, n_true, replicas: as in `ReweightedEvents`.
    """

    nuisance: np.ndarray = field(kw_only=True)


@dataclass(frozen=True)
class ResponseChange:
    """log w(m, t, θ) of N simulated events, as a curve in θ for each.

    Attributes:
        nuisance: the K values of θ at which w is known, rising.
        log_weights: (K, N).
    """

    nuisance: np.ndarray
    log_weights: np.ndarray

    def __call__(self, theta: float) -> np.ndarray:
        """log w (N,) at one θ between the first and the last of the values.

        Raises:
            ValueError: a θ outside, where no varied event was.
        """
        low, high = float(self.nuisance[0]), float(self.nuisance[-1])
        theta = checked_number("θ", theta, low, high, example="a value among the varied events")
        return CubicSpline(self.nuisance, self.log_weights)(theta)

    def best(self, weights: np.ndarray, constraint: float | None) -> float:
        """The θ with the largest Σ ω log w − θ² / 2σ².

        Args:
            weights: ω (N,); their sum is the number of data events.
            constraint: σ; None: no constraint.
        """
        curve = CubicSpline(self.nuisance, self.log_weights @ weights)

        def excess(theta: float) -> float:
            penalty = 0.0 if constraint is None else theta**2 / (2 * constraint**2)
            return penalty - float(curve(theta))

        bounds = (self.nuisance[0], self.nuisance[-1])
        return float(minimize_scalar(excess, bounds=bounds, method="bounded").x)


@dataclass
class ProfiledOmniFold:
    """OmniFold that fits a nuisance parameter of the detector, too.

    Attributes:
        omnifold: with the settings of both steps and their number.
        constraint: σ of an earlier measurement of θ, around 0; None: none.
        model: of the classifier that learns w, as in `densities.fit_ratio`.
        folds: of the same.
        plan: of the training of the same.
        n_points: values of θ at which w is evaluated; a spline joins them.
        simulation: after `fit`.
        response: after `fit`.

    >>> ProfiledOmniFold(OmniFold(n_iterations=3), constraint=0.1).n_points
    13
    """

    omnifold: OmniFold = field(default_factory=OmniFold)
    constraint: float | None = None
    model: Model = "mlp"
    folds: int = 2
    plan: TrainingPlan | None = None
    n_points: int = 13
    simulation: SimulatedEvents | None = field(default=None, init=False, repr=False)
    response: ResponseChange | None = field(default=None, init=False, repr=False)

    def fit(
        self,
        simulation: UnfoldingPair | SimulatedEvents,
        varied: UnfoldingPair | SimulatedEvents,
        nuisance: ArrayLike,
        quantities: Sequence[str] | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn how the response changes with the nuisance parameter.

        Args:
            simulation: events with θ = 0.
            varied: events of the same truth, each with its own θ. Spread θ over the range in
                which the answer may lie: none outside is found.
            nuisance: θ of each varied event, (M,).
            quantities: of containers.
            rng: of the training.

        Raises:
            ValueError: another number of θ than varied events, or as
                `SimulatedEvents.from_simulation`.
        """
        nominal = SimulatedEvents.from_simulation(simulation, quantities).only_matched()
        events = SimulatedEvents.from_simulation(varied, quantities)
        theta = as_floats("nuisance", nuisance)
        if theta.shape != (len(events),):
            raise ValueError(
                f"nuisance has shape {theta.shape} for {len(events)} varied events: give one "
                "value for each"
            )
        theta = theta[events.matched]
        generator = checked_rng(rng)
        ratio = self._ratio(events.only_matched(), nominal, theta, generator)
        count = checked_count("n_points", self.n_points, 4, "a spline needs four")
        points = np.linspace(theta.min(), theta.max(), count)
        both = _both_levels(nominal)
        rows = [ratio.log_ratio(both, np.full(len(both), point)) for point in points]
        self.simulation = nominal
        self.response = ResponseChange(points, np.array(rows))
        return self

    def unfold(
        self, measured: ArrayLike, weights: ArrayLike | None = None, *, rng: Seed = 0
    ) -> ProfiledEvents:
        """The matched simulated events with the weights of nature, and θ.

        Args:
            measured: data (M, E) with the features of the simulation.
            weights: (M,) of the data.
            rng: generator or seed.

        Raises:
            ValueError: before `fit`, or for events and weights that do not fit.
        """
        if self.simulation is None or self.response is None:
            raise ValueError("there is no simulation yet: call fit(simulation, …) before unfold")
        if self.constraint is not None:
            checked_number("constraint", self.constraint, 0, np.inf, "()", "0.1")
        events = self.simulation
        data = measurement(measured, weights)
        n_data = data.weights.sum()
        generator = checked_rng(rng)
        history = [events.weights]
        thetas = [0.0]
        for _ in range(checked_count("n_iterations", self.omnifold.n_iterations, fewest=0)):
            pushed = history[-1] * np.exp(self.response(thetas[-1]))
            pulled, _ = self.omnifold.step_1(events, data, pushed, generator)
            new, _ = self.omnifold.step_2(events, events.weights, pulled, generator)
            history.append(new * (events.weights.sum() / new.sum()))
            of_data = pulled * (n_data / pulled.sum())
            thetas.append(self.response.best(of_data, self.constraint))
        unfolded = np.array(history)
        return ProfiledEvents(unfolded[-1], unfolded, float(n_data), nuisance=np.array(thetas))

    def _ratio(
        self,
        varied: SimulatedEvents,
        nominal: SimulatedEvents,
        theta: np.ndarray,
        rng: np.random.Generator,
    ) -> DensityRatio:
        """w of (m, t) given θ; the nominal events get θ of the same distribution, at random."""
        return fit_ratio(
            _both_levels(varied),
            _both_levels(nominal),
            weights=(varied.weights, nominal.weights),
            condition=(theta, rng.choice(theta, len(nominal))),
            model=self.model,
            folds=self.folds,
            plan=self.plan,
            rng=rng,
        )


def _both_levels(events: SimulatedEvents) -> np.ndarray:
    """(m, t) of each event, (N, E + D)."""
    return np.concatenate([as_table(events.measured), as_table(events.true)], axis=1)
