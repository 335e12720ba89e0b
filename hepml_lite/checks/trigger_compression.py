"""The check of the trigger tutorial's exercise on the bit operations of a layer."""

import numpy as np

from hepml_lite.checks import exercise
from hepml_lite.checks.comparison import compare


def bit_operations(weights: np.ndarray, input_bits: int) -> int:
    """EBOPs of a layer: bits of each weight from its first to its last 1, times those of x."""
    size = np.abs(weights).astype(int)
    odd = size // np.maximum(size & -size, 1)
    return input_bits * sum(int(one).bit_length() for one in odd.ravel())


@exercise("7.7", reference=bit_operations)
def _(answer, reference, **context):
    weights = np.array([[12.0, -7.0, 0.0], [1.0, -16.0, 21.0], [-6.0, 0.0, 3.0], [5.0, 80.0, -1.0]])
    input_bits = 9
    right = reference(weights, input_bits)
    size = np.abs(weights).astype(int)
    odd = size // np.maximum(size & -size, 1)
    length = np.vectorize(lambda one: int(one).bit_length())
    bits = length(odd)
    kept = weights != 0
    ones = sum(int(one).bit_count() for one in size.ravel())
    mistakes = (
        (input_bits * length(size).sum(), "this counts the zeros at the end of a weight, too: a "
         "shift is only a wire, so count from the first to the last 1"),
        (input_bits * ones, "this is the number of ones: the zeros between the first and the last "
         "1 count as well"),
        (input_bits * (bits + kept).sum(), "this counts the sign of each weight as a bit: leave "
         "it out"),
        (input_bits * (bits + 1).sum(), "this counts the sign of each weight as a bit, of zeros "
         "too: leave it out"),
        (input_bits * np.maximum(bits, 1).sum(), "zero weights cost nothing: they have no bit"),
        (bits.sum(), "the bits of the input are missing: multiply by them"),
        (input_bits * bits.mean(), "this is a mean over the weights: all of them are built, so "
         "add them up"),
        (input_bits * bits.sum(axis=0), "this is one number a node: add up all weights"),
        (input_bits * bits.sum(axis=1), "this is one number an input: add up all weights"),
        (input_bits * bits, "this is one a weight: add them up"),
        (input_bits * bits.max() * bits.size, "this treats all weights alike, as long as the "
         "longest one: each has bits of its own"),
        (input_bits * length(size).max() * bits.size, "this treats all weights alike, as long as "
         "the longest one: each has bits of its own"),
        (kept.sum() * input_bits, "this is the number of products times the bits of the input: "
         "the bits of the weights are missing"),
        (kept.sum(), "this is the number of products: multiply each with its bits"),
        ((bits + input_bits)[kept].sum(), "the bits are added: a product takes one operation for "
         "each pair of bits, so multiply them"),
        (input_bits * bits[weights > 0].sum(), "negative weights are missing: take the absolute "
         "value first"),
        (input_bits**2 * bits.sum(), "the bits of the input are squared: multiply by them once"),
        (input_bits * len(weights) * bits.sum(), "this multiplies by the number of inputs as "
         "well: each weight has one input already"),
    )  # fmt: skip
    found = answer(weights.copy(), input_bits)
    compare(found, np.array(right), [(np.array(m), why) for m, why in mistakes], "one number")
    return "a weight of 16 costs as much as a weight of 1."
