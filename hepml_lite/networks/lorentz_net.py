"""LorentzNet: messages between particles that know only Minkowski products, so no frame is special.

S. Gong et al., "An Efficient Lorentz Equivariant Graph Neural Network for Jet Tagging", JHEP 07
(2022) 030, arXiv:2201.08187. Parameters carry the names of the authors' code.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from hepml_lite.networks import minkowski
from hepml_lite.networks.minkowski import minkowski_products, psi, slices


class LorentzNet(nn.Module):
    """Lorentz- and permutation-invariant logits of a jet, from its four-vectors alone.

    A reference vector leaves only the transformations that do not change it (see
    `minkowski.REFERENCES`); none keeps both boosts along the beam and rotations about it. The code
    of the authors differs: a particle enters with ψ(m) (here ψ(m²): the root magnifies the rounding
    of massless ones), the mean over particles counts padding, and steps of x are clamped to 100,
    which breaks the symmetry. Products are taken in double precision: hand over float64
    four-vectors, since float32 ones do not hold the p·p' of collimated particles.

    Args:
        width: hidden numbers of a particle and of a pair, C.
        n_blocks: Lorentz group equivariant blocks.
        n_classes: logits given back.
        reference: any of `minkowski.REFERENCES`, e.g. ("beams",).
        dropout: probability to drop a hidden activation of the classifier in training.
        step: c, how far a message may move x.

    Raises:
        ValueError: a size below 1, a dropout outside [0, 1), an unknown reference.
    """

    def __init__(
        self, width: int = 24, n_blocks: int = 3, n_classes: int = 2,
        reference: Sequence[str] = (), dropout: float = 0.0, step: float = 5e-3,
    ):  # fmt: skip
        super().__init__()
        minkowski.check_settings(
            reference, dropout, width=width, n_blocks=n_blocks, n_classes=n_classes
        )
        self.reference = tuple(reference)
        n_scalars = 1 + len(self.reference)
        self.embedding = nn.Linear(n_scalars, width)
        self.LGEBs = nn.ModuleList(
            LorentzBlock(width, n_scalars, step, last=k == n_blocks - 1) for k in range(n_blocks)
        )
        self.graph_dec = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, n_classes)
        )

    @classmethod
    def paper(cls, n_classes: int = 2) -> "LorentzNet":
        """The paper's top tagger: 6 blocks of width 72, two beams, 224 072 parameters."""
        return cls(72, 6, n_classes, reference=("beams",), dropout=0.2)

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): (E, px, py, pz) in GeV (N, P, 4), mask (N, P), True where real.

        What stands in a padded slot, NaN included, changes nothing.
        """
        x, mask = minkowski.with_references(four_vectors, mask, self.reference)
        x, mask, back = minkowski.by_size(x, mask)
        x, kinds = x[..., :4], x[..., 4:]  # which is the k-th kind of reference: (N, P, K)
        squares = minkowski_products(x).diagonal(dim1=1, dim2=2)
        scalars = torch.cat([psi(squares)[..., None], kinds], -1).to(self.embedding.weight.dtype)
        h = self.embedding(scalars)  # (N, P, 1 + K) → (N, P, C)
        for block in self.LGEBs:
            h, x = block(h, x, scalars, mask)
        real = mask.unsqueeze(-1)
        jets = (h * real).sum(1) / real.sum(1).clamp(min=1)  # (N, P, C) → (N, C)
        return self.graph_dec(jets)[back]


class LorentzBlock(nn.Module):
    """One equivariant block (section 3 of arXiv:2201.08187): messages m, then new x and new h.

    m_ij = w_ij φ_e(h_i, h_j, ψ(|x_i - x_j|²), ψ(x_i·x_j)), where w_ij = φ_m(φ_e(...)) in (0, 1);
    x_i ← x_i + c mean_j φ_x(m_ij) (x_i - x_j);  h_i ← h_i + φ_h(h_i, Σ_j m_ij, scalars_i).
    """

    def __init__(self, width: int, n_scalars: int, step: float, last: bool):
        super().__init__()
        self.step = step
        self.phi_e = nn.Sequential(
            nn.Linear(2 * width + 2, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
        )  # fmt: skip
        self.phi_h = nn.Sequential(
            nn.Linear(2 * width + n_scalars, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width),
        )  # fmt: skip
        self.phi_m = nn.Sequential(nn.Linear(width, 1), nn.Sigmoid())
        if not last:  # x is not looked at any more
            out = nn.Linear(width, 1, bias=False)
            nn.init.xavier_uniform_(out.weight, gain=0.001)
            self.phi_x = nn.Sequential(nn.Linear(width, width), nn.ReLU(), out)

    def forward(self, h: Tensor, x: Tensor, scalars: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Particles h (N, P, C) and x (N, P, 4), scalars (N, P, S), mask (N, P) → new h and x."""
        products = minkowski_products(x)  # (N, P, P)
        squares = products.diagonal(dim1=1, dim2=2)  # (N, P)
        distances = squares[:, :, None] + squares[:, None] - 2 * products
        pairs = torch.stack([psi(distances), psi(products)], -1).to(h.dtype)  # (N, P, P, 2)
        inputs = (*self._first_layer(h, pairs, mask), pairs)
        inputs = [y.to(self.phi_m[0].weight.dtype) for y in inputs]  # under autocast, too
        sums, moves = _Messages.apply(mask, *inputs, *self._weights())
        if hasattr(self, "phi_x"):
            others = (mask.sum(1) - 1).clamp(min=1)[:, None, None]
            moves = moves.to(x.dtype)  # (N, P, P)
            x = x + self.step * (moves.sum(2, keepdim=True) * x - moves @ x) / others
        inputs = torch.cat([h, sums, scalars], -1)[mask]  # (M, 2C + S), no padding
        change = torch.zeros_like(h)
        if len(inputs):
            change[mask] = self.phi_h(inputs).to(h.dtype)
        return h + change, x

    def _first_layer(self, h: Tensor, pairs: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """φ_e's linear layer and normalisation as a_i + b_j + V·pair: (N, P, C) twice, (C, 2).

        The layer is linear, and the mean and the variance over pairs that normalise it follow from
        sums over particles: the tensor (N, P, P, 2C + 2) is never built.
        """
        width, norm = h.shape[-1], self.phi_e[1]
        w_i, w_j, v = self.phi_e[0].weight.split([width, width, 2], dim=1)
        a, b = h @ w_i.T, h @ w_j.T
        if norm.training:
            mean, variance = pair_moments(a, b, pairs, v, mask, norm)
        else:
            mean, variance = norm.running_mean, norm.running_var
        scale = norm.weight / (variance + norm.eps).sqrt()
        return a * scale, b * scale + norm.bias - mean * scale, v * scale[:, None]

    def _weights(self) -> tuple[Tensor | None, ...]:
        out = [self.phi_e[3].weight, self.phi_e[3].bias, self.phi_m[0].weight, self.phi_m[0].bias]
        if hasattr(self, "phi_x"):
            return *out, self.phi_x[0].weight, self.phi_x[0].bias, self.phi_x[2].weight
        return *out, None, None, None


def pair_moments(
    a: Tensor, b: Tensor, pairs: Tensor, v: Tensor, mask: Tensor, norm: nn.BatchNorm1d
) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) of a_i + b_j + V·pair over pairs i ≠ j; `norm` keeps its averages."""
    both = _pairs_of(mask, a.dtype)  # (N, P, P)
    count = both.sum().clamp(min=1)
    k = both.sum(2)[..., None]  # (N, P, 1) partners of each particle
    means = [(k * a).sum((0, 1)) / count, (k * b).sum((0, 1)) / count]
    f_mean = (pairs * both[..., None]).sum((0, 1, 2)) / count
    a, b = ((y - m) * mask[..., None] for y, m in zip((a, b), means, strict=True))
    f = (pairs - f_mean) * both[..., None]
    f_of = f.sum(2) @ v.T  # (N, P, C); pairs are symmetric: the same sum for i and for j
    total = (k * (a * a + b * b) + 2 * (a + b) * f_of - 2 * a * b).sum((0, 1))
    total = total + 2 * (a.sum(1) * b.sum(1)).sum(0)
    total = total + ((v @ torch.einsum("nijs,nijt->st", f, f)) * v).sum(1)
    mean, variance = means[0] + means[1] + v @ f_mean, (total / count).clamp(min=0)
    with torch.no_grad():
        unbiased = variance * count / (count - 1).clamp(min=1)
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), norm.momentum)
        norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), norm.momentum)
        norm.num_batches_tracked += 1
    return mean, variance


class _Messages(torch.autograd.Function):
    """Σ_j m_ij (N, P, C) and φ_x(m_ij) (N, P, P), from φ_e's first layer a_i + b_j + V·pair.

    A few jets at a time; the backward pass computes their hidden numbers again, they are not kept.
    """

    @staticmethod
    def forward(ctx, mask, a, b, v, pairs, *weights):
        ctx.save_for_backward(mask, a, b, v, pairs, *weights)
        sums, moves = torch.zeros_like(a), a.new_zeros(pairs.shape[:3])
        for part, p in slices(mask):
            both, _, e, w, _, r = _hidden(part, p, mask, a, b, v, pairs, *weights)
            sums[part, :p] = (w.unsqueeze(2) @ e).squeeze(2)
            if r is not None:
                moves[part, :p, :p] = (r @ weights[-1][0]) * both
        return sums, moves

    @staticmethod
    @once_differentiable
    def backward(ctx, g_sums, g_moves):
        mask, *saved = ctx.saved_tensors
        v, pairs, w2, _, wm, _, wx, _, out = saved[2:]
        grads = [None if y is None else torch.zeros_like(y) for y in saved]
        g_a, g_b, g_v, g_pairs, g_w2, g_b2, g_wm, g_bm, g_wx, g_bx, g_out = grads
        for part, p in slices(mask):
            both, z, e, w, u, r = _hidden(part, p, mask, *saved)  # (n, p, p, C) but both, w
            g_sum = g_sums[part, :p]
            g_e, g_w = w[..., None] * g_sum.unsqueeze(2), (e @ g_sum[..., None]).squeeze(-1)
            if r is not None:
                g_move = g_moves[part, :p, :p] * both
                g_out += g_move.flatten() @ r.flatten(0, 2)
                g_r = _through_relu(g_move[..., None] * out[0], r)
                g_bx += g_r.sum((0, 1, 2))
                g_w += (g_r * u).sum(-1)
                g_u = g_r.mul_(w[..., None])
                g_wx += g_u.flatten(0, 2).T @ e.flatten(0, 2)
                g_e += product(g_u, wx.T)
            g_w *= w * (1 - w)
            g_wm += g_w.flatten() @ e.flatten(0, 2)
            g_bm += g_w.sum()
            g_e = _through_relu(g_e.add_(g_w[..., None] * wm[0]), e)
            g_w2 += g_e.flatten(0, 2).T @ z.flatten(0, 2)
            g_b2 += g_e.sum((0, 1, 2))
            g_z = _through_relu(product(g_e, w2.T), z)
            g_a[part, :p], g_b[part, :p] = g_z.sum(2), g_z.sum(1)
            g_v += g_z.flatten(0, 2).T @ pairs[part, :p, :p].flatten(0, 2)
            g_pairs[part, :p, :p] = g_z @ v
        return None, *grads


def _hidden(part, p, mask, a, b, v, pairs, w2, b2, wm, bm, wx, bx, out):
    """φ_e's layers z and e, the weight w, φ_x's layer before (u) and after (r) ReLU."""
    both = _pairs_of(mask[part, :p], a.dtype)  # (n, p, p)
    z = (pairs[part, :p, :p] @ v.T).add_(a[part, :p].unsqueeze(2))  # (n, p, p, C)
    z = z.add_(b[part, :p].unsqueeze(1)).relu_()
    e = product(z, w2, b2).relu_()
    w = torch.sigmoid(e @ wm[0] + bm) * both
    if wx is None:
        return both, z, e, w, None, None
    u = product(e, wx)  # φ_x's layer of m = w e is w u + its bias
    return both, z, e, w, u, (u * w[..., None]).add_(bx).relu_()


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b, without derivative: oneDNN's float32 product is twice as fast as MKL's on AMD."""
    fast = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    plain = x.device.type != "cpu" or x.dtype != torch.float32
    if plain or fast is None or not torch.backends.mkldnn.is_available():
        return nn.functional.linear(x, weight, bias)
    return fast(x, weight.contiguous(), bias, "none", [], "")


_through_relu = partial(torch.ops.aten.threshold_backward, threshold=0)


def _pairs_of(mask: Tensor, kind: torch.dtype) -> Tensor:
    """(N, P, P) one for two different real particles, else zero."""
    other = ~torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
    return (mask[:, :, None] & mask[:, None] & other).to(kind)
