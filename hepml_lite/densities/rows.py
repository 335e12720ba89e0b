"""The rows that a density is fitted to, checked in one place: features, conditions and weights."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats

# (x, condition, weights) of validation rows; None where there is none
Validation = tuple[ArrayLike, ArrayLike | None, ArrayLike | None]
FEWEST_ROWS = 2  # one row has no width


@dataclass(frozen=True)
class Rows:
    """Rows of a sample.

    Attributes:
        x: features (N, D).
        condition: (N, C); C is 0 where nothing is given.
        weights: (N,), zero or positive, of mean one.
    """

    x: np.ndarray
    condition: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, chosen: np.ndarray) -> Self:
        return type(self)(self.x[chosen], self.condition[chosen], self.weights[chosen])

    def split(self, share: float, rng: np.random.Generator) -> tuple[Self, Self]:
        """Two parts in random order; the second holds this share of the rows, at least one."""
        order = rng.permutation(len(self))
        n_second = max(1, round(share * len(self)))
        return self[order[n_second:]], self[order[:n_second]]


def checked_rows(
    x: ArrayLike, condition: ArrayLike | None = None, weights: ArrayLike | None = None
) -> Rows:
    """The rows to fit; weights are scaled to mean one, which changes no density.

    Args:
        x: features (N, D); (N,) is one feature.
        condition: (N, C); (N,) is one number a row.
        weights: (N,); None: one for every row.

    Raises:
        ValueError: fewer than two rows, lengths that differ, NaN, negative weights, or weights
            that sum to zero.
    """
    features = checked_table("x", x)
    if len(features) < FEWEST_ROWS:
        raise ValueError(
            f"x has {len(features)} row(s): a density needs at least {FEWEST_ROWS}, and hundreds "
            "to be of use"
        )
    return Rows(
        features,
        checked_condition(condition, len(features)),
        _checked_row_weights(weights, len(features)),
    )


def checked_table(name: str, values: ArrayLike) -> np.ndarray:
    """Finite numbers (N, D); (N,) becomes (N, 1).

    Raises:
        ValueError: another number of axes, no columns, NaN or infinite numbers (with the first
            row and column where they stand).
    """
    table = as_floats(name, values)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"{name} has shape {table.shape}: give (rows, features)")
    wrong = np.argwhere(~np.isfinite(table))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"{name} has {len(wrong)} NaN or infinite numbers, the first in row {row}, feature "
            f"{column}: remove these rows, or replace the missing numbers"
        )
    return table


def checked_condition(condition: ArrayLike | None, n_rows: int) -> np.ndarray:
    """Conditions (n_rows, C) to fit, with C = 0 for None; (n_rows,) is one number a row.

    Raises:
        ValueError: another number of rows, NaN or infinite numbers.
    """
    if condition is None:
        return np.zeros((n_rows, 0))
    table = checked_table("condition", condition)
    if len(table) != n_rows:
        raise ValueError(
            f"condition has {len(table)} rows and x has {n_rows}: give one condition for each row"
        )
    return table


def conditions_of_rows(condition: ArrayLike | None, n_rows: int, n_conditions: int) -> np.ndarray:
    """Conditions (n_rows, C) of rows to evaluate; one condition (C,) stands for all rows.

    Raises:
        ValueError: other numbers of rows or features than expected, NaN or infinite numbers.
    """
    if condition is not None and np.shape(condition) == (n_conditions,):
        condition = np.tile(as_floats("condition", condition), (n_rows, 1))
    table = checked_condition(condition, n_rows)
    _require_columns("condition", table, n_conditions)
    return table


def conditions_to_sample(condition: ArrayLike | None, n_conditions: int) -> np.ndarray:
    """Conditions (M, C) to draw rows for: M = 1 for one condition (C,), or none.

    Raises:
        ValueError: another number of features than C, NaN or infinite numbers.
    """
    if condition is None:
        table = np.zeros((1, 0))
    else:
        table = checked_table("condition", np.atleast_2d(as_floats("condition", condition)))
    _require_columns("condition", table, n_conditions)
    return table


def features_of_rows(x: ArrayLike, n_features: int) -> np.ndarray:
    """Features (N, D) of rows to evaluate.

    Raises:
        ValueError: another number of features than D, NaN or infinite numbers.
    """
    table = checked_table("x", x)
    _require_columns("x", table, n_features)
    return table


def _require_columns(name: str, table: np.ndarray, n_columns: int) -> None:
    if table.shape[1] != n_columns:
        raise ValueError(
            f"{name} has {table.shape[1]} features and the fit had {n_columns}: give the same "
            "ones in the same order"
        )


def require_same_columns(rows: Rows, validation: Rows) -> None:
    """Refuse validation rows of another kind than the rows of the fit.

    Raises:
        ValueError: another number of features or of conditions.
    """
    _require_columns("x of validation", validation.x, rows.x.shape[1])
    _require_columns("condition of validation", validation.condition, rows.condition.shape[1])


def _checked_row_weights(weights: ArrayLike | None, n_rows: int) -> np.ndarray:
    if weights is None:
        return np.ones(n_rows)
    numbers = as_floats("weights", weights)
    if numbers.shape != (n_rows,):
        raise ValueError(
            f"weights has shape {numbers.shape} for {n_rows} rows: give one weight for each row"
        )
    if not np.isfinite(numbers).all() or numbers.min() < 0:
        raise ValueError(
            f"weights go from {numbers.min()} to {numbers.max()}: a density needs finite weights "
            "that are not negative; subtract the negative part with a ratio (densities.fit_ratio)"
        )
    if numbers.sum() == 0:
        raise ValueError("weights sum to zero: no row is left; was the selection empty?")
    return numbers / numbers.mean()
