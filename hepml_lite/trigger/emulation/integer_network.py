"""A dense network as a chip computes it: whole numbers, shifts, and nothing else.

The layers are those of the published firmware of AXOL1TL, version 4
(github.com/cms-hls4ml/AXOL1TL): 57 inputs, 28, 15 and 8 nodes; inputs of 8 bits, weights of 6,
activations of 10. Each layer multiplies, adds up in an accumulator, sets negative sums to zero, and
rounds. The score is the sum of the squares of the last nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_finite
from hepml_lite.trigger.fixed_point import FixedPoint

#: The types of the published firmware: input, weights, biases, activations, and the last nodes.
INPUT = FixedPoint(8, 6, rounding="RND_CONV", overflow="SAT")
WEIGHT = FixedPoint(6, 3)
BIAS = FixedPoint(10, 7)
ACTIVATION = FixedPoint(10, 6, signed=False, rounding="RND_CONV", overflow="SAT")
RESULT = FixedPoint(10, 7, rounding="RND_CONV", overflow="SAT")
SCORE = FixedPoint(18, 14, signed=False)
ACCUMULATORS = (FixedPoint(29, 16), FixedPoint(22, 15), FixedPoint(21, 14))
SIZES = (57, 28, 15, 8)


@dataclass(frozen=True)
class IntegerLayer:
    """A dense layer in fixed point.

    Args:
        weight: (n_in, n_out), rounded to `weight_type` here.
        bias: (n_out,), rounded to `bias_type` here.
        input_type: of what comes in.
        output_type: of what goes out.
        accumulator: of the sum. It needs all fraction bits of a product: a chip would cut each
            product otherwise. Bits in front of the point may be missing: wrapped sums are right
            as long as the result fits. It has a sign and wraps: a sum that saturates at each step
            would depend on the order.
        weight_type: of the weights.
        bias_type: of the biases.
        relu: whether negative sums become zero.

    Raises:
        ValueError: for shapes that do not fit, an accumulator that cuts, saturates or has no sign,
            or sums that float64 could not hold exactly.
    """

    weight: np.ndarray
    bias: np.ndarray
    input_type: FixedPoint = INPUT
    output_type: FixedPoint = ACTIVATION
    accumulator: FixedPoint = ACCUMULATORS[0]
    weight_type: FixedPoint = WEIGHT
    bias_type: FixedPoint = BIAS
    relu: bool = True

    def __post_init__(self) -> None:
        weight = checked_finite("weight", self.weight)
        bias = checked_finite("bias", self.bias)
        if weight.ndim != 2 or not weight.size or bias.shape != weight.shape[1:]:
            raise ValueError(
                f"weight {weight.shape} and bias {bias.shape}: give (n_in, n_out) and (n_out,), "
                "none of them 0"
            )
        self._check_accumulator()
        self.__dict__["weight"] = self.weight_type.codes(weight)
        self.__dict__["bias"] = self.bias_type.codes(bias)
        if self.largest_sum >= 2**53:
            raise ValueError(
                f"sums reach 2^{np.log2(self.largest_sum):.0f} steps, and float64 holds 2^53 "
                "exactly: choose fewer bits"
            )

    def _check_accumulator(self) -> None:
        """Refuse an accumulator whose sums a chip would not add up like this."""
        for name in ("input_type", "output_type", "accumulator", "weight_type", "bias_type"):
            if not isinstance(getattr(self, name), FixedPoint):
                raise ValueError(f"{name} is {getattr(self, name)!r}: give one as FixedPoint(8, 6)")
        if not self.accumulator.signed or self.accumulator.overflow != "WRAP":
            raise ValueError(
                f"accumulator {self.accumulator}: choose one with a sign that wraps; the output "
                "may saturate"
            )
        needed = max(self.input_type.fraction + self.weight_type.fraction, self.bias_type.fraction)
        if self.accumulator.fraction < needed:
            raise ValueError(
                f"accumulator {self.accumulator} has {self.accumulator.fraction} bits after the "
                f"point and a product {needed}: a chip would cut each product; give it more"
            )
        if self.accumulator.integer + needed < 1:
            raise ValueError(
                f"accumulator {self.accumulator} lies below the last bit of a product, "
                f"2^-{needed}, so that each sum would be zero: give it more bits before the point"
            )

    @property
    def shift(self) -> int:
        """By how many bits the accumulator is finer than a product."""
        return self.accumulator.fraction - self.input_type.fraction - self.weight_type.fraction

    @property
    def largest_sum(self) -> float:
        """No sum of this layer exceeds this many steps of the accumulator, whatever comes in."""
        largest = max(-self.input_type.lowest_code, self.input_type.highest_code)
        products = largest * np.abs(self.weight).sum(axis=0) * 2.0**self.shift
        bias = np.abs(self.bias) * 2.0 ** (self.accumulator.fraction - self.bias_type.fraction)
        return float((products + bias).max())

    def sums(self, codes: np.ndarray) -> np.ndarray:
        """(N, n_in) codes -> (N, n_out) sums, not wrapped, in the accumulator's steps."""
        bias = self.bias * 2.0 ** (self.accumulator.fraction - self.bias_type.fraction)
        return (codes @ self.weight) * 2.0**self.shift + bias

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """(N, n_in) codes of the input -> (N, n_out) codes of the output."""
        total = self.accumulator.fitted(self.sums(codes))
        if self.relu:
            total = np.maximum(total, 0)
        finer = self.accumulator.fraction - self.output_type.fraction
        return self.output_type.fitted(self.output_type.rounded(total * 2.0**-finer))


