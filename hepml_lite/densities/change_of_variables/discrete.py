"""Features that are no continuous numbers: integers, and a spike of rows at exactly zero.

Noise makes a density of them; the inverse removes it. The mean of log p(z) over the noise is a
lower bound on the log probability of the integer (L. Theis, A. van den Oord, M. Bethge, "A note on
the evaluation of generative models", arXiv:1511.01844, section 3.1).
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hepml_lite.densities.change_of_variables.base import ChangeOfVariables, require_range

LARGEST_PART = 1 - 1e-9  # noise stays below one, also after rounding


@dataclass
class Dequantise(ChangeOfVariables):
    """z = k + u of integers k, with u uniform in [0, 1); the inverse rounds down.

    Attributes:
        seed: of the noise; the same rows get the same noise.
    """

    seed: int = 0

    def fit(self, x: Tensor) -> Self:
        """Learn nothing."""
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), zero.

        Raises:
            OutOfRange: a feature that is no whole number.
        """
        require_range(
            x, x == x.round(), "only whole numbers get noise; apply this to the columns of integers"
            " with on(columns, Dequantise())",
        )  # fmt: skip
        return x + LARGEST_PART * _noise(x, self.seed), x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """Integers (N, D), as floats."""
        return z.floor()


@dataclass
class SpikeAtZero(ChangeOfVariables):
    """Rows at exactly zero, beside positive ones, are spread uniformly over (-width, 0].

    Attributes:
        width: of the spread spike; None: the median of the positive rows of each feature.
        seed: of the noise; the same rows get the same noise.
    """

    width: float | None = None
    seed: int = 0

    def fit(self, x: Tensor) -> Self:
        """Learn the width (D,).

        Raises:
            ValueError: a feature without positive rows, or a width that is not positive.
        """
        widths = torch.where(x > 0, x, torch.nan).nanmedian(0).values
        if self.width is not None:
            widths = torch.full_like(widths, self.width)
        wrong = torch.nonzero(~(widths > 0)).flatten().tolist()
        if wrong:
            raise ValueError(
                f"feature(s) {wrong} have no positive rows or no positive width: remove them, or "
                "give width=1.0"
            )
        self.learned = {"width": widths}
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), zero.

        Raises:
            OutOfRange: a negative feature.
        """
        require_range(x, x >= 0, "a spike at zero needs x >= 0; use Asinh for both signs")
        noise = -self.learned["width"] * _noise(x, self.seed)
        return x + torch.where(x == 0, noise, 0.0), x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D), zero where z is not positive."""
        return z.clamp(min=0)


def _noise(x: Tensor, seed: int) -> Tensor:
    """Uniform numbers in [0, 1) of the shape of x; torch's own generator is not touched."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(x.shape, generator=generator, dtype=torch.float64).to(x)
