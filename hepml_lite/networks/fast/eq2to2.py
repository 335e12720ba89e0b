"""Permutation-equivariant maps to matrices (PELICAN's layers), and their fast form over many pairs.

A. Bogatskiy et al., arXiv:2211.00454, section 3.1. A map is a matrix product on pairs, plus what
belongs to particles and is laid along rows, columns and the diagonal: 15 matrices are never built.
Pairs are (C, T), the pairs of all jets in one long row, slice by slice (`minkowski.slices`).
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from hepml_lite.networks.fast.linear import matrix_product

SLOPE = 0.01  # of LeakyReLU


class Eq2to2(nn.Module):
    """All 15 linear maps of a matrix y_ij to a matrix that commute with permutations, mixed.

    The matrix and its transpose; its diagonal, rows' and columns' means, the trace and the total
    mean, each laid along rows, columns or the diagonal. The means carry (N / N̄)^α with learned α.

    The order of maps and the factorised coefficients are those of the authors' code.
    """

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.maps_in = nn.Parameter(torch.randn(15, n_in, 1) / 15**0.5)
        self.maps_out = nn.Parameter(torch.randn(15, 1, n_out) / 15**0.5)
        self.mix_in = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.mix_out = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.powers = nn.Parameter(torch.rand(10, 1, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.diagonal_bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, y: Tensor, mask: Tensor, typical: float) -> Tensor:
        """Pairs (n, p, p, n_in), zero where padded, mask (n, p) → (n, p, p, n_out)."""
        diagonal = y.diagonal(dim1=1, dim2=2).mT
        w, at_i, at_j, on_diagonal = self.parts(y.sum(2), y.sum(1), diagonal, mask, typical)
        out = y @ w[0] + (y @ w[1]).transpose(1, 2)
        return (
            out
            + at_i.unsqueeze(2)
            + at_j.unsqueeze(1)
            + torch.diag_embed(on_diagonal.mT).movedim(1, 3)
        )

    def parts(
        self, rows: Tensor, columns: Tensor, d: Tensor, mask: Tensor, typical: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Matrices (2, n_in, n_out) for y and its transpose; then what is added, (N, P, n_out):

        at_i, at_j and on the diagonal, from sums over j, over i, and the diagonal: (N, P, n_in).
        """
        w = self.maps_in * self.mix_in + self.maps_out * self.mix_out  # (15, n_in, n_out)
        n = sizes(mask, d)[:, None, None]
        columns, rows = columns / n, rows / n
        trace, total = (z.sum(1, keepdim=True) / n for z in (d, rows))  # (N, 1, n_in)
        means = [columns] * 3 + [rows] * 3 + [trace] * 2 + [total] * 2
        size = (n[..., None] / typical) ** self.powers  # (N, 10, 1, n_in)
        col_d, col_j, col_i, row_d, row_j, row_i, trace_all, trace_d, total_all, total_d = (
            (mean * size[:, k]) @ w[5 + k] for k, mean in enumerate(means)
        )
        at_i = d @ w[4] + col_i + row_i + trace_all + total_all + self.bias
        on_diagonal = d @ w[2] + col_d + row_d + trace_d + total_d + self.diagonal_bias
        return w[:2], at_i, d @ w[3] + col_j + row_j, on_diagonal


class Eq1to2(nn.Module):
    """All 5 linear maps of numbers x_i of particles to a matrix that commute with permutations."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.maps = nn.Parameter(torch.randn(5, n_in, n_out) * (2 / (5 * n_in)) ** 0.5)
        self.powers = nn.Parameter(torch.zeros(5, 1, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor, mask: Tensor, typical: float) -> Tensor:
        """Particles (n, p, n_in), mask (n, p) → pairs (n, p, p, n_out)."""
        at_i, at_j, on_diagonal = self.parts(x, mask, typical)
        return (
            at_i.unsqueeze(2) + at_j.unsqueeze(1) + torch.diag_embed(on_diagonal.mT).movedim(1, 3)
        )

    def parts(self, x: Tensor, mask: Tensor, typical: float) -> tuple[Tensor, Tensor, Tensor]:
        """What is laid along rows, columns and the diagonal, (N, P, n_out), from x (N, P, n_in)."""
        n = sizes(mask, x)[:, None, None]
        x = x * mask[..., None]
        mean = x.sum(1, keepdim=True) / n
        size = (n[..., None] / typical) ** self.powers  # (N, 5, 1, n_in)
        on_diagonal, at_j, at_i, mean_d, mean_all = (
            (z * size[:, k]) @ self.maps[k] for k, z in enumerate([x, x, x, mean, mean])
        )
        return at_i + mean_all + self.bias, at_j, on_diagonal + mean_d


def sizes(mask: Tensor, like: Tensor) -> Tensor:
    """Particles of each jet (N,), at least 1, in the precision of `like`."""
    return mask.sum(1).clamp(min=1).to(like.dtype)


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
            z = y[:, part.pairs]
            squares += z.square().sum(1)
            z, (jets, p, _) = z.unflatten(1, part.shape), part
            sums[0, :, jets, :p], sums[1, :, jets, :p] = z.sum(3), z.sum(2)
            sums[2, :, jets, :p] = z.diagonal(dim1=2, dim2=3)
        return *sums, squares

    @staticmethod
    @once_differentiable
    def backward(ctx, g_rows, g_columns, g_diagonal, g_squares):
        """Each sum's gradient stands at all that it has summed."""
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

    What is inside is wider, is never kept and is computed again going backward.
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
        """Through both layers; what stood at (i, j) and, transposed, at (j, i) adds up in y."""
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
    """Add to y (C, n, p, p), in place, what belongs to particles: three times (C, N, P)."""
    y += at_i[:, part.jets, : part.p].unsqueeze(3)
    y += at_j[:, part.jets, : part.p].unsqueeze(2)
    y.diagonal(dim1=2, dim2=3).add_(on_diagonal[:, part.jets, : part.p])
    return y


def _unlay(g, part, g_at_i, g_at_j, g_on_diagonal):
    """The gradients of what `_lay` has added to (C, n, p, p)."""
    g_at_i[:, part.jets, : part.p], g_at_j[:, part.jets, : part.p] = g.sum(3), g.sum(2)
    g_on_diagonal[:, part.jets, : part.p] = g.diagonal(dim1=2, dim2=3)


def _leaky(y: Tensor) -> Tensor:
    return nn.functional.leaky_relu_(y, SLOPE)


def _through_leaky(g: Tensor, result: Tensor) -> Tensor:
    return torch.ops.aten.leaky_relu_backward(g, result, SLOPE, True)
