"""Fractions that sum to one, as those of the energy in the layers of a calorimeter."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.distributions import StickBreakingTransform

from hepml_lite.densities.change_of_variables.base import ChangeOfVariables, require_range

ROUNDING = 1e-6  # of the sum of the fractions


@dataclass
class StickBreaking(ChangeOfVariables):
    """Fractions (N, D) of sum one to free numbers (N, D - 1): each takes its share of the rest.

    The density is that of the first D - 1 fractions; the last one follows.

    Attributes:
        margin: share of the uniform point that is mixed in, so that fractions of zero stay finite.
    """

    margin: float = 0.0

    def fit(self, x: Tensor) -> Self:
        """Learn nothing.

        Raises:
            ValueError: a margin outside [0, 1), or a single fraction.
        """
        if not 0 <= self.margin < 1:
            raise ValueError(f"margin is {self.margin}: give a number in [0, 1), such as 1e-6")
        if x.shape[1] < 2:
            raise ValueError("one fraction alone is always one: give all the fractions")
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D - 1) and log |det dz/dx| (N,) of the first D - 1 fractions.

        Raises:
            OutOfRange: fractions that are negative, zero without a margin, or of another sum.
        """
        allowed = x >= 0 if self.margin else x > 0
        require_range(x, allowed, "fractions are positive; give margin=1e-6 if some are zero")
        total = x.sum(1, keepdim=True)
        is_one = (total - 1).abs() < ROUNDING
        require_range(total.expand_as(x), is_one.expand_as(x), "fractions must sum to one")
        inner = self._mixed(x)
        transform = StickBreakingTransform()
        z = transform.inv(inner)
        log_jacobian = -transform.log_abs_det_jacobian(z, inner)
        return z, log_jacobian + (x.shape[1] - 1) * torch.log1p(torch.tensor(-self.margin)).to(x)

    def inverse(self, z: Tensor) -> Tensor:
        """Fractions (N, D) of sum one."""
        inner = StickBreakingTransform()(z)
        x = (inner - self.margin / inner.shape[1]) / (1 - self.margin)
        not_negative = x.clamp(min=0)
        return not_negative / not_negative.sum(1, keepdim=True)

    def n_columns(self, n_features: int) -> int:
        """One less."""
        return n_features - 1

    def _mixed(self, x: Tensor) -> Tensor:
        return (1 - self.margin) * x + self.margin / x.shape[1]
