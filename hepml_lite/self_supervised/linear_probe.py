"""The linear probe: a linear classifier on a frozen representation, trained with few labels."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.data_checks import checked_labels
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.metrics import auc, bootstrap

STRENGTHS = np.logspace(-4, 0, 5)  # inverse penalties, chosen by cross-validation
FOLDS = 3


@dataclass(frozen=True)
class Probe:
    """AUC of probes trained on a number of labels.

    Attributes:
        n_labels: number of labelled jets.
        aucs: (draws,) AUC for each draw of the labels, on the same test jets.
        test: AUC of the first draw with the bootstrap interval of the test jets.
    """

    n_labels: int
    aucs: np.ndarray
    test: Interval

    @property
    def auc(self) -> Interval:
        """Mean over the draws of the labels; its error is that of one draw on these test jets.

        All draws are judged on the same test jets, so their error is added to the spread.
        """
        mean, spread = float(self.aucs.mean()), float(self.aucs.std(ddof=1))
        return Interval.symmetric(mean, math.hypot(spread, self.test.error))

    def __str__(self) -> str:
        return f"{self.n_labels:6d} labels: AUC {self.auc}"


def raw_features(jets: Jets, n_particles: int = 30) -> np.ndarray:
    """The baseline representation (N, 3 n_particles): the leading particles in falling pT.

    They are pT / pT_jet, eta - eta_jet and phi - phi_jet [rad] of each particle; zero where padded.
    """
    relative = jets.truncate(n_particles).relative()  # (N, P, 3)
    return relative.reshape(len(jets), 3 * relative.shape[1])


def linear_probe(features: ArrayLike, labels: ArrayLike) -> ClassifierMixin:
    """Logistic regression of labels (N,), 0 or 1, on standardised features (N, D).

    Cross-validation within these labels chooses the penalty among `STRENGTHS`: this makes the
    comparison of representations of different dimensions fair.

    Raises:
        ValueError: fewer than three labels of a class: cross-validation needs three.
    """
    labels = checked_labels(labels, fewest=FOLDS)
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    search = GridSearchCV(
        regression, {"logisticregression__C": STRENGTHS}, cv=FOLDS, scoring="neg_log_loss"
    )
    with warnings.catch_warnings():  # slow where classes separate; the cut is the same
        warnings.simplefilter("ignore", ConvergenceWarning)
        return search.fit(np.asarray(features), labels)


def probe_curve(
    features: ArrayLike,
    labels: ArrayLike,
    test_features: ArrayLike,
    test_labels: ArrayLike,
    n_labels: Sequence[int] = (100, 300, 1_000, 3_000, 10_000),
    draws: int = 5,
    seed: int = 0,
) -> list[Probe]:
    """AUC of the linear probe against the number of labels, one `Probe` for each of `n_labels`.

    The same seed draws the same jets for every representation of a sample.

    Args:
        features: (N, D) of the jets whose labels may be drawn.
        labels: (N,) 0 or 1.
        test_features: (M, D) of other jets.
        test_labels: (M,) 0 or 1.
        n_labels: numbers of labelled jets.
        draws: number of random draws for each.
        seed: of the draws and the bootstrap.

    Raises:
        ValueError: more labels asked for than there are, fewer than two draws, or as `linear_probe`
            and `auc`.
    """
    features, labels = np.asarray(features), np.asarray(labels)
    if draws < 2:
        raise ValueError(f"draws={draws}: a spread needs 2 draws of the labels, better 5.")
    if max(n_labels) > len(labels):
        raise ValueError(
            f"{max(n_labels)} labels asked for, but there are {len(labels)}: ask for fewer."
        )
    orders = [np.random.default_rng((seed, d)).permutation(len(labels)) for d in range(draws)]
    test = np.asarray(test_features), np.asarray(test_labels)
    return [_probe(features, labels, *test, [o[:n] for o in orders], seed) for n in n_labels]


def _probe(
    features: np.ndarray, labels: np.ndarray, test_features: np.ndarray, test_labels: np.ndarray,
    chosen: Sequence[np.ndarray], seed: int,
) -> Probe:  # fmt: skip
    scores = [
        linear_probe(features[rows], labels[rows]).decision_function(test_features)
        for rows in chosen
    ]
    aucs = np.array([auc(test_labels, s) for s in scores])
    return Probe(len(chosen[0]), aucs, bootstrap(auc, test_labels, scores[0], 100, seed))
