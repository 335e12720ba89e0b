"""Cross-fitting: each row is judged by classifiers that were trained without it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hepml_lite.densities.classifiers import Classifier
from hepml_lite.densities.labelled_rows import Inputs, LabelledRows

LARGEST_SEED = 2**31


@dataclass(frozen=True)
class CrossFitting:
    """How classifiers are trained.

    Attributes:
        make_classifier: gives an untrained classifier.
        n_ensemble: how often the rows are cut into folds anew.
        bootstrap: each time the events also get random weights, exponential with mean one (D. B.
            Rubin, "The Bayesian bootstrap", Ann. Statist. 9 (1981) 130).
        folds: parts of the rows; each classifier leaves out one of them.
        validation_share: share of the other rows that tells a training when to stop.
    """

    make_classifier: Callable[[], Classifier]
    n_ensemble: int
    bootstrap: bool
    folds: int
    validation_share: float

    def fit(
        self, rows: LabelledRows, group: np.ndarray, generator: np.random.Generator
    ) -> "CrossFitted":
        """Train n_ensemble x folds classifiers.

        Args:
            rows: of both samples.
            group: (N,) numbers; rows of one group are never in different folds.
            generator: of the folds, the random weights and the seeds of the trainings.

        Raises:
            ValueError: a part of the rows without a positive weight in one of the classes.
        """
        ensemble = []
        out_of_fold = np.zeros((self.n_ensemble, len(rows)))
        for member in range(self.n_ensemble):
            weighted = self._reweighted(rows, group, generator)
            fold = np.floor(self.folds * _places(group, generator))
            classifiers = []
            for k in range(self.folds):
                left_out = fold == k
                stopping = ~left_out & (_places(group, generator) < self.validation_share)
                trained = ~left_out & ~stopping
                classifier = self._train(weighted[trained], weighted[stopping], generator)
                out_of_fold[member, left_out] = classifier.log_ratio(rows[left_out].inputs)
                classifiers.append(classifier)
            ensemble.append(tuple(classifiers))
        return CrossFitted(tuple(ensemble), out_of_fold)

    def _reweighted(
        self, rows: LabelledRows, group: np.ndarray, generator: np.random.Generator
    ) -> LabelledRows:
        if not self.bootstrap:
            return rows
        random = generator.exponential(size=group.max() + 1)
        return LabelledRows(rows.inputs, rows.label, rows.weights * random[group])

    def _train(
        self, trained: LabelledRows, stopping: LabelledRows, generator: np.random.Generator
    ) -> Classifier:
        """Rows of weight zero are left out: not even the bins of a tree may depend on them."""
        seed = int(generator.integers(LARGEST_SEED))
        return self.make_classifier().fit(
            trained[trained.weights > 0].balanced(),
            stopping[stopping.weights > 0].balanced(),
            seed,
        )


@dataclass(frozen=True)
class CrossFitted:
    """Trained classifiers, and what those say of each row that did not see it.

    Attributes:
        ensemble: classifiers [member][fold].
        out_of_fold: log ratios (n_ensemble, N) of the rows of the fit.
    """

    ensemble: tuple[tuple[Classifier, ...], ...]
    out_of_fold: np.ndarray

    def log_ratios(self, inputs: Inputs) -> np.ndarray:
        """Log ratios (n_ensemble, N) of other rows, each the mean over the folds."""
        return np.array(
            [
                np.mean([classifier.log_ratio(inputs) for classifier in classifiers], axis=0)
                for classifiers in self.ensemble
            ]
        )


def _places(group: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A place in (0, 1) for each row (N,), the same for all rows of a group, evenly spread."""
    n_groups = int(group.max()) + 1
    place = (generator.permutation(n_groups) + 0.5) / n_groups
    return place[group]
