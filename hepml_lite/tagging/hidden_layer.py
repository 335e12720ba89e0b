"""What a trained network knows: observables read off its last hidden layer by a straight line.

Linear probes of hidden layers follow G. Alain, Y. Bengio, arXiv:1610.01644. A good probe means that
the number is there in a simple form, not that the network uses it. So each result stands beside
that of the same network before its training.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.intervals import Interval, central_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.tagging.bayesian_last_layer import last_layer_features
from hepml_lite.tagging.network_tagger import NetworkTagger

PENALTIES = np.logspace(-2, 4, 7)  # of the ridge regression, chosen by cross-validation


@dataclass(frozen=True)
class Read:
    """How much of the variance of an observable a straight line finds: R² on other jets.

    Attributes:
        trained: with the features of the trained network.
        untrained: with those of the same network before training.
    """

    trained: Interval
    untrained: Interval


def hidden_features(tagger: NetworkTagger, jets: Jets) -> np.ndarray:
    """Features (N, D) of the last hidden layer of a trained tagger."""
    if tagger.network is None:
        raise ValueError("this tagger has no network yet: train it with fit(jets)")
    return last_layer_features(tagger.network, tagger.recipe.arrays(jets))


def read_off(
    tagger: NetworkTagger, learn: Jets, judge: Jets, observable: tuple[ArrayLike, ArrayLike],
    seed: int = 0,
) -> Read:  # fmt: skip
    """An observable read off the last hidden layer, before and after the training.

    Args:
        tagger: a trained one.
        learn: the jets that fit the line.
        judge: other jets.
        observable: its values (N,) for `learn` and (M,) for `judge`.
        seed: of the untrained network and the bootstrap.
    """
    blank = NetworkTagger(tagger.recipe)
    blank.network = blank.make(seed).eval()
    found = []
    for each in (tagger, blank):
        features = hidden_features(each, learn), hidden_features(each, judge)
        found.append(explained(*features, *observable, rng=seed))
    return Read(*found)


def explained(
    features: ArrayLike, other_features: ArrayLike, values: ArrayLike, other_values: ArrayLike,
    n_bootstrap: int = 100, rng: Seed = 0,
) -> Interval:  # fmt: skip
    """R² of a ridge regression on other jets, with the 68 % bootstrap interval of these jets.

    R² is 1 - sum (y - f)^2 / sum (y - mean)^2: 1 if the line is exact, about 0 if it finds nothing.
    The line f stays within the values that it was fitted to: otherwise a single jet with features
    far outside of those can turn R² from 0.9 to below zero.

    Args:
        features: (N, D) that fit the line.
        other_features: (M, D) that judge it.
        values: (N,) of the observable.
        other_values: (M,).
        n_bootstrap: resamples of the M jets.
        rng: seed or generator of the resamples.

    Raises:
        ValueError: other shapes, or an observable that is the same for all jets.
    """
    x, x_other, y, y_other = (
        as_floats(name, array)
        for name, array in (
            ("features", features), ("other_features", other_features),
            ("values", values), ("other_values", other_values),
        )
    )  # fmt: skip
    if x.ndim != 2 or len(x) != len(y) or len(x_other) != len(y_other):
        raise ValueError(
            f"features {x.shape}, {x_other.shape} for values {y.shape}, {y_other.shape}: give one "
            "row of features for each value"
        )
    if np.ptp(y) == 0 or np.ptp(y_other) == 0:
        raise ValueError("all values are the same: there is nothing to read off")
    n_bootstrap = checked_count("n_bootstrap", n_bootstrap, 2, "an error needs resamples")
    line = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(x, y)
    found = np.clip(line.predict(x_other), y.min(), y.max())
    residual = (y_other - found) ** 2
    spread = (y_other - y_other.mean()) ** 2
    generator = checked_rng(rng)
    draws = generator.integers(len(y_other), size=(n_bootstrap, len(y_other)))
    low, high = central_interval(1 - residual[draws].sum(1) / spread[draws].sum(1))
    return Interval(float(1 - residual.sum() / spread.sum()), float(low), float(high))
