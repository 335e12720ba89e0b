"""LorentzNet's messages between all pairs of particles of a jet, forward and backward.

Equations of S. Gong et al., arXiv:2201.08187, section 3; names as in `lorentz_net.LorentzBlock`.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast.linear import matrix_product
from hepml_lite.networks.layers.minkowski import minkowski_products, psi


class PairLogs(torch.autograd.Function):
    """ψ(|x_i - x_j|²) and ψ(x_i·x_j): (2, T), zero except for pairs i ≠ j of real particles.

    Also their sums over j (2, N, P), and the sums over all pairs of their products (2, 2). These
    give the mean and the variance of all linear functions of them. Products and sums have the
    precision of x.
    """

    @staticmethod
    def forward(ctx, x, both, parts):
        """Four-vectors x (N, P, 4), jets in order of size; both (T,), zero if not such a pair."""
        ctx.parts = parts
        logs, sums = both.new_empty(2, len(both)), x.new_zeros(2, *x.shape[:2])
        products = x.new_zeros(2, 2)
        for part in parts:
            jets, p, pairs = part
            y = psi(_invariants(x[jets, :p]).to(both.dtype)).flatten(1) * both[pairs]
            logs[:, pairs] = y
            y = y.to(x.dtype)
            sums[:, jets, :p] = y.unflatten(1, part.shape).sum(3)
            products += y @ y.T
        ctx.save_for_backward(x, both, logs)
        return logs, sums, products

    @staticmethod
    @once_differentiable
    def backward(ctx, g_logs, g_sums, g_products):
        """ψ' = 1 / (1 + |x·x'|); the entry (i, j) depends on both x_i and x_j."""
        x, both, logs = ctx.saved_tensors
        kind, g_x = logs.dtype, torch.zeros_like(x)
        g_logs, g_sums = (g_products + g_products.T).to(kind) @ logs + g_logs, g_sums.to(kind)
        g_logs *= both
        for part in ctx.parts:
            jets, p, pairs = part
            v = x[jets, :p]
            g = g_logs[:, pairs].unflatten(1, part.shape)
            g = g + g_sums[:, jets, :p, None] * both[pairs].view(part.shape)
            g /= _invariants(v).to(kind).abs_().add_(1)
            g_square, g_product = (g + g.mT).to(x.dtype)
            g_v = (g_product - 2 * g_square) @ v + 2 * g_square.sum(2, keepdim=True) * v
            g_x[jets, :p] = g_v * v.new_tensor((1, -1, -1, -1))
        return g_x, None, None


def _invariants(x: Tensor) -> Tensor:
    """|x_i - x_j|² and x_i·x_j of (n, p, 4): (2, n, p, p)."""
    products = minkowski_products(x)
    squares = products.diagonal(dim1=1, dim2=2)
    return torch.stack([squares[:, :, None] + squares[:, None] - 2 * products, products])


class Messages(torch.autograd.Function):
    """Σ_j m_ij (C, N, P) and Σ_j φ_x(m_ij) (x_i - x_j) (N, P, 4), from a_i + b_j + V·pair.

    It works on a few jets at a time and does not keep their hidden numbers; the backward pass
    computes them again. They are (C + 1, R) for R pairs: long rows are fast for any width C.
    """

    @staticmethod
    def forward(ctx, parts, x, both, *inputs):
        """`inputs` are those of `_hidden`; x (N, P, 4), in order of size as the slices `parts`."""
        ctx.parts = parts
        ctx.save_for_backward(x, both, *inputs)
        _, a, *_, wx, out = inputs
        sums, steps = torch.zeros_like(a[:-1]), torch.zeros_like(x)
        for part in parts:
            jets, p, _ = part
            _, _, _, m, r = _hidden(part, both, *inputs)
            sums[:, jets, :p] = m[:-1].unflatten(1, part.shape).sum(3)
            if wx is not None:
                move, y = _moves(part, both, r, out).to(x.dtype), x[jets, :p]
                steps[jets, :p] = move.sum(2, keepdim=True) * y - move @ y
        return sums, steps

    @staticmethod
    @once_differentiable
    def backward(ctx, g_sums, g_steps):
        """Slice by slice; the last weights `out` of φ_x multiply sums, not pairs."""
        x, both, *inputs = ctx.saved_tensors
        logs, _, _, v, w2, wm, wx, out = inputs
        grads = [None if y is None else torch.zeros_like(y) for y in (x, *inputs)]
        g_x, g_logs, g_a, g_b, g_v, g_w2, g_wm, g_wx, g_out = grads
        g_sums = pad(g_sums, (0, 0, 0, 0, 0, 1))
        if wx is not None:
            back = pad(wx[:, :-1] * out[:, None], (0, 1)).T  # (C + 1, C): the ones stay ones
        for part in ctx.parts:
            jets, p, pairs = part
            z, e, w, m, r = _hidden(part, both, *inputs)
            g_m = g_sums[:, jets, :p].unsqueeze(3)
            if wx is not None:
                g, y = g_steps[jets, :p], x[jets, :p]
                move = _moves(part, both, r, out).to(x.dtype)
                g_x[jets, :p] = move.sum(2, keepdim=True) * g - move.mT @ g
                g_move = ((g * y).sum(2, keepdim=True) - g @ y.mT).flatten().to(r.dtype)
                g_move *= both[pairs]
                g_out.addmv_(r, g_move)
                g_r = _through_relu(g_move.expand_as(r), r)  # times `out`
                g_wx += matrix_product(g_r, m.T)
                g_m = matrix_product(back, g_r).unflatten(1, part.shape).add_(g_m)
            g_m = g_m.expand(-1, *part.shape).flatten(1)
            g_w = (g_m * m).sum(0).mul_(1 - w)
            g_wm.addmv_(e, g_w)
            g_e = _through_relu((g_m * w).addr_(wm, g_w), e)
            g_w2 += matrix_product(g_e, z.T)
            g_z = _through_relu(matrix_product(w2.T, g_e), z)
            each = g_z.unflatten(1, part.shape)
            g_a[:, jets, :p], g_b[:, jets, :p] = each.sum(3), each.sum(2)
            g_v.addmm_(g_z, logs[:, pairs].T)
            torch.mm(v.T, g_z, out=g_logs[:, pairs])
        if wx is not None:
            g_wx *= out[:, None]
        return None, g_x, None, *grads[1:]


def _hidden(part, both, logs, a, b, v, w2, wm, wx, out):
    """φ_e's layers z and e, the weight w (R,), m = w e, φ_x's layer r (C, R), of one slice.

    From both (T,) and logs (2, T) of all pairs, a and b (C + 1, N, P), V (C + 1, 2) and the weights
    with biases: (C + 1, C + 1) and (C + 1,), then (C, C + 1) and (C,) or None. z, e and m are
    (C + 1, R), with a row of ones for the biases that follow.
    """
    jets, p, pairs = part
    z = (a[:, jets, :p].unsqueeze(3) + b[:, jets, :p].unsqueeze(2)).flatten(1)
    z.addmm_(v, logs[:, pairs]).relu_()
    e = matrix_product(w2, z, "relu")
    w = torch.sigmoid_(wm @ e).mul_(both[pairs])  # (R,)
    m = e * w
    m[-1] = 1
    return z, e, w, m, None if wx is None else matrix_product(wx, m, "relu")


def _moves(part, both, r, out):
    return (out @ r).mul_(both[part.pairs]).view(part.shape)  # φ_x(m): (n, p, p)


def _through_relu(g: Tensor, result: Tensor) -> Tensor:
    """The gradient before a ReLU from the gradient g after it; a private operator."""
    return torch.ops.aten.threshold_backward(g, result, threshold=0)


def _check() -> str | None:
    """Compare with the product that this operator saves."""
    result = torch.tensor([0.0, 1.0, 0.0, 2.0], device="cpu")
    g = torch.tensor([3.0, -4.0, -5.0, 6.0], device="cpu")
    if not torch.equal(_through_relu(g, result), g * (result > 0)):
        return "aten.threshold_backward gives wrong numbers"
    return None


choice.register("lorentz_messages", _check)
