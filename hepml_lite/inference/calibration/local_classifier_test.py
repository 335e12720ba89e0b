"""Is the posterior of one observation right? A classifier test that needs no exact posterior.

A classifier learns to tell pairs (theta, x) of prior and simulator from pairs (draw of the estimate
for x, x). Asked at the one observation, for draws of the estimate there, it answers one half if the
estimate is right (Linhart, Gramfort, Rodrigues, arXiv:2306.03580). The same statistic of
classifiers that were trained on shuffled labels says what chance gives.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite.densities.rows import checked_condition, checked_table
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

LARGEST_SEED = 2**31
N_TREES = 100
LEAVES = 8


@dataclass(frozen=True)
class LocalTest:
    """The statistic at one observation.

    Attributes:
        value: mean of (probability - 1/2)² over draws of the estimate; zero if it is right.
        chance: the same of classifiers without anything to learn (n_null,).
        p_value: share of `chance` that is at least as large.
    """

    value: float
    chance: np.ndarray
    p_value: float


def local_classifier_test(
    theta: ArrayLike,
    drawn: ArrayLike,
    x: ArrayLike,
    observed: ArrayLike,
    drawn_at_observed: ArrayLike,
    n_null: int = 20,
    rng: Seed = 0,
) -> LocalTest:
    """Test the estimate at one observation.

    Args:
        theta: points (N, P) of the prior.
        drawn: one draw (N, P) of the estimate for each x.
        x: the simulation (N, D) at each theta.
        observed: (D,).
        drawn_at_observed: draws (S, P) of the estimate for it.
        n_null: classifiers of shuffled labels; the p-value is at least 1 / (n_null + 1).
        rng: generator or seed.

    Raises:
        ValueError: lengths that differ, or NaN.
    """
    true = checked_table("theta", theta)
    estimated = checked_condition(drawn, len(true))
    data = checked_condition(x, len(true))
    at_observed = checked_table("drawn_at_observed", drawn_at_observed)
    observation = checked_finite("observed", observed, n_axes=1)
    generator = checked_rng(rng)
    rows = np.column_stack([np.concatenate([true, estimated]), np.tile(data, (2, 1))])
    label = np.repeat([0, 1], len(true))
    there = np.column_stack([at_observed, np.tile(observation, (len(at_observed), 1))])
    value = _statistic(rows, label, there, generator)
    chance = []
    for _ in range(checked_count("n_null", n_null)):
        swapped = generator.integers(2, size=len(true))  # theta and draw of a pair change places
        shuffled = np.concatenate([swapped, 1 - swapped])
        chance.append(_statistic(rows, shuffled, there, generator))
    p_value = (1 + np.sum(np.array(chance) >= value)) / (1 + len(chance))
    return LocalTest(value, np.array(chance), float(p_value))


def _statistic(
    rows: np.ndarray, label: np.ndarray, there: np.ndarray, rng: np.random.Generator
) -> float:
    classifier = HistGradientBoostingClassifier(
        max_iter=N_TREES,
        max_leaf_nodes=LEAVES,
        early_stopping=True,
        random_state=int(rng.integers(LARGEST_SEED)),
    )
    classifier.fit(rows, label)
    probability = classifier.predict_proba(there)[:, 1]
    return float(((probability - 0.5) ** 2).mean())
