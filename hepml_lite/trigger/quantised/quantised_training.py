"""Quantisation-aware training: a network that learns with the numbers a chip will have.

Forward, every weight and activation is rounded to its type with a fixed point. Backward, rounding
counts as the identity, and a number that saturates has no slope (the straight-through estimator;
Bengio, Léonard and Courville, arXiv:1308.3432; Coelho et al., arXiv:2006.10159, for triggers).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.trigger.emulation.integer_network import (
    ACCUMULATORS,
    ACTIVATION,
    BIAS,
    INPUT,
    RESULT,
    WEIGHT,
    IntegerLayer,
    IntegerNetwork,
)
from hepml_lite.trigger.fixed_point import FixedPoint

LARGEST_TRAINED_WIDTH = 24  # bits of the whole numbers of float32
ROUNDINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "TRN": torch.floor,
    "RND": lambda steps: torch.floor(steps + 0.5),
    "RND_CONV": torch.round,
}


def fake_quantised(x: Tensor, kind: FixedPoint) -> Tensor:
    """The numbers of a type that x (any shape) becomes, with the slope of the identity.

    Raises:
        ValueError: for a rounding other than TRN, RND and RND_CONV, or an overflow other than SAT
            and WRAP: they have no version for training; for more than 24 bits, which float32 does
            not hold.
        TypeError: for x in another format than float32 and float64.
    """
    if not isinstance(x, Tensor) or x.dtype not in (torch.float32, torch.float64):
        kind_of_x = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x is {kind_of_x}: give a tensor of float32 or float64, as x.float()")
    if kind.width > LARGEST_TRAINED_WIDTH:
        raise ValueError(
            f"{kind} has {kind.width} bits: float32 holds {LARGEST_TRAINED_WIDTH}, choose fewer"
        )
    if kind.rounding not in ROUNDINGS or kind.overflow not in ("SAT", "WRAP"):
        raise ValueError(
            f"{kind}: for training choose one of {[*ROUNDINGS]}, and SAT or WRAP for the overflow"
        )
    if kind.overflow == "SAT":
        x = torch.clamp(x, kind.lowest, kind.highest)  # no slope beyond the ends
    codes = ROUNDINGS[kind.rounding](x.detach() / kind.step)
    if kind.overflow == "WRAP":
        codes = torch.remainder(codes - kind.lowest_code, 2.0**kind.width) + kind.lowest_code
    return codes * kind.step + (x - x.detach())  # the last term is zero, and has the slope


class QuantisedDense(nn.Linear):
    """A dense layer whose weights, biases and output have a fixed point.

    Args:
        n_in, n_out: sizes.
        input_type: of what comes in, already rounded to it.
        output_type: of what goes out.
        accumulator: of the sum; training does not wrap it, so it must be wide enough.
        relu: whether negative sums become zero.
        weight_type, bias_type: as in `IntegerLayer`. Weights that exceed their type saturate here.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        input_type: FixedPoint = ACTIVATION,
        output_type: FixedPoint = ACTIVATION,
        accumulator: FixedPoint = ACCUMULATORS[1],
        relu: bool = True,
        weight_type: FixedPoint = WEIGHT,
        bias_type: FixedPoint = BIAS,
    ) -> None:
        super().__init__(n_in, n_out)
        self.input_type, self.output_type, self.accumulator = input_type, output_type, accumulator
        self.weight_type, self.bias_type, self.relu = weight_type, bias_type, relu

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_in) numbers of the input type -> (N, n_out) of the output type."""
        bias = fake_quantised(self.bias, _saturating(self.bias_type))
        total = nn.functional.linear(x, self.rounded_weight(), bias)
        return fake_quantised(torch.relu(total) if self.relu else total, self.output_type)

    def rounded_weight(self) -> Tensor:
        """The weights (n_out, n_in) as the chip has them."""
        return self.rounded(self.weight)

    def rounded(self, weight: Tensor) -> Tensor:
        """Weights rounded to the nearest of their type."""
        return fake_quantised(weight, _saturating(self.weight_type))

    def whole(self) -> IntegerLayer:
        """The same layer in whole numbers."""
        return IntegerLayer(
            _saturating(self.weight_type).quantise(self.weight.detach().cpu().double().numpy().T),
            _saturating(self.bias_type).quantise(self.bias.detach().cpu().double().numpy()),
            self.input_type,
            self.output_type,
            self.accumulator,
            self.weight_type,
            self.bias_type,
            self.relu,
        )


class QuantisedEncoder(nn.Module):
    """Three dense layers with the types of the published firmware; see `integer_network`.

    Args:
        sizes: inputs and nodes, 57-28-15-8 in the firmware.

    Raises:
        ValueError: for other than four sizes, or none that are whole and positive.
    """

    def __init__(self, sizes: tuple[int, int, int, int] = (57, 28, 15, 8)) -> None:
        super().__init__()
        if np.shape(sizes) != (4,):
            raise ValueError(f"sizes is {sizes!r}: give four, as (57, 28, 15, 8)")
        n_in, first, second, n_out = (checked_count("a size", size) for size in sizes)
        self.layers = nn.Sequential(
            QuantisedDense(n_in, first, INPUT, accumulator=ACCUMULATORS[0]),
            QuantisedDense(first, second, accumulator=ACCUMULATORS[1]),
            QuantisedDense(
                second, n_out, output_type=RESULT, accumulator=ACCUMULATORS[2], relu=False
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_in) numbers -> (N, n_out) numbers of the result's type."""
        out: Tensor = self.layers(fake_quantised(x, INPUT))
        return out

    @property
    def dense(self) -> list[QuantisedDense]:
        """The three layers."""
        return [layer for layer in self.layers if isinstance(layer, QuantisedDense)]

    def whole(self) -> IntegerNetwork:
        """The same network in whole numbers."""
        return IntegerNetwork(tuple(layer.whole() for layer in self.dense))


def _saturating(kind: FixedPoint) -> FixedPoint:
    """The same numbers, but rounded to the nearest and saturated: how weights are stored."""
    return FixedPoint(kind.width, kind.integer, kind.signed, "RND_CONV", "SAT")
