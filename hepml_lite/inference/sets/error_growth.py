"""How errors grow with the number of events: a product of single-event ratios, or one set network.

The likelihood of N independent events is a product, so that log ratios of single events are added.
An error e of each learned log ratio becomes up to N e in the sum, while the width of the posterior
falls as 1/sqrt(N): in widths of the posterior the bias grows as sqrt(N). A network of whole sets is
trained on its own sum, and its error does not add up; but it must be trained for each N that it
shall answer. One parameter, and the exact posterior on a grid as the judge.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hepml_lite.exact.priors import Prior
from hepml_lite.exact.simulator import ExactSimulator
from hepml_lite.inference.posterior import neural_posterior
from hepml_lite.inference.posterior.neural_posterior import Posterior
from hepml_lite.inference.ratio.network import FittedRatio
from hepml_lite.inference.sets.event_features import EventFeatures, MeanFeatures
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

N_VALUES = 121  # of the parameter, over the prior
N_DRAWS = 500


class Moments(NamedTuple):
    """Mean and width of the posteriors of S sets, both (S,)."""

    mean: np.ndarray
    width: np.ndarray


def grid_of(prior: Prior) -> np.ndarray:
    """Values (G,) of one parameter that cover its prior, from its outermost draws."""
    draws = prior.sample(10_000, 0)
    return np.linspace(draws.min(), draws.max(), N_VALUES)


def moments(values: ArrayLike, log_density: ArrayLike) -> Moments:
    """Of densities exp(log_density) (S, G) on even values (G,), normalised or not.

    Raises:
        ValueError: shapes that do not agree, or NaN.
    """
    grid = checked_finite("values", values, n_axes=1)
    log_p = checked_finite("log_density", log_density, n_axes=2)
    if log_p.shape[1] != len(grid):
        raise ValueError(f"log_density has shape {log_p.shape} for {len(grid)} values")
    weights = np.exp(log_p - log_p.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    mean = weights @ grid
    variance = weights @ grid**2 - mean**2
    return Moments(mean, np.sqrt(np.maximum(variance, 0)))


def exact_moments(simulator: ExactSimulator, sets: np.ndarray, values: np.ndarray) -> Moments:
    """Of the exact posteriors of sets (S, N, D)."""
    rows = sets.reshape(-1, sets.shape[-1])
    log_l = [simulator.log_likelihood([value], rows).reshape(len(sets), -1) for value in values]
    return moments(values, _with_prior(np.sum(log_l, axis=2).T, simulator.prior, values))


def product_moments(
    ratio: FittedRatio, prior: Prior, sets: np.ndarray, values: np.ndarray
) -> Moments:
    """Of the prior times the product of learned ratios of the events of sets (S, N, D)."""
    rows = sets.reshape(-1, sets.shape[-1])
    log_r = [ratio.log_ratio([value], rows).reshape(len(sets), -1) for value in values]
    return moments(values, _with_prior(np.sum(log_r, axis=2).T, prior, values))


def network_moments(
    fitted: Posterior, embedding: MeanFeatures, sets: np.ndarray, rng: Seed = 0
) -> Moments:
    """Of draws of a posterior that was fitted to summaries of sets (S, N, D)."""
    draws = fitted.sample(N_DRAWS, embedding(sets), rng)[..., 0]  # (draws, S)
    return Moments(draws.mean(0), draws.std(0))


def fit_set_network(
    simulator: ExactSimulator, sizes: ArrayLike, n_events: int, rng: Seed = 0
) -> tuple[Posterior, MeanFeatures]:
    """A posterior of sets of several sizes, from simulated events.

    A third of the events teaches the features of single events, and the rest is shared equally by
    the sizes: few large sets, many small ones.

    Args:
        simulator: of the events.
        sizes: numbers of events in a set.
        n_events: simulated in all.
        rng: generator or seed.

    Raises:
        ValueError: so few events that there are fewer than twenty sets of a size.
    """
    generator = checked_rng(rng)
    numbers = _checked_sizes(sizes)
    share = 2 * checked_count("n_events", n_events) // (3 * len(numbers))
    if share < 20 * max(numbers):
        raise ValueError(
            f"{n_events} events are {share // max(numbers)} sets of {max(numbers)}: give at least "
            f"{30 * len(numbers) * max(numbers)} events, or smaller sets"
        )
    theta = simulator.prior.sample(n_events // 30, generator)
    features = EventFeatures().fit(theta, _sets(simulator, theta, 10, generator), generator)
    embedding = MeanFeatures(features)
    points = []
    summaries = []
    for size in numbers:
        theta = simulator.prior.sample(share // size, generator)
        points.append(theta)
        summaries.append(embedding(_sets(simulator, theta, size, generator)))
    fitted = neural_posterior.fit(
        np.concatenate(points), np.concatenate(summaries), prior=simulator.prior, rng=generator
    )
    return fitted, embedding


def error_growth(
    simulator: ExactSimulator,
    ratio: FittedRatio,
    set_network: tuple[Posterior, MeanFeatures],
    sizes: ArrayLike,
    n_sets: int = 50,
    rng: Seed = 0,
) -> pd.DataFrame:
    """Errors of both ways against the exact posterior, for each number of events.

    Args:
        simulator: of one parameter.
        ratio: of single events.
        set_network: of `fit_set_network`.
        sizes: numbers of events in a set.
        n_sets: for each size, at points of the prior.
        rng: generator or seed.

    Returns:
        One row for each size and method: `shift`, the root mean square distance of the means in
        widths of the exact posterior, and `width`, the median of the widths over the exact ones.

    Raises:
        ValueError: a simulator of several parameters.
    """
    if simulator.prior.n_parameters != 1:
        raise ValueError(f"{simulator.prior.n_parameters} parameters: the grid is for one")
    generator = checked_rng(rng)
    values = grid_of(simulator.prior)
    rows = []
    for size in _checked_sizes(sizes):
        theta = simulator.prior.sample(checked_count("n_sets", n_sets), generator)
        sets = _sets(simulator, theta, size, generator)
        exact = exact_moments(simulator, sets, values)
        found = {
            "product of ratios": product_moments(ratio, simulator.prior, sets, values),
            "set network": network_moments(*set_network, sets, generator),
        }
        for name, judged in found.items():
            pulls = (judged.mean - exact.mean) / exact.width
            shift = float(np.sqrt((pulls**2).mean()))
            rows.append((size, name, shift, float(np.median(judged.width / exact.width))))
    return pd.DataFrame(rows, columns=["n_events", "method", "shift", "width"])


def _checked_sizes(sizes: ArrayLike) -> list[int]:
    """Numbers of events in a set, one or several."""
    numbers = np.atleast_1d(checked_finite("sizes", sizes))
    if numbers.ndim != 1 or not len(numbers):
        raise ValueError(f"sizes is {sizes!r}: give one number of events or several, as [10, 100]")
    return [checked_count("size", size) for size in numbers.tolist()]


def _sets(
    simulator: ExactSimulator, theta: np.ndarray, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Sets (M, N, D) of events at the points (M, P)."""
    return simulator.simulate(theta, size, rng).swapaxes(0, 1)


def _with_prior(log_l: np.ndarray, prior: Prior, values: np.ndarray) -> np.ndarray:
    """Log likelihood (S, G) plus log prior, finite."""
    log_prior = prior.log_prob(values[:, None])
    return np.maximum(log_l + log_prior, -1e300)
