"""Angles: as a number with the cut where few rows are, or as a point on the circle."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hepml_lite.densities.change_of_variables.base import ChangeOfVariables
from hepml_lite.kinematics import delta_phi, wrap_phi


@dataclass
class WrappedAngle(ChangeOfVariables):
    """z = φ - centre in [-π, π), with the mean direction of the rows as the centre.

    Angles [rad] that differ by 2π are the same; the inverse gives those in [-π, π).
    """

    def fit(self, x: Tensor) -> Self:
        """Learn the mean direction (D,)."""
        self.learned = {"centre": torch.atan2(x.sin().mean(0), x.cos().mean(0))}
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), zero."""
        wrapped = delta_phi(x.detach().numpy(), self.learned["centre"].numpy())
        turns = torch.as_tensor(wrapped) - (x.detach() - self.learned["centre"])
        return x - self.learned["centre"] + turns, x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """Angles (N, D) in [-π, π)."""
        return torch.as_tensor(wrap_phi((z + self.learned["centre"]).detach().numpy()))


@dataclass
class AngleAsPair(ChangeOfVariables):
    """z = (cos φ, sin φ): no cut, for conditions and for samples without `log_prob`.

    The points lie on a circle, where a density of the plane is none of φ. The log Jacobian is that
    of the length along the circle, zero.
    """

    def fit(self, x: Tensor) -> Self:
        """Learn nothing."""
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, 2 D), first all cosines, then all sines; log Jacobian (N,), zero."""
        return torch.cat([x.cos(), x.sin()], 1), x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """Angles (N, D) in [-π, π) of points (N, 2 D), which need not lie on the circle."""
        cosine, sine = z.chunk(2, 1)
        return torch.as_tensor(wrap_phi(torch.atan2(sine, cosine).detach().numpy()))

    def n_columns(self, n_features: int) -> int:
        """Two for each angle."""
        return 2 * n_features

    @property
    def keeps_density(self) -> bool:
        """No."""
        return False
