"""How many bits the sums of a network need, and where the ones it has are too few.

An accumulator that is too narrow wraps, and no tool says so: the accuracy of a network falls and
nothing else happens. So look at the sums of real events before the types are fixed.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.trigger.emulation.integer_network import IntegerLayer, IntegerNetwork, checked_codes
from hepml_lite.trigger.fixed_point import FixedPoint


@dataclass(frozen=True)
class LayerRange:
    """What one layer needs and has.

    Attributes:
        layer: its number, from 0.
        needed: bits of the accumulator with which no sum of these events wraps.
        available: bits of the accumulator.
        wrapped: share of the sums that wrap.
        saturated: share of the outputs at an end of their type, zeros of a ReLU left out.
    """

    layer: int
    needed: int
    available: int
    wrapped: float
    saturated: float


def profile(network: IntegerNetwork, codes: ArrayLike) -> list[LayerRange]:
    """The ranges of each layer for the codes (N, n_in) of some events.

    Warns if a sum wraps.

    Raises:
        ValueError: as `IntegerNetwork.codes`, or without events.
    """
    inputs = checked_codes(codes, len(network.layers[0].weight), network.input_type)
    if not len(inputs):
        raise ValueError("codes are empty: give some events")
    found = []
    for number, layer in enumerate(network.layers):
        sums = layer.sums(inputs)
        outputs = layer(inputs)
        found.append(_range(number, layer, sums, outputs))
        inputs = outputs
    wrapping = [one.layer for one in found if one.wrapped]
    if wrapping:
        warnings.warn(f"sums of layers {wrapping} wrap: give them more bits", stacklevel=2)
    return found


def _range(number: int, layer: IntegerLayer, sums: np.ndarray, outputs: np.ndarray) -> LayerRange:
    accumulator, kind = layer.accumulator, layer.output_type
    wraps = (sums < accumulator.lowest_code) | (sums > accumulator.highest_code)
    low = -np.inf if layer.relu else kind.lowest_code
    ends = (outputs == kind.highest_code) | (outputs == low)
    return LayerRange(
        number, bits_for(sums), accumulator.width, float(wraps.mean()), float(ends.mean())
    )


def bits_for(whole: ArrayLike) -> int:
    """The fewest bits, the sign included, that hold all these whole numbers."""
    numbers = np.rint(checked_finite("whole", whole))
    largest = max(numbers.max(initial=0), -numbers.min(initial=0) - 1)  # -2^n fits, 2^n does not
    return int(largest).bit_length() + 1


def narrowed(network: IntegerNetwork, layer: int, bits: int) -> IntegerNetwork:
    """The same network with fewer bits in front of the point in one accumulator.

    Raises:
        ValueError: for no such layer, or other than 1 to the bits that it has.
    """
    layer = checked_count("layer", layer, 0)
    if layer >= len(network.layers):
        raise ValueError(f"layer {layer}: the network has layers 0 to {len(network.layers) - 1}")
    layers = list(network.layers)
    old = layers[layer]
    dropped = old.accumulator.width - checked_count("bits", bits)
    if dropped < 0:
        raise ValueError(f"bits is {bits}, the accumulator has {old.accumulator.width}: give fewer")
    layers[layer] = IntegerLayer(
        weight=old.weight * old.weight_type.step,
        bias=old.bias * old.bias_type.step,
        input_type=old.input_type,
        output_type=old.output_type,
        accumulator=FixedPoint(bits, old.accumulator.integer - dropped),
        weight_type=old.weight_type,
        bias_type=old.bias_type,
        relu=old.relu,
    )
    return IntegerNetwork(tuple(layers))
