"""Linear maps of many rows by the fastest matrix product of this processor, forward and backward.

PyTorch multiplies float32 with MKL, which leaves half of an AMD processor's vector unit idle;
oneDNN, shipped with it, does not: twice as fast there.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

FEW = 1_000_000  # multiplications below which the choice of the library does not matter
LONG = 20_000  # terms of a sum beyond which MKL is the faster one


class FastLinear(nn.Linear):
    """`nn.Linear` in every respect but its speed on a processor, for rows (M, n_inputs)."""

    def forward(self, rows: Tensor) -> Tensor:
        """(M, n_inputs) → (M, n_outputs)."""
        return fast_linear(rows, self.weight, self.bias)


def fast_linear(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """rows (M, I) times weight (O, I), transposed, plus bias (O,): (M, O).

    Where oneDNN has no part in it (another device or precision, autocast, other shapes, a
    transformation of `torch.func`), it is `torch.nn.functional.linear`.
    """
    plain = (
        rows.ndim != 2
        or rows.numel() * len(weight) < FEW
        or rows.device.type != "cpu"
        or not rows.dtype == weight.dtype == torch.float32
        or torch.is_autocast_enabled("cpu")
        or torch._C._functorch.peek_interpreter_stack() is not None
        or not torch.backends.mkldnn.is_available()
    )
    return linear(rows, weight, bias) if plain else _Linear.apply(rows, weight, bias)


class _Linear(torch.autograd.Function):
    """a bᵀ + bias; its derivatives are made of itself, and can be differentiated again."""

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(a, b)
        if a.numel() * len(b) < FEW or (a.shape[1] > LONG and min(len(a), len(b)) > 8):
            return linear(a, b, bias)
        return torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        a, b = ctx.saved_tensors
        to_a, to_b, to_bias = ctx.needs_input_grad
        return (
            _Linear.apply(gradient, b.mT, None) if to_a else None,
            _sum_of_products(gradient, a) if to_b else None,
            gradient.sum(0) if to_bias else None,
        )


def _sum_of_products(a: Tensor, b: Tensor) -> Tensor:
    """aᵀ b of (M, A) and (M, B); oneDNN wants the narrower one first."""
    if a.shape[1] > b.shape[1]:
        return _Linear.apply(b.mT, a.mT, None).mT
    return _Linear.apply(a.mT, b.mT, None)
