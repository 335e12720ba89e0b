"""Method against method: the share of the gap that each closes, and which events it moves.

`benchmarks/unfolding_methods.py` runs all methods on the six observables of `zjets_unfolding` with
these functions, and writes the tables that `method_tables` reads.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hepml_lite.containers.validation import texts
from hepml_lite.densities.judge import boosted_trees
from hepml_lite.statistics.data_checks import as_floats, checked_finite, weights_or_ones
from hepml_lite.statistics.migration import (
    migration_distance,
    migration_floor,
    migration_matrix,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count
from hepml_lite.statistics.two_sample import classifier_two_sample_test, wasserstein_distances
from hepml_lite.unfolding.generated_events import GeneratedEvents
from hepml_lite.unfolding.reports import closed_gap
from hepml_lite.unfolding.reweighted import ReweightedEvents
from hepml_lite.unfolding.simulated_events import SimulatedEvents, as_table

N_BINS = 20
Result = ReweightedEvents | GeneratedEvents


def unfolded_events(result: Result, simulation: SimulatedEvents) -> tuple[np.ndarray, np.ndarray]:
    """True features (K, D) and weights (K,) of an unfolded result, of either kind.

    Raises:
        TypeError: another result or simulation.
        ValueError: weights of other events than the simulated ones.
    """
    if not isinstance(simulation, SimulatedEvents):
        raise TypeError(
            f"simulation is {type(simulation).__name__}: give SimulatedEvents, as "
            "SimulatedEvents.of_pair(pair)"
        )
    if not isinstance(result, ReweightedEvents | GeneratedEvents):
        raise TypeError(
            f"result is {type(result).__name__}: give what `unfold` of a method returned"
        )
    if isinstance(result, ReweightedEvents):
        there = simulation.true_ok
        if len(result.weights) != len(there):
            raise ValueError(
                f"the result has {len(result.weights)} weights for {len(there)} simulated events: "
                "give the simulation of the fit"
            )
        return as_table(simulation.true)[there], result.weights[there]
    n_draws = len(result.samples)
    rows = result.samples.reshape(-1, result.samples.shape[-1])
    return rows, np.tile(result.weights, n_draws) / n_draws


def gap_table(
    result: Result,
    simulation: SimulatedEvents,
    nature: ArrayLike,
    quantities: Sequence[str],
    n_bootstrap: int = 50,
    rng: Seed = 0,
) -> pd.DataFrame:
    """The share of the gap that an unfolding closes, one row an observable.

    Args:
        result: what `unfold` returned.
        simulation: N events of the fit; their truth is where the gap starts.
        nature: true features (M, D) of events that were not unfolded.
        quantities: names of the D features.
        n_bootstrap: resamples for the error.
        rng: of the same.

    Raises:
        ValueError: another number of features than names, or as `unfolded_events`.
    """
    names = texts("quantities", quantities)
    unfolded, weights = unfolded_events(result, simulation)
    truth = as_floats("nature", nature)
    there = simulation.true_ok
    start = as_table(simulation.true)[there]
    for level, table in (("nature", truth), ("simulation.true", start), ("the result", unfolded)):
        require_columns(level, table, names)
    rows = []
    for column, name in enumerate(names):
        gap = closed_gap(
            start[:, column],
            simulation.weights[there],
            weights,
            truth[:, column],
            equal_bins(start[:, column]),
            n_bootstrap,
            rng,
            generated=unfolded[:, column],
        )
        row = {"observable": name, "after": 1e3 * gap.after, "floor": 1e3 * gap.floor}
        row["closed"] = gap.share.value if gap.share else np.nan
        row["error"] = gap.share.high - gap.share.value if gap.share else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def moved_table(
    result: GeneratedEvents, simulation: SimulatedEvents, quantities: Sequence[str]
) -> pd.DataFrame:
    """The share of simulated events that move to a wrong bin, one row an observable.

    The method unfolds the measured events of its own simulation. `moved` is half the sum of the
    differences of both migration matrices, averaged over measured bins with their numbers of
    events; `moved_floor` is what chance makes of it where the migration is right.

    Args:
        result: of unfolding `simulation.measured` of matched events.
        simulation: the same matched events, with the same features at both levels.
        quantities: names of the D features.

    Raises:
        TypeError: a result that moves no events, as one of weights.
        ValueError: another number of features than names, or other events.
    """
    names = texts("quantities", quantities)
    if not isinstance(result, GeneratedEvents):
        raise TypeError(
            f"result is {type(result).__name__}: give GeneratedEvents; weights move no event to "
            "another bin"
        )
    unfolded_events(result, simulation)  # the same checks
    measured = as_table(simulation.measured)
    true = as_table(simulation.true)
    levels = {"simulation.measured": measured, "simulation.true": true}
    for level, table in (levels | {"the result": result.samples[0]}).items():
        require_columns(level, table, names)
    rows = []
    for column, name in enumerate(names):
        edges = equal_bins(true[:, column], 10)
        start = measured[:, column]
        exact = migration_matrix(start, true[:, column], edges, edges)
        ends = result.samples[0, :, column]
        wrong = migration_distance(migration_matrix(start, ends, edges, edges), exact)
        counts, _ = np.histogram(start, edges)
        moved = float(np.average(wrong, weights=counts))
        floor = float(np.average(migration_floor(exact, counts), weights=counts))
        rows.append({"observable": name, "moved": moved, "moved_floor": floor})
    return pd.DataFrame(rows)


def require_columns(level: str, table: np.ndarray, names: Sequence[str]) -> None:
    """Refuse a table (N, D) that does not have one column for each name.

    Raises:
        ValueError: it has other ones; the message names the level.
    """
    if table.ndim != 2 or table.shape[1] != len(names):
        raise ValueError(
            f"{level} has shape {table.shape}: give (N, {len(names)}), one column for each of "
            f"{', '.join(names)}"
        )


def quality_row(
    unfolded: ArrayLike, weights: ArrayLike, nature: ArrayLike, rng: int = 0
) -> dict[str, float]:
    """How far unfolded events are from nature in all observables together.

    auc: of boosted trees that tell both apart, 0.5 where they cannot; auc_error: of the events.
    correlation: largest difference of a correlation between two observables.
    wasserstein: mean over the observables, in units of nature's standard deviation.

    Args:
        unfolded: features (K, D).
        weights: (K,).
        nature: true features (M, D) of events that were not unfolded.
        rng: seed of the folds and of the trees.

    Raises:
        ValueError: as `correlation_matrix`.
    """
    rows = checked_finite("unfolded", unfolded, 2)
    truth = checked_finite("nature", nature, 2)
    found = correlation_matrix(rows, weights) - correlation_matrix(truth)
    test = classifier_two_sample_test(
        rows, truth, rng, weights_a=weights, n_folds=3, make_classifier=boosted_trees
    )
    far = wasserstein_distances(rows, truth, weights) / truth.std(axis=0)
    return {
        "auc": test.auc,
        "auc_error": test.auc_error,
        "correlation": float(np.abs(found).max()),
        "wasserstein": float(far.mean()),
    }


def correlation_matrix(events: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Correlations (D, D) of the features of weighted events (N, D).

    Raises:
        ValueError: no table, fewer than two events, NaN, weights that do not fit or are negative,
            or a feature that is the same in all events.
    """
    rows = checked_finite("events", events, n_axes=2)
    counted = weights_or_ones(weights, rows[:, 0] if rows.size else np.zeros(len(rows)))
    there = rows[counted > 0]
    if len(there) < 2 or (np.ptp(there, axis=0) == 0).any():
        raise ValueError(
            f"{len(there)} events with {there.shape[1]} features, of which some never change: a "
            "correlation needs two events or more, and features that vary; leave the others out"
        )
    covariance = np.atleast_2d(np.cov(rows.T, aweights=counted))
    spread = np.sqrt(np.diag(covariance))
    return covariance / np.outer(spread, spread)


def equal_bins(values: ArrayLike, n_bins: int = N_BINS) -> np.ndarray:
    """Edges of bins with equal content, without the outer half per cent; equal edges count once.

    Raises:
        ValueError: NaN, no bins, or values that are all the same, which fill no bin.
    """
    shares = np.linspace(0.005, 0.995, checked_count("n_bins", n_bins) + 1)
    edges = np.unique(np.quantile(checked_finite("values", values, fewest=2), shares))
    if len(edges) < 2:
        raise ValueError(f"nearly all values are {edges[0]:g}: bins of equal content need a spread")
    return edges
