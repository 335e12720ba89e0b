"""Each weight with a number of bits of its own, learned together with the weight.

C. Sun et al., High Granularity Quantization, arXiv:2405.00645; the library is HGQ2. A weight w with
f bits after the point becomes round(w 2^f) / 2^f. The number f is learned like any other number of
the network. Two things pull at it:

- the loss: with one bit more, the error of the rounding halves. So the error is taken to be
  proportional to 2^-f, and its slope with f is -ln 2 times the error (equation 15 of the paper);
- the price: a penalty on the bit operations (EBOPs), f times the bits of the input.

A weight that the loss does not need loses its last bit, is zero, and costs nothing: pruning comes
for free.
"""

import math

import torch
from torch import Tensor


def rounded_with_own_bits(weight: Tensor, fraction: Tensor) -> Tensor:
    """Weights rounded to their own bits after the point, with slopes for both.

    Args:
        weight: any shape.
        fraction: of the same shape, bits after the point; rounded to whole ones here.

    Returns:
        The rounded weights. Backward the rounding counts as the identity for the weight, and as
        an error proportional to 2^-fraction for the bits.
    """
    step = torch.exp2(-torch.round(fraction.detach()))
    rounded = torch.round(weight.detach() / step) * step
    error = rounded - weight.detach()
    passed = weight - weight.detach()  # zero, with the slope 1
    bits = error * math.log(2) * (fraction.detach() - fraction)  # zero, with the slope of the error
    return rounded + passed + bits


def bits_of(weight: Tensor, fraction: Tensor) -> Tensor:
    """Bits of each rounded weight, without the sign, with the slope 1 in `fraction`.

    Args:
        weight: any shape.
        fraction: bits after the point.

    Returns:
        At least the effective bits of `cost`, which also leave out zeros at the end; 0 with no
        slope where a weight is rounded to zero.
    """
    code = torch.round(weight.detach() * torch.exp2(torch.round(fraction.detach()))).abs()
    length = torch.floor(torch.log2(code.clamp(min=1))) + 1  # 2^length exceeds the code
    return torch.where(code > 0, length + fraction - fraction.detach(), torch.zeros_like(code))
