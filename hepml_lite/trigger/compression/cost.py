"""What a network costs in a chip, counted from its weights: bit operations and additions.

Multiplying a number of b bits by a constant of w bits takes about b w operations on single bits.
Their sum over all weights is called EBOPs (effective bit operations; C. Sun et al., High
Granularity Quantization, arXiv:2405.00645). A weight counts from its first to its last 1: the
weight 12 = 1100 in binary has two bits, as 3 has, because a shift is only a wire. A weight of zero
costs nothing.

Logic that adds and subtracts shifted copies (see `firmware.verilog`) needs one addition for each
signed digit of a weight. Synthesis gives the true numbers; these two take no time.
"""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.trigger.emulation.integer_network import IntegerNetwork
from hepml_lite.trigger.firmware.verilog import signed_digits

FLOAT_BITS = 24  # of the whole number inside a float32, with its hidden bit
NS_A_LEVEL = 1.0  # of an addition with its wires in a recent chip: a guess, nothing is placed


def effective_bits(codes: ArrayLike) -> np.ndarray:
    """Bits from the first to the last 1 of whole numbers (any shape), without the sign; 0 for 0.

    >>> effective_bits([0, 1, -4, 6, 7, 12])
    array([0, 1, 1, 2, 3, 2])

    Raises:
        ValueError: for numbers that are not whole.
    """
    whole = checked_finite("codes", codes)
    if (whole != np.rint(whole)).any():
        raise ValueError("codes are not whole: give the codes of a layer, as layer.weight")
    size = np.abs(whole).astype(np.int64)
    lowest = np.maximum(size & -size, 1)  # the last 1 alone
    odd = size // lowest
    _, length = np.frexp(odd.astype(float))  # 2^length exceeds the number
    return np.asarray(length, int)


def ebops(network: IntegerNetwork) -> int:
    """Sum over all weights of the bits of the weight times the bits of its input."""
    total = 0
    for layer in network.layers:
        total += int(effective_bits(layer.weight).sum()) * layer.input_type.width
    return total


def ebops_of_types(network: IntegerNetwork) -> int:
    """The same if each weight used all bits of its type, as a multiplier that takes any weight."""
    return sum(
        layer.weight.size * layer.weight_type.width * layer.input_type.width
        for layer in network.layers
    )


def ebops_of_float(network: IntegerNetwork) -> int:
    """The same for the significant bits of float32, 24 times 24 a product; exponents left out."""
    return sum(layer.weight.size for layer in network.layers) * FLOAT_BITS**2


def additions(network: IntegerNetwork) -> int:
    """How many shifted copies the logic adds or subtracts, over all layers."""
    weights = np.concatenate([layer.weight.ravel() for layer in network.layers])
    values, counts = np.unique(np.abs(weights), return_counts=True)
    digits = [len(signed_digits(int(value))) for value in values]
    return int(np.dot(digits, counts))


def share_of_zeros(network: IntegerNetwork) -> float:
    """The share of all weights that are zero."""
    weights = np.concatenate([layer.weight.ravel() for layer in network.layers])
    return float(np.mean(weights == 0))


def mean_bits(network: IntegerNetwork) -> float:
    """Effective bits of a weight, sign left out, the mean over all weights with the zeros."""
    weights = np.concatenate([layer.weight.ravel() for layer in network.layers])
    return float(effective_bits(weights).mean())


def nanoseconds(levels: float) -> float:
    """About how long it takes through these levels of additions [ns], registers left out."""
    return NS_A_LEVEL * levels
