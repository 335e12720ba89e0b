"""Changes of variables: from the user's units to what a network learns well, and back.

With z = f(x) the densities are p(x) = p(z) |det dz/dx|: each change returns log |det dz/dx| beside
z. All work on float64 tensors, so that autograd can differentiate them.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor


@dataclass
class ChangeOfVariables(ABC):
    """An invertible change z = f(x) of rows (N, D), fitted on training rows only.

    A subclass is a dataclass: its fields are what the user chose (numbers, strings, tuples, or
    other changes), and `learned` holds what `fit` found. Both are saved with a model.

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
            ValueError: rows outside the range of the change, with the row and the feature.
        """

    @abstractmethod
    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D), such that forward(x) is z."""


@dataclass
class Standardise(ChangeOfVariables):
    """z = (x - mean) / standard deviation, feature by feature."""

    def fit(self, x: Tensor) -> Self:
        """Learn mean and standard deviation (D,).

        Raises:
            ValueError: a feature that is the same in all rows.
        """
        self.learned = {"mean": x.mean(0), "width": x.std(0, correction=0)}
        constant = torch.nonzero(x.amax(0) == x.amin(0)).flatten().tolist()
        if constant:
            raise ValueError(
                f"feature(s) {constant} are the same in all {len(x)} rows: a density in them does "
                "not exist; remove them and put them back after sampling"
            )
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), the same for all rows."""
        z = (x - self.learned["mean"]) / self.learned["width"]
        return z, -self.learned["width"].log().sum().expand(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D)."""
        return z * self.learned["width"] + self.learned["mean"]
