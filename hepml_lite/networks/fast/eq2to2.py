"""PELICAN's maps of matrices to matrices, faster: the 15 maps are never built one by one.

A. Bogatskiy et al., arXiv:2211.00454, section 3.1; the readable layers are `Eq2to2` and `Eq1to2` of
`hepml_lite.networks.pelican`. A map is a matrix product on pairs, plus numbers of particles that
are added along rows, along columns and on the diagonal. Pairs are (C, T): the pairs of all jets in
one long row, slice by slice (`pair_slices.slices`).
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import leaky_relu_

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast.linear import matrix_product
from hepml_lite.networks.layers.padding import numbers_of_particles

if TYPE_CHECKING:
    from hepml_lite.networks.pelican import Eq1to2, Eq2to2

SLOPE = 0.01  # of LeakyReLU


def parts_2to2(
    layer: "Eq2to2", rows: Tensor, columns: Tensor, d: Tensor, mask: Tensor, typical: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Matrices (2, n_in, n_out) for y and its transpose; then three terms to add, (N, P, n_out):

    at_i, at_j and on the diagonal, from sums over j, over i, and the diagonal: (N, P, n_in).
    `layer` is an `Eq2to2`.
    """
    w = layer.coefficients()  # (15, n_in, n_out)
    n = numbers_of_particles(mask, d)[:, None, None]
    columns = columns / n
    rows = rows / n
    trace, total = (z.sum(1, keepdim=True) / n for z in (d, rows))  # (N, 1, n_in)
    means = [columns] * 3 + [rows] * 3 + [trace] * 2 + [total] * 2
    size = (n[..., None] / typical) ** layer.powers  # (N, 10, 1, n_in)
    col_d, col_j, col_i, row_d, row_j, row_i, trace_all, trace_d, total_all, total_d = (
        (mean * size[:, k]) @ w[5 + k] for k, mean in enumerate(means)
    )
    at_i = d @ w[4] + col_i + row_i + trace_all + total_all + layer.bias
    on_diagonal = d @ w[2] + col_d + row_d + trace_d + total_d + layer.diagonal_bias
    return w[:2], at_i, d @ w[3] + col_j + row_j, on_diagonal


