"""The strong coupling from hadronic Z decays, with the nuisance profiled or marginalised.

Events are the shapes of `ee_shapes`: sets at one point (alpha_s, a) each, where a is a parameter of
the fragmentation that is not wanted but changes the same shapes. Its prior decides the width of the
result: it is uniform from 0.4 to 1.0, the range of the sample.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.events import Events
from hepml_lite.exact.priors import UniformPrior
from hepml_lite.inference.classical.nuisances import Curve, marginalised, profiled
from hepml_lite.inference.sets import likelihood_of_means
from hepml_lite.inference.sets.event_features import EventFeatures, checked_sets
from hepml_lite.inference.sets.likelihood_of_means import LikelihoodOfMeans
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

PARAMETERS = ("alpha_s", "a_lund")
SHAPES = ("multiplicity", "one_minus_thrust", "c_parameter", "ln_y23", "heavy_jet_mass")
PRIOR = UniformPrior(np.array([0.100, 0.4]), np.array([0.145, 1.0]))
EVENTS_AT_A_POINT = 400  # in the bundled sample
GRID = (121, 61)  # of alpha_s and a
LEARNING_SHARE = 0.6  # of the sets, for the features; the others calibrate the likelihood


class Sets(NamedTuple):
    """Sets of events with their true parameters.

    Attributes:
        theta: (M, 2), alpha_s and a.
        events: (M, N, 5), the shapes.
    """

    theta: np.ndarray
    events: np.ndarray


def sets(events: Events, n_events: int = EVENTS_AT_A_POINT) -> Sets:
    """The events of `ee_shapes`, which has as many in a row at each point.

    Args:
        events: whole splits of the sample, or what its generator makes.
        n_events: at each point.

    Raises:
        ValueError: points that change within a set, or a number of rows that is no multiple.
    """
    size = checked_count("n_events", n_events)
    if len(events) % size:
        raise ValueError(f"{len(events)} events are no multiple of {size}: give whole sets")
    theta = events.columns(*PARAMETERS).reshape(-1, size, 2)
    if (np.ptp(theta, axis=1) > 0).any():
        raise ValueError(f"the parameters change within {size} events: is n_events right?")
    shapes = events.columns(*SHAPES).reshape(len(theta), size, -1)
    return Sets(theta[:, 0].astype(float), shapes.astype(float))


@dataclass(frozen=True)
class AlphaS:
    """What is learned from simulated sets, and applied to data.

    Attributes:
        features: of single events.
        likelihood: of their means.
    """

    features: EventFeatures
    likelihood: LikelihoodOfMeans

    def curves(self, events: ArrayLike) -> tuple[list[Curve], list[Curve]]:
        """Profile and marginal likelihoods of alpha_s for each of S sets (S, N, 5).

        The nuisance lies within its prior, uniform from 0.4 to 1.0.
        """
        alpha_s, _ = grid()
        tables = self.log_likelihood(events)
        profiles = [profiled(alpha_s, table) for table in tables]
        return profiles, [marginalised(alpha_s, table) for table in tables]

    def log_likelihood(self, events: ArrayLike) -> np.ndarray:
        """Log likelihood (S, 121, 61) of S sets (S, N, 5) at all values of `grid()`."""
        mean, n_events = self._means(events)
        return self.likelihood.log_likelihood(grid_points(), mean, n_events).reshape(-1, *GRID)

    def known_nuisance(self, events: ArrayLike, a_lund: float) -> list[Curve]:
        """The likelihood of alpha_s if the nuisance were known."""
        mean, n_events = self._means(events)
        alpha_s, _ = grid()
        points = np.column_stack([alpha_s, np.full(len(alpha_s), a_lund)])
        log_l = self.likelihood.log_likelihood(points, mean, n_events)
        return [Curve(alpha_s, each - each.max()) for each in log_l]

    def goodness_of_fit(self, events: ArrayLike) -> np.ndarray:
        """P-values (S,) of sets (S, N, 5): does any point of the prior describe the mean features?

        Three features are left after two parameters. A small one says that nature has what the
        simulation lacks, or that the point is outside the prior. Learned features keep what the
        parameters need, and little of what would tell: `likelihood_of_means.fit(theta, events)`
        of the shapes themselves sees more.
        """
        mean, n_events = self._means(events)
        return self.likelihood.goodness_of_fit(grid_points(), mean, n_events)

    def _means(self, events: ArrayLike) -> tuple[np.ndarray, int]:
        """Mean features (S, K) and events in a set."""
        given = checked_finite("events", events)
        if given.ndim == 2:
            given = given[None]
        return self.features.of(given).mean(1), given.shape[1]


def fit(theta: ArrayLike, events: ArrayLike, rng: Seed = 0) -> AlphaS:
    """Learn features from the first sets and their likelihood from the others.

    Args:
        theta: (M, 2), alpha_s and a, spread evenly over the prior.
        events: (M, N, 5).
        rng: generator or seed.

    Raises:
        ValueError: shapes that do not agree, NaN, or too few sets.
    """
    points, shapes = checked_sets(theta, events)
    n_learning = round(LEARNING_SHARE * len(points))
    features = EventFeatures().fit(points[:n_learning], shapes[:n_learning], rng)
    calibration = features.of(shapes[n_learning:])
    return AlphaS(features, likelihood_of_means.fit(points[n_learning:], calibration))


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Values of alpha_s (121,) and of the nuisance (61,) that cover the prior."""
    low, high = PRIOR.low, PRIOR.high
    return np.linspace(low[0], high[0], GRID[0]), np.linspace(low[1], high[1], GRID[1])


def grid_points() -> np.ndarray:
    """All pairs of `grid` (7381, 2)."""
    return np.stack(np.meshgrid(*grid(), indexing="ij"), -1).reshape(-1, 2)


def with_lost_tracks(events: ArrayLike, efficiency: ArrayLike, rng: Seed = 0) -> np.ndarray:
    """The same events behind a tracker that loses charged particles at random.

    Only the multiplicity changes: the other shapes are measured by a calorimeter.

    Args:
        events: sets (S, N, 5), or one set (N, 5).
        efficiency: chance to find a charged particle, one number or one for each set (S,).
        rng: generator or seed.

    Raises:
        ValueError: an efficiency outside [0, 1], another number of efficiencies than sets, or NaN.
    """
    given = checked_finite("events", events)
    chance = checked_finite("efficiency", efficiency)
    if ((chance < 0) | (chance > 1)).any():
        raise ValueError(f"efficiency is {chance.tolist()}: give a share from 0 to 1, such as 0.97")
    if chance.ndim and chance.shape != given.shape[:-2]:
        raise ValueError(f"efficiency has shape {chance.shape}: give one for each set, or one")
    measured = given.copy()
    charged = np.round(given[..., 0]).astype(int)
    measured[..., 0] = checked_rng(rng).binomial(charged, chance[..., None])
    return measured


def quantile_of(curve: Curve, value: float) -> float:
    """The share of exp(log L), with a flat prior, below a value: uniform for true values."""
    density = np.exp(curve.log_likelihood)
    steps = np.diff(curve.values)
    summed = np.append(0, np.cumsum(steps * (density[1:] + density[:-1]) / 2))
    return float(np.interp(value, curve.values, summed / summed[-1]))
