"""The integer network for millions of events: the same numbers, in few passes over the memory.

A float32 holds whole numbers up to 2^24 exactly. Where no sum of a layer can exceed that, and none
can wrap, products of float32 matrices are exact, and rounding to even and saturation are one call
each. Other layers take the readable way.
"""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_array, as_floats
from hepml_lite.trigger.emulation.integer_network import IntegerLayer, IntegerNetwork, checked_codes
from hepml_lite.trigger.fixed_point import FixedPoint

ROWS = 2048  # of one piece: half a megabyte, which stays in the cache
EXACT = 2**24  # a float32 holds all whole numbers up to here


def is_fast(layer: IntegerLayer) -> bool:
    """Whether a layer can be computed in float32 without a wrong bit."""
    kind, total = layer.output_type, layer.accumulator
    coarser = total.fraction >= kind.fraction
    finest = layer.largest_sum / 2.0**layer.shift  # in steps of a product
    return (
        (kind.rounding, kind.overflow) == ("RND_CONV", "SAT")
        and coarser
        and layer.shift >= 0
        and layer.bias_type.fraction <= total.fraction - layer.shift
        and finest <= EXACT
        and kind.highest_code <= EXACT
        and layer.shift <= 64  # a float32 reaches 2^127
        and layer.largest_sum <= total.highest_code
    )


def codes(network: IntegerNetwork, x: ArrayLike) -> np.ndarray:
    """(N, n_in) codes of the input -> (N, n_out) codes of the output, float32 if all is fast.

    Equal to `network.codes`, several times faster.

    Raises:
        ValueError: another shape, or numbers that are no codes of the input.
    """
    given = as_array("codes", x)
    if given.dtype.kind not in "biuf":
        given = as_floats("codes", given)
    if not len(np.atleast_1d(given)) or not all(is_fast(layer) for layer in network.layers):
        return network.codes(given)
    if given.ndim != 2:
        raise ValueError(f"codes have shape {given.shape}: give (N, n_in)")
    n_in = len(network.layers[0].weight)
    out = np.empty((len(given), network.layers[-1].weight.shape[1]), np.float32)
    prepared = [_prepared(layer) for layer in network.layers]
    for start in range(0, len(given), ROWS):
        piece = _codes_in_float32(given[start : start + ROWS], n_in, network.input_type)
        for weight, bias, scale, low, high in prepared:
            piece = piece @ weight
            piece += bias
            piece *= scale
            np.rint(piece, out=piece)
            np.clip(piece, low, high, out=piece)
        out[start : start + ROWS] = piece
    return out


def _codes_in_float32(codes: np.ndarray, n_in: int, kind: FixedPoint) -> np.ndarray:
    """Codes of at most 24 bits in float32; what is no code is refused as the readable way does."""
    piece = codes.astype(np.float32)
    is_whole = piece.shape[1] == n_in and bool((np.rint(piece) == codes).all())
    if not is_whole or piece.min() < kind.lowest_code or piece.max() > kind.highest_code:
        return checked_codes(codes, n_in, kind).astype(np.float32)
    return piece


def _prepared(layer: IntegerLayer) -> tuple[np.ndarray, np.ndarray, np.float32, float, float]:
    """Weight and bias in steps of a product, the output's step, and its ends, with the ReLU."""
    product = layer.input_type.fraction + layer.weight_type.fraction
    bias = layer.bias * 2.0 ** (product - layer.bias_type.fraction)
    low = max(layer.output_type.lowest_code, 0 if layer.relu else -np.inf)
    return (
        np.ascontiguousarray(layer.weight, np.float32),
        bias.astype(np.float32),
        np.float32(2.0 ** (layer.output_type.fraction - product)),
        low,
        layer.output_type.highest_code,
    )