def parts_1to2(
    layer: "Eq1to2", x: Tensor, mask: Tensor, typical: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The terms along rows, columns and on the diagonal, (N, P, n_out), from x (N, P, n_in).

    `layer` is an `Eq1to2`.
    """
    n = numbers_of_particles(mask, x)[:, None, None]
    x = x * mask[..., None]
    mean = x.sum(1, keepdim=True) / n
    size = (n[..., None] / typical) ** layer.powers  # (N, 5, 1, n_in)
    on_diagonal, at_j, at_i, mean_d, mean_all = (
        (z * size[:, k]) @ layer.maps[k] for k, z in enumerate([x, x, x, mean, mean])
    )
    return at_i + mean_all + layer.bias, at_j, on_diagonal + mean_d


class PairSums(torch.autograd.Function):
    """Of y (C, T): sums over j, over i, the diagonal (C, N, P) and the sum of squares (C,)."""

    @staticmethod
    def forward(ctx, y, mask, parts):
        """Zero where padded stays zero; mask (N, P) only tells the shape."""
        ctx.parts = parts
        ctx.save_for_backward(y)
        sums = y.new_zeros(3, len(y), *mask.shape)
        squares = y.new_zeros(len(y))
        for part in parts:
            jets, p, pairs = part
            z = y[:, pairs]
            squares += z.square().sum(1)
            z = z.unflatten(1, part.shape)
            sums[0, :, jets, :p] = z.sum(3)
            sums[1, :, jets, :p] = z.sum(2)
            sums[2, :, jets, :p] = z.diagonal(dim1=2, dim2=3)
        return *sums, squares

    @staticmethod
    @once_differentiable
    def backward(ctx, g_rows, g_columns, g_diagonal, g_squares):
        """The gradient of each sum goes to all terms of the sum."""
        (y,) = ctx.saved_tensors
        g_y = y * (2 * g_squares[:, None])
        for part in ctx.parts:
            _lay(g_y[:, part.pairs].unflatten(1, part.shape), part, g_rows, g_columns, g_diagonal)
        return g_y, None, None


class Encoded(torch.autograd.Function):
    """LeakyReLU(W e + what is laid out), e = sgn(l) (exp(α |l|) - 1): (C, T) from l (T,)."""

    @staticmethod
    def forward(ctx, parts, real, logs, exponents, w, *laid):
        """`real` (T,) is zero for padding; exponents (W,), w (C, W), laid three times (C, N, P)."""
        ctx.parts = parts
        z = logs.new_empty(len(w), len(logs))
        for part in parts:
            e = torch.expm1(exponents[:, None] * logs[part.pairs].abs()) * logs[part.pairs].sign()
            y = _lay(matrix_product(w, e).unflatten(1, part.shape), part, *laid).flatten(1)
            torch.mul(_leaky(y), real[part.pairs], out=z[:, part.pairs])
        ctx.save_for_backward(real, logs, exponents, w, z, *laid)
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx, g_z):
        """de/dα = l exp(α |l|) and de/dl = α exp(α |l|)."""
        real, logs, exponents, w, z, *laid = ctx.saved_tensors
        g_logs, g_exponents, g_w, *g_laid = map(torch.zeros_like, (logs, exponents, w, *laid))
        for part in ctx.parts:
            log = logs[part.pairs]
            grown = torch.expm1(exponents[:, None] * log.abs())
            g = _through_leaky(g_z[:, part.pairs] * real[part.pairs], z[:, part.pairs])
            _unlay(g.unflatten(1, part.shape), part, *g_laid)
            g_w += matrix_product(g, (grown * log.sign()).T)
            g = matrix_product(w.T, g) * (grown + 1)
            g_exponents.addmv_(g, log)
            g_logs[part.pairs] = exponents @ g
        return None, None, g_logs, g_exponents, g_w, *g_laid


class Aggregated(torch.autograd.Function):
    """LeakyReLU(M LeakyReLU(W y_ij + W' y_ji + what is laid out) + bias): (C, T) from y (C, T).

    The inner matrix is wider; it is not kept, and the backward pass computes it again.
    """

    @staticmethod
    def forward(ctx, parts, real, y, w, message, bias, *laid):
        """w (2 W, C) is W above W', message (C, W), laid three times (W, N, P)."""
        ctx.parts = parts
        z = torch.empty_like(y)
        for part in parts:
            inner = _inner(part, y, w, laid)
            new = _leaky(matrix_product(message, inner).add_(bias[:, None]))
            torch.mul(new, real[part.pairs], out=z[:, part.pairs])
        ctx.save_for_backward(real, y, w, message, z, *laid)
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx, g_z):
        """Through both layers; y_ij enters at (i, j) and at (j, i), so both gradients add up."""
        real, y, w, message, z, *laid = ctx.saved_tensors
        g_y, g_w, g_message, *g_laid = map(torch.zeros_like, (y, w, message, *laid))
        g_bias = y.new_zeros(len(y))
        for part in ctx.parts:
            inner = _inner(part, y, w, laid)
            g = _through_leaky(g_z[:, part.pairs] * real[part.pairs], z[:, part.pairs])
            g_message += matrix_product(g, inner.T)
            g_bias += g.sum(1)
            g = _through_leaky(matrix_product(message.T, g), inner).unflatten(1, part.shape)
            _unlay(g, part, *g_laid)
            g = torch.cat([g, g.mT]).flatten(1)
            g_w += matrix_product(g, y[:, part.pairs].T)
            g_y[:, part.pairs] = matrix_product(w.T, g)
        return None, None, g_y, g_w, g_message, g_bias, *g_laid


def _inner(part, y, w, laid):
    """LeakyReLU(W y_ij + W' y_ji + what is laid out): (W, R) of one slice."""
    out, transposed = matrix_product(w, y[:, part.pairs]).unflatten(1, part.shape).chunk(2)
    return _leaky(_lay(out + transposed.mT, part, *laid).flatten(1))


def _lay(y, part, at_i, at_j, on_diagonal):
    """Add three terms of particles (C, N, P) to y (C, n, p, p) in place."""
    y += at_i[:, part.jets, : part.p].unsqueeze(3)
    y += at_j[:, part.jets, : part.p].unsqueeze(2)
    y.diagonal(dim1=2, dim2=3).add_(on_diagonal[:, part.jets, : part.p])
    return y


def _unlay(g, part, g_at_i, g_at_j, g_on_diagonal):
    """The gradients of the terms that `_lay` adds to (C, n, p, p)."""
    g_at_i[:, part.jets, : part.p] = g.sum(3)
    g_at_j[:, part.jets, : part.p] = g.sum(2)
    g_on_diagonal[:, part.jets, : part.p] = g.diagonal(dim1=2, dim2=3)


def _leaky(y: Tensor) -> Tensor:
    return leaky_relu_(y, SLOPE)


def _through_leaky(g: Tensor, result: Tensor) -> Tensor:
    """The gradient before a LeakyReLU from the gradient g after it; a private operator."""
    return torch.ops.aten.leaky_relu_backward(g, result, SLOPE, True)


def _check() -> str | None:
    """Compare with the product that this operator saves."""
    result = torch.tensor([-0.5, 1.0, -2.0, 3.0], device="cpu")
    g = torch.tensor([3.0, -4.0, -5.0, 6.0], device="cpu")
    if not torch.allclose(_through_leaky(g, result), torch.where(result > 0, g, SLOPE * g)):
        return "aten.leaky_relu_backward gives wrong numbers"
    return None


choice.register("eq2to2", _check)
