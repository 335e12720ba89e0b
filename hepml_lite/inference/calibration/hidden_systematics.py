"""Which check finds a nuisance that the training never saw?

The devil's advocate changes nature and leaves the simulation as it is (after the DL Advocate of
Golutvin, Iniukhin, Mauri, Owen, Serra, Ustyuzhanin, 2023, which searches for the worst change of
that kind). Three kinds of checks are asked:

* those of simulated sets alone (ranks, coverage, TARP) judge how well the posterior was learned,
  and cannot know that nature differs;
* those of the data (posterior predictive, classifier of data and model, importance weights) find
  what no value of the parameters describes, and miss what looks like the parameters;
* the same ranks for data whose truth is known, such as a calibration sample, find any bias.

A data set is a row of N events. An estimate is anything with `sample(n, sets) -> (n, M, P)` for
sets (M, N, D): a `Posterior` with an embedding of sets, or an exact one.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from hepml_lite.exact.simulator import ExactSimulator, Simulator
from hepml_lite.inference.calibration.data_model_checks import predictive_check
from hepml_lite.inference.posterior import sampling
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.two_sample.classifier_test import classifier_two_sample_test
from hepml_lite.statistics.two_sample.coverage import simulation_based_calibration, tarp

LEVEL = 0.68
SIGNIFICANT = 0.05  # a check that gives a smaller p-value has found something
N_DRAWS = 100
TIMES_AS_MANY = 4  # simulated events for each event of the data, in the classifier test
FOLDS = 2


class Estimate(Protocol):
    """Draws of a posterior for sets of events."""

    def sample(self, n: int, x: np.ndarray, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, M, P) for each of M sets (M, N, D)."""
        ...


