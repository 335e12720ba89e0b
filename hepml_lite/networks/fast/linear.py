"""Linear maps and matrix products with the faster of the two libraries in PyTorch.

PyTorch multiplies float32 with MKL, which uses only half of the vector unit of an AMD processor.
oneDNN, which comes with PyTorch, uses all of it and is twice as fast there. PyTorch has no public
function for this product. So a private one is called, where it exists and is right.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from hepml_lite.networks.fast import choice

SMALL_PRODUCT = 1_000_000  # with fewer multiplications the choice of the library does not matter
LONG_SUM = 20_000  # for sums of more terms MKL is faster
NARROW_MATRIX = 20  # for fewer rows or columns MKL's product of two matrices is faster


class FastLinear(nn.Linear):
    """`nn.Linear` for rows (M, n_inputs), faster on a CPU."""

    def forward(self, rows: Tensor) -> Tensor:
        """(M, n_inputs) → (M, n_outputs)."""
        return linear_layer(self, rows)


def linear_layer(layer: nn.Linear, rows: Tensor) -> Tensor:
    """`layer(rows)` for rows (M, n_inputs) → (M, n_outputs)."""
    return fast_linear(rows, layer.weight, layer.bias)


def through_layers(layers: nn.Sequential, rows: Tensor) -> Tensor:
    """`layers(rows)` for rows (M, n_inputs); linear layers use `fast_linear`."""
    for layer in layers:
        rows = linear_layer(layer, rows) if isinstance(layer, nn.Linear) else layer(rows)
    return rows


def fast_linear(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """rows (M, I) times weight (O, I), transposed, plus bias (O,): (M, O).

    Where oneDNN cannot be used (another device or precision, autocast, other shapes, a
    transformation of `torch.func`), this is `torch.nn.functional.linear`.
    """
    plain = (
        rows.ndim != 2
        or rows.numel() * len(weight) < SMALL_PRODUCT
        or not _for_onednn(rows, weight)
        or torch.is_autocast_enabled("cpu")
        or _transformed()
        or not choice.in_use("linear")
    )
    return linear(rows, weight, bias) if plain else _Linear.apply(rows, weight, bias)


def matrix_product(a: Tensor, b: Tensor, activation: str = "none") -> Tensor:
    """a b of (M, K) and (K, R), without derivative; `activation` may be "relu"."""
    plain = (
        min(*a.shape, *b.shape) < NARROW_MATRIX
        or not _for_onednn(a, b)
        or not choice.in_use("linear")
    )
    if plain:
        y = a @ b
        return y.relu_() if activation == "relu" else y
    return _onednn(a, b.T, None, activation)


def apply_to_rows(network: nn.Module, rows: Tensor) -> Tensor:
    """`network(rows)` for rows (M, F), all of its layers in oneDNN's own layout.

    It supports float32, linear layers and ReLU, and first derivatives with respect to the weights.
    In all other cases it takes the plain path.
    """
    plain = (
        not _for_onednn(rows, rows)
        or rows.requires_grad
        or len(rows) < 512  # for so few rows the change of layout takes too long
        or torch.is_autocast_enabled("cpu")
        or not choice.in_use("linear")
    )
    return network(rows) if plain else network(rows.to_mkldnn()).to_dense()


def _for_onednn(a: Tensor, b: Tensor) -> bool:
    single = a.dtype == b.dtype == torch.float32
    return single and a.device.type == "cpu" and torch.backends.mkldnn.is_available()


def _onednn(a: Tensor, b: Tensor, bias: Tensor | None, activation: str = "none") -> Tensor:
    """a bᵀ + bias by oneDNN, then "relu" or "none"; a private function of PyTorch."""
    return torch.ops.mkldnn._linear_pointwise(a, b, bias, activation, [], "")


def _transformed() -> bool:
    """Whether a transformation of `torch.func` is active; true if that is unknown."""
    try:
        return torch._C._functorch.peek_interpreter_stack() is not None
    except (AttributeError, TypeError):  # the private function is missing or has changed
        return True


def _check() -> str | None:
    """Compare with public functions: the product with bias, and transposed ones with ReLU."""
    if _transformed():
        return "it cannot be told whether a transformation of torch.func is at work"
    if not torch.backends.mkldnn.is_available():
        return "oneDNN is not there"
    a = torch.arange(-12.0, 12.0, device="cpu", dtype=torch.float32).view(4, 6)
    b = torch.arange(-9.0, 9.0, device="cpu", dtype=torch.float32).view(3, 6)
    bias = torch.tensor([1.0, -2.0, 3.0], device="cpu")
    pairs = [
        (_onednn(a, b, bias), linear(a, b, bias)),
        (_onednn(a.T.contiguous().T, b, None, "relu"), linear(a, b).relu()),
        (_onednn(a, b.T.contiguous().T, None, "relu"), linear(a, b).relu()),
    ]
    if not all(torch.allclose(found, expected) for found, expected in pairs):
        return "oneDNN's product of two matrices gives wrong numbers"
    return None


choice.register("linear", _check)


class _Linear(torch.autograd.Function):
    """a bᵀ + bias; its derivatives use it again, so that they can be differentiated, too."""

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(a, b)
        if a.numel() * len(b) < SMALL_PRODUCT or (
            a.shape[1] > LONG_SUM and min(len(a), len(b)) > 8
        ):
            return linear(a, b, bias)
        return _onednn(a, b, bias)

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
