"""Positive weights in place of signed ones, as next-to-leading order generators give them.

The density of a sample with weights w is E[w | x] times that of its rows. The mean of w at a place
x is positive there even where single weights are not: a classifier of rows with positive against
rows with negative weights learns it. B. Nachman, J. Thaler, "Neural resampler for Monte Carlo
reweighting with preserved uncertainties", Phys. Rev. D 102 (2020) 076004, arXiv:2007.11586.
"""

import numpy as np

from hepml_lite.densities.cross_fitting import CrossFitting
from hepml_lite.densities.labelled_rows import LabelledRows, WeightedRows

FEWEST_NEGATIVE = 20  # fewer teach no classifier where they are


def positive_weights(
    sample: WeightedRows, group: np.ndarray, fitting: CrossFitting, generator: np.random.Generator
) -> np.ndarray:
    """Weights (N,) without negative ones, of the same density: |w| E[w | x] / E[|w| | x].

    The expectation is out of fold. Where it is negative the weight becomes zero.

    Args:
        sample: with signed weights.
        group: (N,), as in `CrossFitting.fit`.
        fitting: how the classifier of the signs is trained.
        generator: of the training.

    Raises:
        ValueError: fewer than `FEWEST_NEGATIVE` negative weights, but not none.
    """
    is_negative = sample.weights < 0
    n_negative = int(is_negative.sum())
    if n_negative == 0:
        return sample.weights
    if n_negative < FEWEST_NEGATIVE:
        raise ValueError(
            f"{n_negative} of {len(sample)} weights of the {sample.name} are negative: too few to "
            f"learn where they are ({FEWEST_NEGATIVE} are needed); remove these rows if they do "
            "not matter"
        )
    size = np.abs(sample.weights)
    rows = LabelledRows(sample.inputs, (~is_negative).astype(int), size)
    log_ratio = fitting.fit(rows, group, generator).out_of_fold.mean(0)
    log_totals = np.log(size[~is_negative].sum() / size[is_negative].sum())
    # of a positive and b negative weight at a place: (a - b) / (a + b) = tanh(log(a / b) / 2)
    mean_sign = np.tanh((log_ratio + log_totals) / 2)
    return size * np.clip(mean_sign, 0, None)
