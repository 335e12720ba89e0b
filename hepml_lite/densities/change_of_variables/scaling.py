"""Linear changes of variables: standardised features, and features without correlation."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hepml_lite.densities.change_of_variables.base import ChangeOfVariables

LOW, MEDIAN, HIGH = 0.1587, 0.5, 0.8413  # of a Gaussian: one standard deviation either way
SMALLEST_VARIANCE = 1e-12  # of a direction, as a share of the largest one


@dataclass
class Standardise(ChangeOfVariables):
    """z = (x - mean) / standard deviation, feature by feature."""

    def fit(self, x: Tensor) -> Self:
        """Learn mean and standard deviation (D,).

        Raises:
            ValueError: a feature that is the same in all rows.
        """
        self.learned = {"centre": x.mean(0), "width": x.std(0, correction=0)}
        constant = torch.nonzero(x.amax(0) == x.amin(0)).flatten().tolist()
        if constant:
            raise ValueError(
                f"feature(s) {constant} are the same in all {len(x)} rows: a density in them does "
                "not exist; remove them and put them back after sampling"
            )
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), the same for all rows."""
        z = (x - self.learned["centre"]) / self.learned["width"]
        return z, -self.learned["width"].log().sum().expand(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D)."""
        return z * self.learned["width"] + self.learned["centre"]


@dataclass
class StandardiseRobustly(Standardise):
    """z = (x - median) / half the central 68 % interval: a few large rows do not change it."""

    def fit(self, x: Tensor) -> Self:
        """Learn median and width (D,).

        Raises:
            ValueError: a feature of which more than 68 % of the rows are the same.
        """
        low, median, high = torch.quantile(x, torch.tensor([LOW, MEDIAN, HIGH]).to(x), dim=0)
        self.learned = {"centre": median, "width": (high - low) / 2}
        narrow = torch.nonzero(high == low).flatten().tolist()
        if narrow:
            raise ValueError(
                f"feature(s) {narrow} have the same value in more than 68 % of the {len(x)} rows: "
                "spread the spike first, with SpikeAtZero or Dequantise, or use Standardise"
            )
        return self


@dataclass
class Whiten(ChangeOfVariables):
    """Principal components of variance one: z = (x - mean) V / sqrt(λ), with Cov = V diag(λ) Vᵀ."""

    def fit(self, x: Tensor) -> Self:
        """Learn mean (D,), directions V (D, D) and widths sqrt(λ) (D,), widest last.

        Raises:
            ValueError: a feature that is constant, or a sum of others.
        """
        covariance = torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])
        variances, directions = torch.linalg.eigh(covariance)
        if variances[0] <= SMALLEST_VARIANCE * variances[-1]:
            involved = torch.nonzero(directions[:, 0].abs() > 0.1).flatten().tolist()
            raise ValueError(
                f"features {involved} depend on each other linearly (variance {variances[0]:.2g} "
                f"in one direction, {variances[-1]:.2g} in another), or one is constant: remove "
                "one of them"
            )
        self.learned = {
            "centre": x.mean(0),
            "directions": directions.contiguous(),
            "widths": variances.sqrt(),
        }
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), the same for all rows."""
        z = (x - self.learned["centre"]) @ self.learned["directions"] / self.learned["widths"]
        return z, -self.learned["widths"].log().sum().expand(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D)."""
        return (z * self.learned["widths"]) @ self.learned["directions"].T + self.learned["centre"]
