"""Energies of voxels, of which many are zero, as numbers that a network learns well."""

import math
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hepml_lite.densities.change_of_variables import ChangeOfVariables
from hepml_lite.densities.change_of_variables.base import require_range

LARGEST_LOG = 18.0  # 10^8 thresholds: no voxel has as much


@dataclass
class LogAboveThreshold(ChangeOfVariables):
    """z = log(x / threshold) where x is at least the threshold; zeros are spread below z = 0.

    Attributes:
        threshold: in the unit of x; smaller energies count as zero.
        spread: of the half-normal noise of zeros. The density of z is then about the same on both
            sides of zero in `calo_showers`, and a network that blurs it keeps the share of zeros.
        seed: of the noise; the same rows get the same noise.
    """

    threshold: float
    spread: float = 1.5
    seed: int = 0

    def fit(self, x: Tensor) -> Self:
        """Learn nothing.

        Raises:
            ValueError: a threshold that is not positive.
        """
        if not self.threshold > 0:
            raise ValueError(f"threshold is {self.threshold}: give a positive energy")
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), without that of the zeros.

        Raises:
            OutOfRange: a negative energy.
        """
        require_range(x, x >= 0, "energies of voxels are not negative; clip noise at zero first")
        is_above = x >= self.threshold
        noise = negative_noise(x, self.spread, self.seed)
        logs = torch.log(x.clamp(min=self.threshold) / self.threshold)
        log_jacobian = torch.where(is_above, -logs - math.log(self.threshold), 0.0)
        return torch.where(is_above, logs, noise), log_jacobian.sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D), zero where z is negative."""
        energies = self.threshold * torch.exp(z.clamp(max=LARGEST_LOG))
        return torch.where(z >= 0, energies, 0.0)


def negative_noise(x: Tensor, spread: float, seed: int) -> Tensor:
    """Half-normal numbers below zero, of the shape of x; torch's own generator is not touched."""
    generator = torch.Generator().manual_seed(seed)
    return -spread * torch.randn(x.shape, generator=generator, dtype=torch.float64).abs().to(x)