@dataclass(frozen=True)
class IntegerNetwork:
    """Layers one after the other; the type of each output is that of the next input.

    Raises:
        ValueError: if sizes or types of neighbouring layers differ, or there is no layer.
    """

    layers: tuple[IntegerLayer, ...]

    def __post_init__(self) -> None:
        is_list = isinstance(self.layers, tuple | list) and bool(self.layers)
        if not is_list or not all(isinstance(layer, IntegerLayer) for layer in self.layers):
            raise ValueError(
                f"layers are {self.layers!r:.60}: a network needs at least one layer, as (layer,)"
            )
        for number, (one, after) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            out, into = one.weight.shape[1], after.weight.shape[0]
            if out != into or one.output_type != after.input_type:
                raise ValueError(
                    f"layer {number} gives {out} numbers {one.output_type}, layer {number + 1} "
                    f"takes {into} numbers {after.input_type}: they must be the same"
                )

    @property
    def input_type(self) -> FixedPoint:
        """What comes in."""
        return self.layers[0].input_type

    @property
    def output_type(self) -> FixedPoint:
        """What goes out."""
        return self.layers[-1].output_type

    def codes(self, codes: np.ndarray) -> np.ndarray:
        """(N, n_in) codes of the input -> (N, n_out) codes of the output.

        Raises:
            ValueError: another shape, or numbers that are no codes of the input.
        """
        codes = checked_codes(codes, len(self.layers[0].weight), self.input_type)
        for layer in self.layers:
            codes = layer(codes)
        return codes

    def __call__(self, x: ArrayLike) -> np.ndarray:
        """(N, n_in) numbers -> (N, n_out) numbers, both rounded to their types."""
        return self.codes(self.input_type.codes(x)) * self.output_type.step


def checked_codes(codes: ArrayLike, n_in: int, kind: FixedPoint) -> np.ndarray:
    """Codes (N, n_in) of a type.

    Raises:
        ValueError: another shape, or numbers that are not whole or outside of the type.
    """
    numbers = as_floats("codes", codes)
    if numbers.ndim != 2 or numbers.shape[1] != n_in:
        raise ValueError(f"codes have shape {numbers.shape}: give (N, {n_in})")
    inside = (numbers >= kind.lowest_code) & (numbers <= kind.highest_code)  # False for NaN
    wrong = ~inside | (numbers != np.rint(numbers))
    if wrong.any():
        raise ValueError(
            f"codes contain {numbers[wrong][0]:g}: give whole numbers from {kind.lowest_code} to "
            f"{kind.highest_code}, as input_type.codes(x) makes them"
        )
    return numbers


def axol1tl_like(
    weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], finest: bool = False
) -> IntegerNetwork:
    """The network of the published types with these weights; the last layer has no ReLU.

    Args:
        weights: three arrays (n_in, n_out), 57-28-15-8 in the firmware; other sizes work.
        biases: three arrays (n_out,).
        finest: keep all bits of the result, which wrap, instead of rounding it.

    Raises:
        ValueError: if there are not three layers, or the shapes do not fit.
    """
    if len(weights) != 3 or len(biases) != 3:
        raise ValueError(f"{len(weights)} weights and {len(biases)} biases: the network has three")
    last = ACCUMULATORS[2] if finest else RESULT
    inputs = (INPUT, ACTIVATION, ACTIVATION)
    outputs = (ACTIVATION, ACTIVATION, last)
    return IntegerNetwork(
        tuple(
            IntegerLayer(weight, bias, into, out, accumulator, relu=out is ACTIVATION)
            for weight, bias, into, out, accumulator in zip(
                weights, biases, inputs, outputs, ACCUMULATORS, strict=True
            )
        )
    )


def squared_score(codes: np.ndarray, kind: FixedPoint = RESULT) -> np.ndarray:
    """(N, D) codes of the last nodes -> (N,) sum of their squares, as the firmware adds them up.

    Each square is cut to the type `SCORE` before the sum, which wraps as well.

    Raises:
        ValueError: another shape, or numbers that are no codes of `kind`.
    """
    numbers = as_floats("codes", codes)
    if numbers.ndim != 2:
        raise ValueError(f"codes have shape {numbers.shape}: give (N, D)")
    checked_codes(numbers, numbers.shape[1], kind)
    squares = SCORE.codes((numbers * kind.step) ** 2)
    return SCORE.fitted(squares.sum(axis=1)) * SCORE.step
