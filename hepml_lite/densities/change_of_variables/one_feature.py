"""Curved changes of single features: logit of bounded ones, log, power, and asinh of long tails."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hepml_lite.densities.change_of_variables.base import ChangeOfVariables, require_range


@dataclass
class Logit(ChangeOfVariables):
    """z = log(u / (1 - u)) of features between two bounds, u = (x - low) / (high - low).

    Attributes:
        low: bound of all features.
        high: bound of all features.
        margin: u is moved into [margin, 1 - margin], so that the bounds themselves stay finite.
    """

    low: float = 0.0
    high: float = 1.0
    margin: float = 0.0

    def fit(self, x: Tensor) -> Self:
        """Learn nothing.

        Raises:
            ValueError: bounds that do not rise, or a margin outside [0, 0.5).
        """
        if not (self.low < self.high and 0 <= self.margin < 0.5):
            raise ValueError(
                f"low={self.low}, high={self.high}, margin={self.margin}: give low < high and a "
                "margin in [0, 0.5), such as 1e-6"
            )
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,).

        Raises:
            OutOfRange: a feature outside the bounds, or on one without a margin.
        """
        inside = (x > self.low) & (x < self.high)
        if self.margin:
            inside = (x >= self.low) & (x <= self.high)
        require_range(
            x, inside, f"logit needs {self.low:g} < x < {self.high:g}; move the bounds, or give a "
            "margin such as 1e-6 if the bounds themselves occur",
        )  # fmt: skip
        scale = (1 - 2 * self.margin) / (self.high - self.low)
        u = self.margin + scale * (x - self.low)
        log_jacobian = torch.log(scale / (u * (1 - u)))
        return torch.logit(u), log_jacobian.sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D), inside the bounds."""
        scale = (1 - 2 * self.margin) / (self.high - self.low)
        x = self.low + (torch.sigmoid(z) - self.margin) / scale
        return x.clamp(self.low, self.high)


@dataclass
class Log(ChangeOfVariables):
    """z = log(x + offset) of features above -offset."""

    offset: float = 0.0

    def fit(self, x: Tensor) -> Self:
        """Learn nothing."""
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), that is -Σ z.

        Raises:
            OutOfRange: a feature that is not above -offset.
        """
        require_range(
            x, x > -self.offset, f"the logarithm needs x > {-self.offset:g}; spread a spike at "
            "zero with SpikeAtZero, or use Asinh for both signs",
        )  # fmt: skip
        z = torch.log(x + self.offset)
        return z, -z.sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D)."""
        return torch.exp(z) - self.offset


@dataclass
class Power(ChangeOfVariables):
    """z = x^exponent of positive features.

    The inverse takes a z below the range to the end of it.
    """

    exponent: float = 0.5

    def fit(self, x: Tensor) -> Self:
        """Learn nothing.

        Raises:
            ValueError: an exponent of zero.
        """
        if self.exponent == 0:
            raise ValueError("exponent is 0, which makes all rows equal: use Log, its limit")
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,).

        Raises:
            OutOfRange: a feature that is not positive.
        """
        require_range(x, x > 0, "a power needs x > 0; spread a spike at zero with SpikeAtZero")
        slope = abs(self.exponent) * x ** (self.exponent - 1)
        return x**self.exponent, torch.log(slope).sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D), positive."""
        smallest = torch.finfo(z.dtype).tiny
        return z.clamp(min=smallest) ** (1 / self.exponent)


@dataclass
class Asinh(ChangeOfVariables):
    """z = asinh(x / scale): linear near zero, a logarithm of both signs far out.

    Attributes:
        scale: where one becomes the other; None: the median of |x| of each feature.
    """

    scale: float | None = None

    def fit(self, x: Tensor) -> Self:
        """Learn the scale (D,).

        Raises:
            ValueError: a scale that is not positive.
        """
        scale = x.abs().median(0).values
        if self.scale is not None:
            scale = torch.full_like(scale, self.scale)
        if not (scale > 0).all():
            raise ValueError(f"scales {scale.tolist()} are not all positive: give one, scale=1.0")
        self.learned = {"scale": scale}
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,)."""
        scale = self.learned["scale"]
        return torch.asinh(x / scale), -torch.log(torch.hypot(x, scale.expand_as(x))).sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D)."""
        return self.learned["scale"] * torch.sinh(z)
