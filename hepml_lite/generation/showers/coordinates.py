"""Coordinates in which the energies of layers and the moments of a shower are easy to learn.

The layers hold all the energy but one per cent, and the mean depth follows from the layers but for
the position within each. Both relations are thin surfaces in the user's variables: a network smears
them, and a judge sees it at once. In these coordinates each of them is a feature of its own.
"""

import math
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hepml_lite.densities.change_of_variables import (
    ChangeOfVariables,
    Log,
    Standardise,
    chain,
    on,
)
from hepml_lite.densities.change_of_variables.base import require_range

LEAKAGE_OFFSET = 1e-3  # of the incident energy; stored shares are rounded and may exceed one
SMALLEST_RESPONSE = 1e-3
LARGEST_RESPONSE = 1.0
SPIKE_DISTANCE = 3.0  # of empty layers below the smallest share, in logits
SPIKE_WIDTH = 0.7


@dataclass
class LeakageAndFractions(ChangeOfVariables):
    """Shares (N, L) of the incident energy to log of the lost share, and fractions of sum one.

    The density is that of the logarithm and of the first L - 1 fractions.

    Attributes:
        offset: added to the lost share before the logarithm.
    """

    offset: float = LEAKAGE_OFFSET

    def fit(self, x: Tensor) -> Self:
        """Learn nothing."""
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, 1 + L) and log |det| (N,).

        Raises:
            OutOfRange: negative shares, none, or more than the incident energy.
        """
        response = x.sum(1, keepdim=True)
        allowed = (x >= 0) & (response > 0) & (response < 1 + self.offset)
        require_range(
            x,
            allowed,
            "shares of the incident energy are positive and sum to at most one: divide the "
            "energies of the layers by the incident energy",
        )
        z = torch.log(1 - response + self.offset)  # (N, 1)
        n_layers = x.shape[1]
        log_jacobian = -(n_layers - 1) * torch.log(response) - z
        return torch.cat([z, x / response], 1), log_jacobian[:, 0]

    def inverse(self, z: Tensor) -> Tensor:
        """Shares (N, L), of a sum of at most one."""
        response = 1 + self.offset - torch.exp(z[:, :1])
        return response.clamp(SMALLEST_RESPONSE, LARGEST_RESPONSE) * z[:, 1:]

    def n_columns(self, n_features: int) -> int:
        """One more: the lost share."""
        return n_features + 1


@dataclass
class DepthWithinLayers(ChangeOfVariables):
    """Mean and width of the depth, less what the energies of the layers say already.

    Columns: shares of L layers, mean of the depth, width of the depth, and whatever follows.

    Attributes:
        depths: edges of the layers, L + 1 of them.
    """

    depths: tuple[float, ...]

    def fit(self, x: Tensor) -> Self:
        """Learn nothing.

        Raises:
            ValueError: fewer columns than layers and two moments.
        """
        n_layers = len(self.depths) - 1
        if x.shape[1] < n_layers + 2:
            raise ValueError(
                f"rows have {x.shape[1]} columns for {n_layers} layers: give the share of each "
                "layer, then mean and width of the depth"
            )
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, D) and its log Jacobian (N,), zero: each moment is only shifted."""
        return x - self._from_layers(x), x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D)."""
        return z + self._from_layers(z)

    def _from_layers(self, x: Tensor) -> Tensor:
        """Mean and width of a shower with all energy in the middles of layers, else 0, (N, D)."""
        edges = torch.tensor(self.depths, dtype=x.dtype)
        middles = (edges[1:] + edges[:-1]) / 2
        n_layers = len(middles)
        fractions = x[:, :n_layers] / x[:, :n_layers].sum(1, keepdim=True)
        mean = fractions @ middles
        variance = fractions @ middles.square() - mean.square()
        result = torch.zeros_like(x)
        result[:, n_layers] = mean
        result[:, n_layers + 1] = variance.clamp(min=0).sqrt()
        return result


@dataclass
class SticksFromTheBack(ChangeOfVariables):
    """Fractions (N, L) of sum one to L - 1 numbers: how much of the rest each layer takes.

    The last layer comes first, and u_i = f_i / (f_0 + ... + f_i). Then z = logit(u) - logit(s) for
    u above the smallest share s. Empty layers are spread around -3: a photon that converts leaves
    some MeV, so that there is a gap between them and the others. The density is that of the last
    L - 1 fractions; the first one follows.

    Attributes:
        smallest: s, the smallest share of a layer that is not empty.
        seed: of the noise of empty layers; the same rows get the same noise.
    """

    smallest: float
    seed: int = 0

    def fit(self, x: Tensor) -> Self:
        """Learn nothing.

        Raises:
            ValueError: a smallest share outside (0, 0.5), or a single fraction.
        """
        if not 0 < self.smallest < 0.5:
            raise ValueError(f"smallest is {self.smallest}: give a share in (0, 0.5), such as 1e-5")
        if x.shape[1] < 2:
            raise ValueError("one fraction alone is always one: give those of all layers")
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Z (N, L - 1) and its log Jacobian (N,), without that of empty layers.

        Raises:
            OutOfRange: negative fractions.
        """
        require_range(x, x >= 0, "fractions of layers are not negative: clip noise at zero first")
        rest = x.cumsum(1)[:, 1:]
        u = (x[:, 1:] / rest).nan_to_num(0.0)
        is_above = u >= self.smallest
        inside = u.clamp(self.smallest, 1 - self.smallest)
        generator = torch.Generator().manual_seed(self.seed)
        normal = torch.randn(u.shape, generator=generator, dtype=torch.float64).to(x)
        noise = (SPIKE_WIDTH * normal - SPIKE_DISTANCE).clamp(max=-SPIKE_WIDTH)
        z = torch.where(is_above, torch.logit(inside) - self._zero, noise)
        log_slope = -torch.log(inside) - torch.log1p(-inside) - torch.log(rest)
        return z, torch.where(is_above, log_slope, 0.0).sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        """Fractions (N, L) of sum one."""
        u = torch.where(z >= 0, torch.sigmoid(z + self._zero), 0.0)
        left = (1 - u).flip(1).cumprod(1).flip(1)  # of the stick, after layers i and later
        before = torch.cat([left[:, 1:], torch.ones_like(left[:, :1])], 1)
        return torch.cat([left[:, :1], u * before], 1)

    def n_columns(self, n_features: int) -> int:
        """One less."""
        return n_features - 1

    @property
    def _zero(self) -> float:
        """logit(s), which becomes z = 0."""
        return math.log(self.smallest / (1 - self.smallest))


def layer_coordinates(n_layers: int, smallest: float) -> ChangeOfVariables:
    """Shares of L layers to L numbers of mean zero and width one.

    Args:
        n_layers: L.
        smallest: share of a layer that is not empty.
    """
    fractions = range(1, n_layers + 1)
    return chain(LeakageAndFractions(), on(fractions, SticksFromTheBack(smallest)), Standardise())


def profile_coordinates(depths: tuple[float, ...], smallest: float = 5e-5) -> ChangeOfVariables:
    """Shares of L layers, then mean and width of depth and of radius, to L + 4 numbers.

    Args:
        depths: edges of the layers, L + 1 of them.
        smallest: share of a layer that is not empty; stored shares are rounded to twice that.
    """
    n_layers = len(depths) - 1
    moments_of_radius = [n_layers + 2, n_layers + 3]
    # LeakageAndFractions on the layers leaves the lost share first and its new column last
    fractions = [*range(1, n_layers), n_layers + 4]
    return chain(
        DepthWithinLayers(depths),
        on(moments_of_radius, Log()),
        on(range(n_layers), LeakageAndFractions()),
        on(fractions, SticksFromTheBack(smallest)),
        Standardise(),
    )
