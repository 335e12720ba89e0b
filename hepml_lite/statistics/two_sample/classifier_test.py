"""The classifier two-sample test: can a classifier tell two samples apart?

Lopez-Paz and Oquab, arXiv:1610.06545. Accuracy and area under the ROC curve are 1/2 for two samples
of one distribution. For two Gaussians of unit width at distance d the best classifier has accuracy
Phi(d/2) and area Phi(d/sqrt(2)).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier

from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.two_sample.samples import checked_samples

FEWEST = 20  # rows of a sample: two in each part that a network watches while it learns
HIDDEN_PER_FEATURE = 10  # as in sbibm
FEWEST_HIDDEN = 20  # ten units, as sbibm has for one feature, sometimes never begin to learn
LARGEST_SEED = 2**31


class Classifier(Protocol):
    """What is trained: a classifier of scikit-learn that takes weights."""

    def fit(self, x: np.ndarray, labels: np.ndarray, sample_weight: np.ndarray) -> object:
        """Learn labels (N,) of rows x (N, D) with weights (N,)."""
        ...

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Probabilities (N, 2) of the labels 0 and 1."""
        ...


MakeClassifier = Callable[[int, int], Classifier]


@dataclass(frozen=True)
class ClassifierTest:
    """How well a classifier tells two samples apart, on rows that it has not seen.

    Attributes:
        value: accuracy, the mean over both samples; 1/2 where they are the same.
        auc: area under the ROC curve, of each fold alone, then averaged; 1/2 where the samples are
            the same.
        auc_error: its standard error (DeLong 1988), enlarged because the classifiers of the folds
            share most of their rows (Nadeau and Bengio 2003).
        p_value: chance to find the area of the first fold, or a larger one, if both samples have
            one distribution: (area - 1/2) / error is then a standard normal number. All folds
            together have no such law, because each fold is judged by rows of the others.
    """

    value: float
    auc: float
    auc_error: float
    p_value: float

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return (
            f"accuracy {self.value:.3f}, AUC {self.auc:.3f} ± {self.auc_error:.3f}, "
            f"p-value {self.p_value:.2g}"
        )


def classifier_two_sample_test(
    a: ArrayLike,
    b: ArrayLike,
    rng: Seed = 0,
    *,
    weights_a: ArrayLike | None = None,
    weights_b: ArrayLike | None = None,
    n_folds: int = 5,
    make_classifier: MakeClassifier | None = None,
) -> ClassifierTest:
    """Train a classifier to tell a from b, and judge it on held-out rows.

    The network and the standardisation by mean and width of `a` are those of sbibm
    (arXiv:2101.04653): two hidden layers of ten units for each feature. Both samples count as much,
    whatever their sizes. The training stops early, or small samples are learnt by heart. A p-value
    of all folds needs permutations: `chance_level(lambda a, b: ... .auc, a, b)`.

    Args:
        a: (N, D), such as a reference; (N,) is one feature.
        b: (M, D), such as generated rows.
        rng: generator or seed, of the folds and of the networks.
        weights_a: (N,), zero or positive.
        weights_b: (M,), likewise.
        n_folds: parts of the rows; each is judged by a classifier trained on the others.
        make_classifier: called as make_classifier(n_features, seed); None: `small_network`.

    Raises:
        ValueError: samples that do not fit together, or fewer than twenty rows in one of them.
    """
    first, second = checked_samples(a, b, weights_a, weights_b, FEWEST)
    n_folds = checked_count("n_folds", n_folds, 2, "rows are judged by a classifier of the others")
    if n_folds > min(len(first), len(second)):
        raise ValueError(
            f"n_folds is {n_folds} for samples of {len(first)} and {len(second)} rows: give at "
            "most one fold for each row"
        )
    generator = checked_rng(rng)
    make = make_classifier or small_network
    x = _standardised(first.x, second.x)
    labels = np.repeat([0, 1], [len(first), len(second)])
    weights = np.concatenate([first.shares, second.shares]) * len(x) / 2  # of mean one
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=_seed(generator))
    judged = []
    for training, held_out in folds.split(x, labels):
        classifier = make(x.shape[1], _seed(generator))
        classifier.fit(x[training], labels[training], sample_weight=weights[training])
        probability = classifier.predict_proba(x[held_out])[:, 1]
        judged.append(judged_scores(labels[held_out], probability, weights[held_out]))
    accuracy, area, variance = np.mean(judged, axis=0).tolist()
    error = math.sqrt(variance * (1 / n_folds + 1 / (n_folds - 1)))
    _, area_of_first, variance_of_first = judged[0]
    return ClassifierTest(accuracy, area, error, _p_value(area_of_first, variance_of_first**0.5))


def small_network(n_features: int, seed: int) -> Classifier:
    """The network of sbibm, stopped early by the accuracy on a tenth of its rows."""
    width = max(HIDDEN_PER_FEATURE * n_features, FEWEST_HIDDEN)
    return MLPClassifier((width, width), max_iter=1000, early_stopping=True, random_state=seed)


def judged_scores(
    labels: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> tuple[float, float, float]:
    """Accuracy, area under the ROC curve and its variance, of held-out rows.

    The area is the mean share of the other sample that a row is on the right side of; ties count
    half. Its variance is that of these shares (DeLong 1988), here with weights.

    Args:
        labels: (N,) 0 or 1.
        probability: (N,) of label 1.
        weights: (N,), positive.
    """
    scores_a, scores_b = probability[labels == 0], probability[labels == 1]
    shares_a = weights[labels == 0] / weights[labels == 0].sum()
    shares_b = weights[labels == 1] / weights[labels == 1].sum()
    right_a = shares_a @ np.heaviside(0.5 - scores_a, 0.5)
    right_b = shares_b @ np.heaviside(scores_b - 0.5, 0.5)
    below = _share_below(scores_a, shares_a, scores_b)
    above = 1 - _share_below(scores_b, shares_b, scores_a)
    variance = _variance_of_mean(below, shares_b) + _variance_of_mean(above, shares_a)
    return float(right_a + right_b) / 2, float(shares_b @ below), variance


def _share_below(scores: np.ndarray, shares: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Weighted share of the scores (N,) below each number of `of` (M,); ties count half."""
    order = np.argsort(scores)
    summed = np.append(0, np.cumsum(shares[order]))
    less = summed[np.searchsorted(scores[order], of, side="left")]
    less_or_equal = summed[np.searchsorted(scores[order], of, side="right")]
    return (less + less_or_equal) / 2


def _variance_of_mean(values: np.ndarray, shares: np.ndarray) -> float:
    """Variance of a weighted mean, with the correction N/(N - 1) of a small sample."""
    deviations = values - shares @ values
    n_effective = 1 / (shares**2).sum()
    return float((shares**2 * deviations**2).sum() * n_effective / max(n_effective - 1, 1))


def _p_value(area: float, error: float) -> float:
    """Chance that a standard normal number exceeds (area - 1/2) / error."""
    excess = area - 0.5
    if error == 0:  # all scores are equal, or the samples do not overlap
        return 0.5 if excess == 0 else float(excess < 0)
    return float(norm.sf(excess / error))


def _standardised(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rows of both in units of the width of a; a feature without width keeps its unit."""
    width = a.std(0)
    width[width == 0] = 1.0
    return (np.concatenate([a, b]) - a.mean(0)) / width


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(LARGEST_SEED))