@runtime_checkable
class EstimateWithDensity(Estimate, Protocol):
    """The same, with its density."""

    def log_prob(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Log density (S,) of points (S, P) for one set (1, N, D)."""
        ...


class Sets(NamedTuple):
    """Data sets with their true parameters.

    Attributes:
        theta: (M, P).
        events: (M, N, D).
    """

    theta: np.ndarray
    events: np.ndarray


def draw_sets(simulator: Simulator, n_sets: int, n_events: int, rng: Seed = 0) -> Sets:
    """Draw points of the prior, and a set of events at each."""
    generator = checked_rng(rng)
    theta = simulator.prior.sample(checked_count("n_sets", n_sets), generator)
    events = simulator.simulate(theta, n_events, generator)  # (N, M, D)
    return Sets(theta, events.swapaxes(0, 1))


def truth_p_values(estimate: Estimate, sets: Sets, rng: Seed = 0) -> dict[str, float]:
    """P-values of the checks that know the truth, for sets of any simulator, at least fifty.

    Ranks and coverage have one p-value for each parameter: the smallest counts, times P.
    """
    generator = checked_rng(rng)
    draws = estimate.sample(N_DRAWS, sets.events, generator)  # (S, M, P)
    ranks = simulation_based_calibration(draws, sets.theta, rng=generator)
    quantiles = (ranks.ranks + generator.random(ranks.ranks.shape)) / (ranks.n_draws + 1)
    n_inside = (np.abs(quantiles - 0.5) < LEVEL / 2).sum(0)
    of_coverage = [binomtest(int(n), len(sets.theta), LEVEL).pvalue for n in n_inside]
    n_parameters = sets.theta.shape[1]
    return {
        "ranks (SBC)": min(1.0, n_parameters * float(ranks.p_values.min())),
        "coverage": min(1.0, n_parameters * min(of_coverage)),
        "TARP": tarp(draws, sets.theta, rng=generator).p_value,
    }


def predictive_distances(
    estimate: Estimate, simulator: Simulator, events: np.ndarray, rng: Seed = 0
) -> np.ndarray:
    """Distance (M,) of each set from sets that are simulated at draws of its posterior.

    Sets are compared by their mean features, in widths of the simulated ones (Mahalanobis).
    """
    generator = checked_rng(rng)
    draws = estimate.sample(N_DRAWS, events, generator)
    distances = []
    for i, of_data in enumerate(events):
        simulated = simulator.simulate(draws[:, i], len(of_data), generator)  # (N, S, D)
        distances.append(predictive_check(simulated.mean(0), of_data.mean(0)).distance)
    return np.array(distances)


def lost_shares(
    estimate: EstimateWithDensity, simulator: ExactSimulator, events: np.ndarray, rng: Seed = 0
) -> np.ndarray:
    """Share (M,) of the draws that importance weights with the simulator's likelihood cost.

    Zero for an exact estimate, whatever nature does: the weights ask whether the estimate is the
    posterior of the simulator, not whether the simulator is right. A network that is asked for data
    far from its training may fail there, which the weights then show.
    """
    generator = checked_rng(rng)
    draws = estimate.sample(N_DRAWS, events, generator)
    shares = []
    for i, of_data in enumerate(events):
        points = draws[:, i]
        rows = np.tile(of_data, (len(points), 1))
        repeated = np.repeat(points, len(of_data), axis=0)
        of_events = simulator.log_likelihood(repeated, rows).reshape(len(points), -1)
        log_target = simulator.prior.log_prob(points) + of_events.sum(1)
        log_proposal = estimate.log_prob(points, of_data[None])
        weighted = sampling.weighted(points, log_target, log_proposal)
        shares.append(1 - weighted.effective_size / len(points))
    return np.array(shares)


def classifier_p_values(
    estimate: Estimate, simulator: Simulator, events: np.ndarray, rng: Seed = 0
) -> np.ndarray:
    """P-values (M,): can a classifier tell the events of a set from those simulated at its fit?

    The events of the model come from draws of the posterior, one draw each.
    """
    generator = checked_rng(rng)
    p_values = []
    for of_data in events:
        points = estimate.sample(TIMES_AS_MANY * len(of_data), of_data[None], generator)[:, 0]
        model = simulator.simulate(points, 1, generator)[0]
        test = classifier_two_sample_test(of_data, model, generator, n_folds=FOLDS)
        p_values.append(test.p_value)
    return np.array(p_values)


def p_values_among(reference: np.ndarray, statistics: np.ndarray) -> np.ndarray:
    """Share (M,) of simulated sets whose statistic (R,) is at least as large as that of the data.

    The data count as one of them, so that no p-value is zero.

    Raises:
        ValueError: NaN, which would count as the largest, or no simulated set.
    """
    reference = checked_finite("reference", reference, n_axes=1)
    statistics = checked_finite("statistics", statistics)
    if not len(reference):
        raise ValueError("reference is empty: give the statistic of at least one simulated set")
    as_large = len(reference) - np.searchsorted(np.sort(reference), statistics - 1e-12)
    return (as_large + 1) / (len(reference) + 1)


def who_finds_it(
    estimate: Estimate,
    simulator: Simulator,
    nature: Simulator,
    n_events: int = 400,
    n_tries: int = 20,
    n_sets: int = 100,
    rng: Seed = 0,
) -> pd.DataFrame:
    """How often each check has a p-value below 5 %, for data of a nature with a hidden nuisance.

    Args:
        estimate: trained on the simulator; with `log_prob`, and a simulator with a likelihood, the
            importance weights are tried, too.
        simulator: without the nuisance.
        nature: with it.
        n_events: in a data set.
        n_tries: data sets that are looked at, one after the other.
        n_sets: simulated sets in each try of a check that knows the truth, at least fifty.
        rng: generator or seed.

    Returns:
        One row a check: `looks_at`, and `found`, the share of the tries, an `Interval`. A check
        that sees nothing finds something in 5 %.

    Raises:
        ValueError: fewer than fifty sets, or no try.
    """
    generator = checked_rng(rng)
    n_sets = checked_count("n_sets", n_sets, 50, "ranks fill ten bins")
    rows = {}
    of_simulation = _found_with_truth(estimate, simulator, n_events, n_tries, n_sets, generator)
    for name, found in of_simulation.items():
        rows[f"{name} of simulations"] = ("simulation", found)
    data = draw_sets(nature, n_tries, n_events, generator).events
    reference = draw_sets(simulator, n_sets, n_events, generator).events
    for name, p_values in _of_data(estimate, simulator, data, reference, generator).items():
        rows[name] = ("data", _share_found(p_values))
    of_nature = _found_with_truth(estimate, nature, n_events, n_tries, n_sets, generator)
    for name, found in of_nature.items():
        rows[f"{name} of data with known truth"] = ("data and truth", found)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["looks_at", "found"])


def _of_data(
    estimate: Estimate,
    simulator: Simulator,
    data: np.ndarray,
    reference: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """P-values (M,) of data sets (M, N, D); reference sets (R, N, D) are simulated."""

    def ranked(statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return p_values_among(statistic(reference), statistic(data))

    found = {
        "posterior predictive": ranked(
            lambda events: predictive_distances(estimate, simulator, events, rng)
        ),
        "classifier of data and model": classifier_p_values(estimate, simulator, data, rng),
    }
    if isinstance(simulator, ExactSimulator) and isinstance(estimate, EstimateWithDensity):
        found["importance weights"] = ranked(
            lambda events: lost_shares(estimate, simulator, events, rng)
        )
    return found


def _found_with_truth(
    estimate: Estimate,
    simulator: Simulator,
    n_events: int,
    n_tries: int,
    n_sets: int,
    rng: np.random.Generator,
) -> dict[str, Interval]:
    tries = []
    for _ in range(checked_count("n_tries", n_tries)):
        sets = draw_sets(simulator, n_sets, n_events, rng)
        tries.append(truth_p_values(estimate, sets, rng))
    table = pd.DataFrame(tries)
    return {str(name): _share_found(table[name].to_numpy()) for name in table}


def _share_found(p_values: np.ndarray) -> Interval:
    return efficiency_interval(int((p_values < SIGNIFICANT).sum()), len(p_values))
