"""A judge of generated samples: the strongest of several classifiers, beside real against real.

One classifier that fails to tell two samples apart proves little: several are trained, and the
strongest counts. Its area under the ROC curve is compared with what the same classifiers find
between two halves of the real sample, where there is nothing to find.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier

from hepml_lite.densities.rows import Rows, checked_rows, features_of_rows
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_rng
from hepml_lite.statistics.two_sample import ClassifierTest, classifier_two_sample_test
from hepml_lite.statistics.two_sample.classifier_test import (
    FEWEST,
    Classifier,
    MakeClassifier,
    small_network,
)


def boosted_trees(n_features: int, seed: int) -> Classifier:
    """Gradient boosting on histograms: fast, and strong on tables."""
    return HistGradientBoostingClassifier(early_stopping=True, random_state=seed)


def large_network(n_features: int, seed: int) -> Classifier:
    """Three hidden layers of 128: what several features know only together."""
    return MLPClassifier((128, 128, 128), early_stopping=True, random_state=seed)


CLASSIFIERS: Mapping[str, MakeClassifier] = {
    "trees": boosted_trees,
    "small network": small_network,
    "large network": large_network,
}


@dataclass(frozen=True)
class Judgement:
    """What the classifiers found.

    Attributes:
        generated: results of real against generated rows, by classifier.
        real: results of real against other real rows: the chance level.
    """

    generated: dict[str, ClassifierTest]
    real: dict[str, ClassifierTest]

    @property
    def strongest(self) -> str:
        """The classifier that tells generated from real rows best."""
        return _strongest(self.generated)

    @property
    def auc(self) -> Interval:
        """Area under the ROC curve of the strongest, with its error; 1/2 is perfect."""
        return _area(self.generated[self.strongest])

    @property
    def real_auc(self) -> Interval:
        """The same of real against real, of its own strongest: the best of several is above 1/2."""
        return _area(self.real[_strongest(self.real)])

    @property
    def table(self) -> pd.DataFrame:
        """One row for each classifier, the strongest first."""
        table = pd.DataFrame(
            {
                "AUC": {name: result.auc for name, result in self.generated.items()},
                "error": {name: result.auc_error for name, result in self.generated.items()},
                "accuracy": {name: result.value for name, result in self.generated.items()},
                "p-value": {name: result.p_value for name, result in self.generated.items()},
                "AUC of real": {name: result.auc for name, result in self.real.items()},
                "error of real": {name: result.auc_error for name, result in self.real.items()},
            }
        )
        return table.sort_values("AUC", ascending=False)

    def __str__(self) -> str:
        return (
            f"AUC {self.auc} ({self.strongest}, the strongest of {len(self.generated)}); "
            f"real against real {self.real_auc}"
        )


def judge(
    real: ArrayLike,
    generated: ArrayLike,
    *,
    condition: ArrayLike | None = None,
    generated_condition: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    generated_weights: ArrayLike | None = None,
    classifiers: Mapping[str, MakeClassifier] = CLASSIFIERS,
    n_folds: int = 5,
    rng: Seed = 0,
) -> Judgement:
    """Can the strongest of several classifiers tell generated from real rows?

    Real against real compares two halves of the real rows: its error is larger than that of real
    against generated, and small samples cannot show small differences.

    Args:
        real: (N, D).
        generated: (M, D).
        condition: (N, C), which the classifiers see beside the features.
        generated_condition: (M, C).
        weights: (N,), zero or positive.
        generated_weights: (M,), zero or positive.
        classifiers: by name, as in `classifier_two_sample_test`.
        n_folds: each is judged by a classifier trained on the others.
        rng: generator or seed.

    Raises:
        ValueError: rows, conditions or weights that cannot be used, other features in one sample
            than in the other, fewer than forty real or twenty generated rows, or no classifier.
    """
    is_mapping = isinstance(classifiers, Mapping)
    if not is_mapping or not classifiers or not all(map(callable, classifiers.values())):
        raise ValueError(
            f"classifiers is {classifiers!r:.60}: give at least one function by its name, as "
            "judge.CLASSIFIERS"
        )
    generator = checked_rng(rng)
    true_rows = checked_rows(real, condition, weights)
    other_rows = checked_rows(generated, generated_condition, generated_weights)
    features_of_rows(other_rows.x, true_rows.x.shape[1])
    if len(true_rows) < 2 * FEWEST:
        raise ValueError(
            f"real has {len(true_rows)} rows: at least {2 * FEWEST} are needed, because its halves "
            "are compared with each other"
        )
    halves = true_rows.split(0.5, generator)
    return Judgement(
        _results(true_rows, other_rows, classifiers, n_folds, generator),
        _results(*halves, classifiers, n_folds, generator),
    )


def _results(
    a: Rows,
    b: Rows,
    classifiers: Mapping[str, MakeClassifier],
    n_folds: int,
    rng: np.random.Generator,
) -> dict[str, ClassifierTest]:
    """The result of each classifier."""
    return {
        name: classifier_two_sample_test(
            np.hstack([a.x, a.condition]),
            np.hstack([b.x, b.condition]),
            rng,
            weights_a=a.weights,
            weights_b=b.weights,
            n_folds=n_folds,
            make_classifier=make,
        )
        for name, make in classifiers.items()
    }


def _strongest(results: Mapping[str, ClassifierTest]) -> str:
    return max(results, key=lambda name: results[name].auc)


def _area(result: ClassifierTest) -> Interval:
    return Interval.symmetric(result.auc, result.auc_error)
