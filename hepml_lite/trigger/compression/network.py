"""A network of dense layers with few bits, pruned weights, or bits of their own for each weight.

Types with a fixed point are chosen from the numbers of a trained float network: weights fit the
largest weight of their layer, activations 99.9 % of what the training events give. Biases and sums
keep all bits that a product has: they cost one constant in a sum.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.trigger.compression.own_bits import bits_of, rounded_with_own_bits
from hepml_lite.trigger.emulation.integer_network import IntegerLayer, IntegerNetwork
from hepml_lite.trigger.emulation.ranges import bits_for
from hepml_lite.trigger.fixed_point import FixedPoint, integer_bits
from hepml_lite.trigger.quantised.quantised_training import QuantisedDense, fake_quantised

COVERED = 0.999  # share of the activations that must not saturate
OUTPUT_BITS = 10  # of the last layer, as in the published firmware
BIAS_BITS = 20  # at most
FASTER = 10.0  # learn bits than weights: Adam moves both by the learning rate in a step


class Bits(NamedTuple):
    """How many bits weights and activations have; of weights with bits of their own, the most."""

    weight: int
    activation: int


class CompressedDense(QuantisedDense):
    """A dense layer with a mask for pruned weights and, on request, bits for each weight.

    Args:
        weight: (n_in, n_out) of the float network.
        bias: (n_out,).
        input_type, output_type, relu: as in `QuantisedDense`.
        bits: of a weight; with bits of their own, the most.
        own_bits: whether each weight learns its own.
    """

    mask: Tensor

    def __init__(
        self,
        weight: np.ndarray,
        bias: np.ndarray,
        input_type: FixedPoint,
        output_type: FixedPoint,
        bits: int,
        relu: bool,
        own_bits: bool = False,
    ) -> None:
        spare = int(own_bits)  # a large weight with few bits may be rounded up to a power of two
        weight_type = FixedPoint(bits + spare, integer_bits(weight) + spare, True, "RND", "SAT")
        product = input_type.fraction + weight_type.fraction
        before = integer_bits(bias) + 1  # biases may grow in the training
        fraction = min(product, BIAS_BITS - before)
        bias_type = FixedPoint(before + fraction, before, True, "RND", "SAT")
        n_in, n_out = weight.shape
        super().__init__(
            n_in,
            n_out,
            input_type,
            output_type,
            relu=relu,
            weight_type=weight_type,
            bias_type=bias_type,
        )
        self.weight.data = torch.tensor(weight.T, dtype=torch.float32)
        self.bias.data = torch.tensor(bias, dtype=torch.float32)
        self.register_buffer("mask", torch.ones(n_out, n_in, dtype=torch.bool))
        self.change = nn.Parameter(torch.zeros(n_out, n_in)) if own_bits else None

    def rounded_weight(self) -> Tensor:
        """The weights (n_out, n_in) as the chip has them."""
        weight = self.weight * self.mask
        if self.change is None:
            return self.rounded(weight)
        kind = self.weight_type
        inside = torch.clamp(weight, kind.lowest / 2, kind.highest / 2)  # room to round up
        return rounded_with_own_bits(inside, self.fraction)

    def bit_operations(self) -> Tensor:
        """EBOPs of the layer, with a slope in the bits of the weights."""
        return bits_of(self.weight * self.mask, self.fraction).sum() * self.input_type.width

    @property
    def fraction(self) -> Tensor:
        """Bits of each weight after the point, (n_out, n_in), not rounded."""
        most = self.weight_type.fraction
        if self.change is None:
            return torch.full_like(self.weight, most)
        free = most + FASTER * self.change
        inside = torch.clamp(free.detach(), most - self.weight_type.width, most)
        return inside + free - free.detach()  # with a slope at the ends too, or it would stay there

    def whole(self) -> IntegerLayer:
        """The same layer in whole numbers; its accumulator holds the largest sum there can be."""
        with torch.no_grad():
            weight = self.rounded_weight().double().numpy().T
        bias = self.bias.detach().double().numpy()
        fraction = self.input_type.fraction + self.weight_type.fraction
        layer = IntegerLayer(
            weight,
            bias,
            self.input_type,
            self.output_type,
            FixedPoint(48, 48 - fraction),
            self.weight_type,
            self.bias_type,
            self.relu,
        )
        width = bits_for(layer.largest_sum)
        return replace(
            layer, weight=weight, bias=bias, accumulator=FixedPoint(width, width - fraction)
        )


class CompressedNetwork(nn.Module):
    """Dense layers with a ReLU after each but the last; see `of_float`."""

    def __init__(self, layers: Sequence[CompressedDense]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    @classmethod
    def of_float(
        cls,
        weights: Sequence[np.ndarray],
        biases: Sequence[np.ndarray],
        inputs: np.ndarray,
        input_type: FixedPoint,
        bits: Bits,
        own_bits: bool = False,
    ) -> Self:
        """A network with the weights of a float network, and types that suit its numbers.

        Args:
            weights: (n_in, n_out) of each layer.
            biases: (n_out,) of each layer.
            inputs: (N, n_in) of training events.
            input_type: of the inputs.
            bits: of weights and activations.
            own_bits: whether each weight learns how many of its bits it keeps.

        Raises:
            ValueError: for lists of other lengths, no inputs, or bits below 1.
        """
        whole = {name: checked_count(f"bits.{name}", n) for name, n in bits._asdict().items()}
        bits = bits._replace(**whole)
        numbers = input_type.quantise(checked_finite("inputs", inputs, 2))
        if not len(numbers) or not len(weights) or len(weights) != len(biases):
            raise ValueError(
                f"{len(weights)} weights, {len(biases)} biases, {len(numbers)} inputs: give one "
                "weight and one bias for each layer, and some inputs"
            )
        layers = []
        into = input_type
        for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            is_last = number == len(weights) - 1
            numbers = numbers @ weight + bias
            numbers = numbers if is_last else np.maximum(numbers, 0)
            width = OUTPUT_BITS if is_last else bits.activation
            out = _type_for(numbers, width, signed=is_last)
            layers.append(
                CompressedDense(weight, bias, into, out, bits.weight, not is_last, own_bits)
            )
            into = out
        return cls(layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_in) numbers -> (N, n_out) numbers of the type of the last layer."""
        out: Tensor = self.layers(fake_quantised(x, self.dense[0].input_type))
        return out

    @property
    def dense(self) -> list[CompressedDense]:
        """The layers."""
        return [layer for layer in self.layers if isinstance(layer, CompressedDense)]

    def bit_operations(self) -> Tensor:
        """EBOPs of all layers, with a slope in the bits of the weights."""
        return torch.stack([layer.bit_operations() for layer in self.dense]).sum()

    def whole(self) -> IntegerNetwork:
        """The same network in whole numbers."""
        return IntegerNetwork(tuple(layer.whole() for layer in self.dense))


def _type_for(numbers: np.ndarray, width: int, signed: bool) -> FixedPoint:
    """A type of this width that holds all but the largest numbers of a layer."""
    largest = float(np.quantile(np.abs(numbers), COVERED))
    return FixedPoint(width, integer_bits([largest], signed), signed, "RND", "SAT")
