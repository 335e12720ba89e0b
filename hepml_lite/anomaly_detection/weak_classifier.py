"""A classifier of data against a background template, whose best score is that of the signal.

E. M. Metodiev, B. Nachman, J. Thaler, "Classification without labels", arXiv:1708.02949: of data
with a fraction f of signal the ratio is p_D/p_B = 1 − f + f p_S/p_B, which rises with p_S/p_B. So
the best classifier of data against background is the best one of signal against background.

No event may be scored by a model that saw it: a model learns its own events a little, gives those
of the data higher scores, and the search finds a signal that is not there (J. H. Collins, K. Howe,
B. Nachman, arXiv:1902.02634, section III).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.anomaly_detection.averaged_network import PLAN, AveragedNetwork
from hepml_lite.densities.classifiers import BoostedTrees, Classifier
from hepml_lite.densities.cross_fitting import CrossFitted, CrossFitting
from hepml_lite.densities.labelled_rows import LabelledRows, compared_samples, joined
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import features_of_rows
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

Model = Literal["trees", "mlp"] | Callable[[], Classifier]
VALIDATION_SHARE = 0.25  # of the rows of a training, that say when to stop


@dataclass
class WeakTrees(BoostedTrees):
    """Boosted trees with the settings of T. Finke et al., arXiv:2309.13111, section III C.

    Larger trees than those of `densities.classifiers.BoostedTrees`: a small signal fills a small
    part of the space, which few leaves do not find.

    Attributes:
        iterations, learning_rate, leaves, patience, trees: as there.
    """

    iterations: int = 200
    learning_rate: float = 0.1
    leaves: int = 31


@dataclass
class WeakClassifier:
    """An ensemble of classifiers of data against a reference, in k folds.

    Data and reference count equally, whatever their sizes: a larger, oversampled reference is of
    use, and is weighted down.

    Attributes:
        model: "trees", "mlp", or a function that gives untrained classifiers.
        n_ensemble: how often all is trained, with other folds.
        folds: parts of the rows, each scored by classifiers trained on the others. 1 scores all
            rows by classifiers that saw them: wrong for a search, and there to show it.
        plan: of the training of networks.
    """

    model: Model = "trees"
    n_ensemble: int = 10
    folds: int = 5
    plan: TrainingPlan = field(default_factory=lambda: PLAN)
    fitted: CrossFitted | None = field(default=None, init=False, repr=False)
    score_of_row: dict[bytes, float] = field(default_factory=dict, init=False, repr=False)
    n_features: int = field(default=0, init=False)

    def fit(self, data: ArrayLike, reference: ArrayLike, *, rng: Seed = 0) -> Self:
        """Train on the features of data (N, D) and of background events (M, D).

        Equal rows, also of both samples, stay together in one fold.

        Raises:
            ValueError: tables that cannot be compared, or settings that do not exist.
        """
        generator = checked_rng(rng)
        above, below = compared_samples((data, reference), None, None)
        label = np.repeat([1, 0], [len(above), len(below)])
        rows = LabelledRows(joined(above.inputs, below.inputs), label, np.ones(len(label)))
        self.n_features = rows.inputs[0].shape[1]
        keys = row_keys(rows.inputs[0])
        group = np.unique(keys, return_inverse=True)[1]
        if checked_count("folds", self.folds) == 1:
            self.fitted = self._fit_without_folds(rows, generator)
            self.score_of_row = {}
            return self
        fitting = CrossFitting(
            self._classifier_maker(),
            checked_count("n_ensemble", self.n_ensemble),
            False,
            self.folds,
            VALIDATION_SHARE,
        )
        self.fitted = fitting.fit(rows, group, generator)
        score = self.fitted.out_of_fold.mean(0)
        self.score_of_row = dict(zip(keys.tolist(), score.tolist(), strict=True))
        return self

    def score(self, rows: ArrayLike) -> np.ndarray:
        """Mean logits (K,) of rows (K, D); rows of the fit are scored by models without them.

        A new row is scored by one fold of each member of the ensemble, as a row of the fit is: the
        mean over all folds would scatter less, and a cut would take another share of new rows.

        Raises:
            RuntimeError: before `fit`.
            ValueError: other features than in the fit.
        """
        if self.fitted is None:
            raise RuntimeError("this classifier is not trained: call fit first")
        table = features_of_rows(rows, self.n_features)
        known = np.array([self.score_of_row.get(key, np.nan) for key in row_keys(table).tolist()])
        is_new = np.isnan(known)
        if is_new.any():
            known[is_new] = self._score_of_new(table[is_new])
        return known

    def _score_of_new(self, rows: np.ndarray) -> np.ndarray:
        """Mean logits (K,) of rows that no classifier saw, each by one fold of each member."""
        if self.fitted is None:
            raise RuntimeError("this classifier is not trained: call fit first")
        place = places_of_rows(rows)
        total = np.zeros(len(rows))
        for member, classifiers in enumerate(self.fitted.ensemble):
            fold = (place + member) % len(classifiers)
            for k, classifier in enumerate(classifiers):
                if (fold == k).any():
                    total[fold == k] += classifier.log_ratio((rows[fold == k],))
        return total / len(self.fitted.ensemble)

    def _fit_without_folds(self, rows: LabelledRows, rng: np.random.Generator) -> CrossFitted:
        """Classifiers that see all rows, but for those that say when to stop."""
        ensemble = []
        for _ in range(checked_count("n_ensemble", self.n_ensemble)):
            is_held_out = rng.random(len(rows)) < VALIDATION_SHARE
            classifier = self._classifier_maker()().fit(
                rows[~is_held_out].balanced(),
                rows[is_held_out].balanced(),
                int(rng.integers(2**31)),
            )
            ensemble.append((classifier,))
        return CrossFitted(tuple(ensemble), np.zeros((0, len(rows))))

    def _classifier_maker(self) -> Callable[[], Classifier]:
        if self.model == "trees":
            return WeakTrees
        if self.model == "mlp":
            return partial(AveragedNetwork, plan=self.plan)
        if callable(self.model):
            return self.model
        raise ValueError(
            f'model is {self.model!r}: give "trees", "mlp", or a function that makes classifiers'
        )


def weakly_supervised_scores(
    data: ArrayLike,
    reference: ArrayLike,
    evaluate: ArrayLike,
    model: Model = "trees",
    n_ensemble: int = 10,
    folds: int = 5,
    rng: Seed = 0,
) -> np.ndarray:
    """Scores of events by classifiers of data against a background reference.

    An event of `evaluate` that is also a row of data or reference is scored by the classifiers of
    the folds that left it out, any other event by those of one fold, chosen by its features.

    Args:
        data: features of the data, which may hold a signal, (N, D).
        reference: features of background events, (M, D).
        evaluate: features of the events to score, (K, D).
        model: "trees" (boosted), "mlp" (a network, averaged over its best epochs), or a function
            that gives untrained classifiers.
        n_ensemble: how often all is trained, with other folds.
        folds: parts of the rows.
        rng: generator or seed.

    Returns:
        Mean logits (K,): log of the density of the data over that of the reference, as far as the
        classifiers know it.

    Raises:
        ValueError: tables that cannot be compared, or settings that do not exist.
    """
    if checked_count("folds", folds) == 1:
        raise ValueError("folds is 1: every event would be scored by a model that saw it; give 5")
    classifier = WeakClassifier(model, n_ensemble, folds)
    return classifier.fit(data, reference, rng=rng).score(evaluate)


def places_of_rows(rows: np.ndarray) -> np.ndarray:
    """A whole number (N,) for each of the rows (N, D), which depends on nothing but the row."""
    return np.array([zlib.crc32(key) for key in row_keys(rows).tolist()], dtype=np.int64)


def row_keys(rows: np.ndarray) -> np.ndarray:
    """What tells rows (N, D) apart, (N,): their bytes; -0.0 is 0.0."""
    table = np.ascontiguousarray(rows + 0.0)
    return table.view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
