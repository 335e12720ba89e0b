"""How thick should a tracker be? More material measures better, and scatters more: a known optimum.

A particle of momentum theta, in units of the width of its prior, is measured with the variance

    v(t) = spread² + measured² / t + scattered² t

at a thickness t: the error of the measurement falls with the number of layers, and multiple
scattering grows as the square root of the material. The best thickness is measured / scattered,
whatever the intrinsic spread. The simulator is differentiable by theta and t.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hepml_lite.statistics.settings_checks import checked_count, checked_number


@dataclass(frozen=True)
class TrackerThickness:
    """One momentum with a prior N(0, 1); one measured momentum.

    Attributes:
        measured: error of the measurement at thickness one.
        scattered: error by multiple scattering at thickness one.
        spread: error that no thickness changes; 0 for none.

    Raises:
        ValueError: for errors that are no positive numbers.
    """

    measured: float = 0.6
    scattered: float = 0.15
    spread: float = 0.1

    def __post_init__(self) -> None:
        for name in ("measured", "scattered"):
            checked_number(name, getattr(self, name), 0, np.inf, "()", "0.3")
        checked_number("spread", self.spread, 0, np.inf, "[)", "0.1")

    def sample_prior(self, n: int) -> Tensor:
        """Draw momenta (n, 1) with torch's generator."""
        return torch.randn(checked_count("n", n), 1)

    def simulate(self, theta: Tensor, design: Tensor) -> Tensor:
        """Measured momenta (N, 1) of true ones (N, 1) at ln thickness (N, 1), differentiable."""
        thickness = design.exp()
        variance = self.spread**2 + self.measured**2 / thickness + self.scattered**2 * thickness
        return theta + variance.sqrt() * torch.randn_like(theta)

    def variance(self, thickness: float) -> float:
        """v of a measurement.

        Raises:
            ValueError: for a thickness that is not positive; `simulate` takes its logarithm.
        """
        thickness = checked_number("thickness", thickness, 0, np.inf, "()", "4.0")
        return self.spread**2 + self.measured**2 / thickness + self.scattered**2 * thickness

    def uncertainty(self, thickness: float) -> float:
        """Width of the posterior, in widths of the prior."""
        return float((1 + 1 / self.variance(thickness)) ** -0.5)

    def expected_loss(self, thickness: float) -> float:
        """Entropy of the posterior [nats]: the smallest mean of -log q(theta | x)."""
        return float(np.log(2 * np.pi * np.e * self.uncertainty(thickness) ** 2) / 2)

    @property
    def best_thickness(self) -> float:
        """Where the uncertainty is smallest."""
        return self.measured / self.scattered
