"""A classifier is a density ratio: weights that make one sample look like another.

K. Cranmer, J. Pavez, G. Louppe, "Approximating Likelihood Ratios with Calibrated Discriminative
Classifiers", arXiv:1506.02169.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite import training
from hepml_lite.densities.classifiers import Model, classifier_maker
from hepml_lite.densities.cross_fitting import CrossFitted, CrossFitting
from hepml_lite.densities.labelled_rows import (
    Inputs,
    LabelledRows,
    Pair,
    Sample,
    WeightedRows,
    checked_groups,
    checked_inputs,
    checked_signed_weights,
    compared_samples,
    joined,
    require_like,
)
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.ratio_calibration import Calibration, calibrated
from hepml_lite.densities.scored_rows import ScoredRows
from hepml_lite.densities.signed_weights import positive_weights
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

PLAN = TrainingPlan(epochs=20, batch_size=256, learning_rate=3e-3, patience=5, progress=False)


@dataclass(frozen=True)
class DensityRatio:
    """The ratio p / q of two densities, p of the numerator and q of the denominator.

    Attributes:
        numerator: the rows of the fit, each judged by classifiers that did not see it.
        denominator: the same; `denominator.weights` make the denominator look like the numerator.
        fitted: the trained classifiers.
        calibration: of their logits.
        no_rows: inputs as those of the fit, without rows; others are compared with them.
        clip: the largest weight that a row may get.
    """

    numerator: ScoredRows
    denominator: ScoredRows
    fitted: CrossFitted
    calibration: Calibration
    no_rows: Inputs
    clip: float

    def log_ratio(self, x: Sample, condition: ArrayLike | None = None) -> np.ndarray:
        """log p(x) - log q(x) of other rows than those of the fit, (N,).

        All classifiers judge each row, also those that saw it: for the rows of the fit take
        `numerator.log_ratio` and `denominator.log_ratio`.

        Args:
            x: (N, D), or (features (N, P, F), mask (N, P)).
            condition: (N, C).

        Raises:
            ValueError: other features or conditions than in the fit, NaN.
        """
        return self.scored(x, condition).log_ratio

    def weights(self, x: Sample, condition: ArrayLike | None = None) -> np.ndarray:
        """p(x) / q(x) of other rows than those of the fit, (N,), at most `clip`.

        Warns:
            UserWarning: a weight is clipped.
        """
        rows = self.scored(x, condition)
        _warn_of_clipping(rows)
        return rows.weights

    def log_ratio_error(self, x: Sample, condition: ArrayLike | None = None) -> np.ndarray:
        """Standard deviation of the log ratio over the ensemble, (N,).

        It is that of one member: other folds, other first weights. With `bootstrap=True` it also
        contains the statistical error of the samples. A bias of all members is not in it, so that
        it is a guide and no interval: of two Gaussians in three dimensions, with `bootstrap=True`,
        46 % of the rows were within one such error for samples of 1500 rows, 82 % for 20 000.

        Raises:
            ValueError: as `log_ratio`, or n_ensemble is 1.
        """
        rows = self.scored(x, condition)
        if len(self.fitted.ensemble) == 1:
            raise ValueError("n_ensemble is 1, which has no spread: fit with n_ensemble=8 or so")
        return rows.error

    def scored(
        self, x: Sample, condition: ArrayLike | None = None, weights: ArrayLike | None = None
    ) -> ScoredRows:
        """Other rows than those of the fit, with their log ratios and what the weights are worth.

        Args:
            x: (N, D), or (features (N, P, F), mask (N, P)).
            condition: (N, C).
            weights: (N,), which the rows have already.

        Raises:
            ValueError: as `log_ratio`, no rows, or weights of another length.
        """
        inputs = checked_inputs(x, condition, "x")
        require_like(inputs, self.no_rows, "sample", "fit")
        if not len(inputs[0]):
            raise ValueError("x has no rows: check the selection")
        sample_weights = checked_signed_weights(weights, len(inputs[0]), "x")
        return _scored(self.fitted.log_ratios(inputs), sample_weights, self.calibration, self.clip)

    @property
    def effective_sample_size(self) -> float:
        """Of the denominator with its new weights, out of fold."""
        return self.denominator.effective_sample_size

    @property
    def largest_weight(self) -> float:
        """Of the denominator, out of fold."""
        return self.denominator.largest_weight


def fit_ratio(
    numerator: Sample,
    denominator: Sample,
    *,
    weights: Pair | None = None,
    condition: Pair | None = None,
    groups: Pair | None = None,
    model: Model = "mlp",
    fresh: bool = True,
    n_ensemble: int = 1,
    bootstrap: bool = False,
    folds: int = 3,
    calibrate: bool = True,
    clip: float | None = None,
    plan: TrainingPlan | None = None,
    callbacks: Sequence[training.Callback] = (),
    rng: Seed = 0,
) -> DensityRatio:
    """Learn the ratio of the densities of two samples, both of unit integral.

    The numbers of rows, or the sums of weights, of the two samples do not matter: they are taken
    out. Each of the rows is judged by classifiers that did not see it.

    Args:
        numerator: rows (N1, D), or a tuple of features (N1, P, F) and mask (N1, P).
        denominator: rows (N0, D), or the same tuple.
        weights: of the rows, (N1,) and (N0,). Negative weights of a sample are first replaced by
            positive ones of the same density, see `hepml_lite.densities.signed_weights`.
        condition: (N1, C) and (N0, C); the ratio is that of p(x, condition) and q(x, condition),
            hence p(x | condition) / q(x | condition) where both samples have the same conditions.
        groups: numbers (N1,) and (N0,), of the event to which a row belongs: rows of one event
            stay together in a fold. Give them where both samples are made from the same events.
        model: "trees" (boosted, on tables), "mlp", "deep_sets" (on sets), or a module that maps
            the standardised features, conditions beside them, to one logit. A module is a
            template: each training takes a copy with fresh weights.
        fresh: False: the copies start from the weights of the module (a warm start).
        n_ensemble: how often all is trained, with other folds; more than one give an error.
        bootstrap: each member of the ensemble gives the events other random weights.
        folds: parts of the rows, each judged by a classifier trained on the others.
        calibrate: correct slope and offset of the log ratio on the out-of-fold rows, so that the
            mean weight of the denominator is one.
        clip: the largest weight; None: the number of rows of the denominator.
        plan: of the training of networks.
        callbacks: told about the training of networks.
        rng: of folds, random weights and trainings.

    Raises:
        ValueError: samples, weights or settings that cannot be used.

    Warns:
        UserWarning: weights of the denominator are clipped.
    """
    generator = checked_rng(rng)
    above, below = compared_samples((numerator, denominator), condition, weights)
    group = checked_groups(groups, len(above), len(below))
    largest = len(below) if clip is None else checked_number("clip", clip, 0, np.inf, "()")
    plan = plan or PLAN
    fitting = CrossFitting(
        classifier_maker(model, len(above.inputs) == 2, plan, callbacks, fresh),
        checked_count("n_ensemble", n_ensemble),
        bootstrap,
        checked_count("folds", folds, 2, "each row is judged by classifiers of other folds"),
        plan.validation_share,
    )
    rows = _labelled(above, below, group, fitting, generator)
    fitted = fitting.fit(rows, group, generator)
    calibration = calibrated(rows, fitted.out_of_fold.mean(0), largest, calibrate)
    scores = np.split(fitted.out_of_fold, [len(above)], axis=1)
    ratio = DensityRatio(
        _scored(scores[0], above.weights, calibration, largest),
        _scored(scores[1], below.weights, calibration, largest),
        fitted,
        calibration,
        tuple(array[:0] for array in above.inputs),
        largest,
    )
    _warn_of_clipping(ratio.denominator)
    calibration.warn_if_unusual()
    return ratio


def _labelled(
    above: WeightedRows,
    below: WeightedRows,
    group: np.ndarray,
    fitting: CrossFitting,
    generator: np.random.Generator,
) -> LabelledRows:
    """Rows of both samples, with positive weights."""
    groups = np.split(group, [len(above)])
    weights = [
        positive_weights(sample, sample_group, fitting, generator)
        for sample, sample_group in zip((above, below), groups, strict=True)
    ]
    label = np.repeat([1, 0], [len(above), len(below)])
    return LabelledRows(joined(above.inputs, below.inputs), label, np.concatenate(weights))


def _scored(
    logits: np.ndarray, sample_weights: np.ndarray, calibration: Calibration, largest: float
) -> ScoredRows:
    """Rows with the mean and the spread of the logits (n_ensemble, N)."""
    log_ratios = calibration.slope * logits + calibration.shift
    n_ensemble = len(log_ratios)
    spread = np.full(logits.shape[1], np.nan)
    if n_ensemble > 1:
        spread = log_ratios.std(0, ddof=1)
    return ScoredRows(log_ratios.mean(0), spread, sample_weights, largest)


def _warn_of_clipping(rows: ScoredRows) -> None:
    if rows.n_clipped:
        warnings.warn(
            f"{rows.n_clipped} of {len(rows.log_ratio)} weights are clipped to {rows.clip:g}: the "
            "denominator has hardly any rows there; the effective sample size is "
            f"{rows.effective_sample_size:.3g}",
            stacklevel=3,
        )
