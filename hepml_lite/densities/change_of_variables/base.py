"""What every change of variables can do, and the error for rows outside its range."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor


class OutOfRange(ValueError):
    """A row outside the range of a change of variables.

    Attributes:
        row: the first such row.
        feature: its first feature outside.
        reason: what is wrong, what is allowed and what to do.
    """

    def __init__(self, row: int, feature: int, reason: str):
        super().__init__(f"row {row}, feature {feature}: {reason}")
        self.row = row
        self.feature = feature
        self.reason = reason


@dataclass
class ChangeOfVariables(ABC):
    """An invertible change z = f(x) of rows (N, D), fitted on training rows only.

    A subclass is a dataclass: its fields are what the user chose (numbers, strings, tuples, or
    other changes), and `learned` holds what `fit` found. Both are saved with a model.

    All work on float64 tensors, so that autograd can differentiate them.

    Attributes:
        learned: tensors by name, empty before `fit`.
    """

    learned: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)

    @abstractmethod
    def fit(self, x: Tensor) -> Self:
        """Learn from rows (N, D)."""

    @abstractmethod
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z (N, D) and log |det dz/dx| (N,).

        Raises:
            OutOfRange: rows outside the range of the change, with the row and the feature.
        """

    @abstractmethod
    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D), such that forward(x) is z."""

    def n_columns(self, n_features: int) -> int:
        """Columns of z for that many columns of x; most changes keep their number."""
        return n_features

    @property
    def keeps_density(self) -> bool:
        """Whether a density of z is one of x: not where z lies on a curve, as on a circle."""
        return True


def require_range(x: Tensor, inside: Tensor, allowed: str) -> None:
    """Refuse rows (N, D) where `inside` (N, D) is False.

    Raises:
        OutOfRange: with the first row and feature.
    """
    wrong = torch.nonzero(~inside)
    if len(wrong):
        row = int(wrong[0, 0])
        feature = int(wrong[0, 1])
        n_rows = len(wrong[:, 0].unique())
        raise OutOfRange(
            row, feature, f"{x[row, feature].item():g} in one of {n_rows} such rows; {allowed}"
        )
