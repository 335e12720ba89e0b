"""The two samples of a test: checked rows, weights that sum to one, and what weights cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_finite, checked_not_negative

FEWEST = 2  # rows of a sample: one row has no width


@dataclass(frozen=True)
class Sample:
    """Rows of a sample.

    Attributes:
        x: (N, D).
        shares: (N,), the weights divided by their sum.
    """

    x: np.ndarray
    shares: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    @property
    def effective_size(self) -> float:
        """Number of rows without weights that would have the same statistical error."""
        return float(1 / (self.shares**2).sum())


def checked_samples(
    a: ArrayLike,
    b: ArrayLike,
    weights_a: ArrayLike | None = None,
    weights_b: ArrayLike | None = None,
    fewest: int = FEWEST,
) -> tuple[Sample, Sample]:
    """Two samples of the same features, without the rows of weight zero.

    Args:
        a: (N, D); (N,) is one feature.
        b: (M, D); (M,) is one feature.
        weights_a: (N,), zero or positive; None: all the same.
        weights_b: (M,), likewise.
        fewest: rows that each sample must have.

    Raises:
        ValueError: shapes that do not agree, NaN, negative weights, or too few rows.
    """
    first = checked_sample("a", a, weights_a, fewest)
    second = checked_sample("b", b, weights_b, fewest)
    if first.x.shape[1] != second.x.shape[1]:
        raise ValueError(
            f"a has {first.x.shape[1]} features and b has {second.x.shape[1]}: give the same "
            "features in the same order"
        )
    return first, second


def checked_sample(
    name: str, x: ArrayLike, weights: ArrayLike | None = None, fewest: int = FEWEST
) -> Sample:
    """One sample, without the rows of weight zero; arguments and errors as `checked_samples`."""
    rows = checked_finite(name, x)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"{name} has shape {rows.shape}: give (rows, features)")
    if weights is None:
        weight = np.ones(len(rows))
    else:
        weight = checked_not_negative(f"weights of {name}", weights)
    if weight.shape != (len(rows),):
        raise ValueError(
            f"the weights of {name} have shape {weight.shape} for {len(rows)} rows: give one for "
            "each row"
        )
    kept = weight > 0
    if kept.sum() < fewest:
        raise ValueError(
            f"{name} has {kept.sum()} row(s) with a positive weight: at least {fewest} are needed; "
            "check the selection"
        )
    return Sample(rows[kept], weight[kept] / weight[kept].sum())


def effective_sample_size(weights: ArrayLike) -> float:
    """(sum w)^2 / sum w^2: rows without weights that would have the same statistical error.

    >>> effective_sample_size([1, 1, 1, 1]), effective_sample_size([1, 1, 0, 0])
    (4.0, 2.0)

    Args:
        weights: (N,); negative ones, such as those of generators at next-to-leading order, count.

    Raises:
        ValueError: weights that are NaN, all zero or of a vanishing sum, or not (N,).
    """
    weight = checked_finite("weights", as_floats("weights", weights), n_axes=1)
    largest = np.abs(weight).max(initial=0)
    if largest == 0 or weight.sum() == 0:
        raise ValueError("weights sum to zero: no row is left; was the selection empty?")
    scaled = weight / largest  # squares of very large or small weights would not be finite
    return float(scaled.sum() ** 2 / (scaled**2).sum())
