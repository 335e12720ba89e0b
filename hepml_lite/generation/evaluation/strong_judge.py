"""A judge of showers: several classifiers, each with its own view of the same events.

One classifier that is fooled proves little. On data sets 2 and 3 of the CaloChallenge a dense
network on voxels found an area of 0.59 where a convolutional one found 0.92 (arXiv:2410.21611):
the strongest counts. The classifiers are trained once on most of the rows and judged on the rest,
which costs a fifth of `densities.judge` with its five folds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier

from hepml_lite.densities.judge import large_network
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_rng
from hepml_lite.statistics.two_sample.classifier_test import (
    Classifier,
    MakeClassifier,
    judged_scores,
)

TEST_SHARE = 0.2
FEWEST_ROWS = 50  # of each sample
LARGEST_SEED = 2**31


@dataclass(frozen=True)
class View:
    """What one classifier sees of both samples.

    Attributes:
        real: (N, D); row i is event i in all views.
        generated: (M, D).
        make: called as make(n_features, seed).
    """

    real: np.ndarray
    generated: np.ndarray
    make: MakeClassifier


@dataclass(frozen=True)
class Verdict:
    """What the classifiers found on the held-out rows.

    Attributes:
        areas: area under the ROC curve of each, with its error.
        weights: of the strongest: w = p / (1 - p) of the held-out generated rows, (K,), the
            density ratio of real to generated that it sees; all one for a perfect generator
            (R. Das et al., arXiv:2305.16774).
    """

    areas: dict[str, Interval]
    weights: np.ndarray

    @property
    def strongest(self) -> str:
        """The classifier with the largest area."""
        return max(self.areas, key=lambda name: self.areas[name].value)

    @property
    def auc(self) -> Interval:
        """The largest area."""
        return self.areas[self.strongest]


def wide_trees(n_features: int, seed: int) -> Classifier:
    """Gradient boosting for hundreds of features: each split looks at a fifth of them."""
    return HistGradientBoostingClassifier(
        max_iter=150,
        max_features=min(1.0, max(0.2, 20 / n_features)),
        max_bins=64,
        early_stopping=True,
        random_state=seed,
    )


def regularised_network(n_features: int, seed: int) -> Classifier:
    """Two hidden layers of 256 for hundreds of features, stopped early."""
    return MLPClassifier(
        (256, 256), alpha=1e-3, batch_size=256, early_stopping=True, n_iter_no_change=4,
        max_iter=30, random_state=seed,
    )  # fmt: skip


def table_views(real: np.ndarray, generated: np.ndarray) -> dict[str, View]:
    """Views of a table of a few dozen features: a network, and trees."""
    return {
        "network": View(real, generated, large_network),
        "trees": View(real, generated, wide_trees),
    }


def judge_views(views: Mapping[str, View], rng: Seed = 0) -> Verdict:
    """Train each classifier on four fifths of its view, and judge it on the rest.

    Args:
        views: by name; all show the same events in the same order.
        rng: generator or seed.

    Raises:
        ValueError: no view, views of different lengths, or fewer than fifty rows of a sample.
    """
    generator = checked_rng(rng)
    sizes = {(len(view.real), len(view.generated)) for view in views.values()}
    if len(sizes) != 1:
        raise ValueError(
            f"views have {sorted(sizes)} rows: give at least one view, all of the same events"
        )
    n_real, n_generated = sizes.pop()
    if min(n_real, n_generated) < FEWEST_ROWS:
        raise ValueError(
            f"{n_real} real and {n_generated} generated rows: give at least {FEWEST_ROWS} of each"
        )
    real_order = generator.permutation(n_real)
    generated_order = generator.permutation(n_generated)
    areas = {}
    weights = {}
    for name, view in views.items():
        real = view.real[real_order]
        generated = view.generated[generated_order]
        areas[name], weights[name] = _judged(real, generated, view.make, generator)
    strongest = max(areas, key=lambda name: areas[name].value)
    return Verdict(areas, weights[strongest])


def _judged(
    real: np.ndarray, generated: np.ndarray, make: MakeClassifier, rng: np.random.Generator
) -> tuple[Interval, np.ndarray]:
    """The area of one classifier, and its weights of held-out generated rows."""
    n_real = round(TEST_SHARE * len(real))
    n_generated = round(TEST_SHARE * len(generated))
    training = np.concatenate([generated[n_generated:], real[n_real:]])
    labels = np.repeat([0, 1], [len(generated) - n_generated, len(real) - n_real])
    held_out = np.concatenate([generated[:n_generated], real[:n_real]])
    centre = training.mean(axis=0)
    width = training.std(axis=0)
    width[width == 0] = 1.0
    classifier = make(training.shape[1], int(rng.integers(LARGEST_SEED)))
    shuffled = rng.permutation(len(training))
    rows = ((training - centre) / width)[shuffled]
    classifier.fit(rows, labels[shuffled], sample_weight=np.ones(len(rows)))
    probability = classifier.predict_proba((held_out - centre) / width)[:, 1]
    truth = np.repeat([0, 1], [n_generated, n_real])
    _, area, variance = judged_scores(truth, probability, np.ones(len(truth)))
    share = len(generated) / len(real)  # the classifier's prior, if the samples differ in size
    of_generated = np.clip(probability[:n_generated], 1e-6, 1 - 1e-6)
    return (
        Interval.symmetric(float(area), float(np.sqrt(variance))),
        share * of_generated / (1 - of_generated),
    )
