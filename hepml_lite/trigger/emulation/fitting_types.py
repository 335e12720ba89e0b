"""Fit a trained float network into the types of a chip: powers of two that change no decision.

A chip's types are fixed before the training: weights below 4 in steps of 1/8, say. Trained weights
of 0.1 would all become zero. But a layer with a ReLU that gets twice the weights and biases gives
twice the numbers, and a later layer does not mind. So each layer gets the largest power of two with
which its weights, biases and outputs still fit. The last layer's factor scales the score alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import checked_number
from hepml_lite.trigger.emulation.integer_network import (
    ACTIVATION,
    BIAS,
    RESULT,
    WEIGHT,
    IntegerNetwork,
    axol1tl_like,
)
from hepml_lite.trigger.fixed_point import FixedPoint

OUTPUTS = (ACTIVATION, ACTIVATION, RESULT)
LARGEST_POWER = 12


@dataclass(frozen=True)
class FittedLayers:
    """Weights and biases that use the bits of their types.

    Attributes:
        weights: three arrays (n_in, n_out).
        biases: three arrays (n_out,).
        factors: (3,), the output of each layer is that of the float network times this.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    factors: tuple[float, ...]

    def whole(self) -> IntegerNetwork:
        """The network in whole numbers, weights rounded to the nearest: post-training quantisation.

        A chip's type of weights cuts; weights are prepared before, so they are rounded here.
        """
        nearest = FixedPoint(WEIGHT.width, WEIGHT.integer, True, "RND_CONV", "SAT")
        nearest_bias = FixedPoint(BIAS.width, BIAS.integer, True, "RND_CONV", "SAT")
        weights = [nearest.quantise(weight) for weight in self.weights]
        biases = [nearest_bias.quantise(bias) for bias in self.biases]
        return axol1tl_like(weights, biases)


def fitted_layers(
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    inputs: np.ndarray,
    share: float = 0.999,
) -> FittedLayers:
    """The largest powers of two with which three layers fit into the published types.

    Args:
        weights: (n_in, n_out) of each layer; a ReLU follows the first two.
        biases: (n_out,) of each layer.
        inputs: (N, n_in), such as training background.
        share: of the outputs of a layer that must not saturate.

    Raises:
        ValueError: for other than three layers, no inputs, or a share outside 0 to 1.
    """
    if len(weights) != 3 or len(biases) != 3:
        raise ValueError(f"{len(weights)} weights and {len(biases)} biases: give three of each")
    checked_number("share", share, 0, 1, "(]", "0.999")
    numbers = checked_finite("inputs", inputs, 2)
    if not len(numbers):
        raise ValueError("inputs are empty: give training background")
    factor = 1.0
    scaled: list[tuple[np.ndarray, np.ndarray, float]] = []
    for weight, bias, kind in zip(weights, biases, OUTPUTS, strict=True):
        outputs = numbers @ weight + bias
        largest_output = np.quantile(np.abs(outputs), share)
        room = min(
            WEIGHT.highest / np.abs(weight).max(),
            BIAS.highest / max(np.abs(bias).max() * factor, BIAS.step),
            kind.highest / max(largest_output * factor, kind.step),
        )
        grown = 2.0 ** min(np.floor(np.log2(room)), LARGEST_POWER)
        factor *= grown
        scaled.append((weight * grown, bias * factor, factor))
        numbers = np.maximum(outputs, 0)
    return FittedLayers(*(tuple(part) for part in zip(*scaled, strict=True)))
