"""The geometric algebra of space-time, and one layer of L-GATr written out in it.

J. Spinner et al., arXiv:2405.14806, and J. Brehmer et al., arXiv:2411.00446: multivectors and their
products, equivariant linear maps, attention by inner products, gated nonlinearity, normalisation.
"""

from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad

METRIC = (1.0, -1.0, -1.0, -1.0)  # γ^μ γ^μ of the basis vectors along E, px, py, pz
# The 16 blades: products of basis vectors in rising order, scalar () to pseudoscalar (0, 1, 2, 3).
BLADES = tuple(blade for grade in range(5) for blade in combinations(range(4), grade))
GRADES = torch.tensor([len(blade) for blade in BLADES])  # 1, 4, 6, 4, 1 of grade 0, 1, 2, 3, 4


def multiply_blades(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[tuple[int, ...], float]:
    """γ_a γ_b = sign · γ_c: (c, sign), from γ^μ γ^ν = -γ^ν γ^μ and (γ^μ)² = METRIC[μ] alone."""
    factors = [*a, *b]
    sign = 1.0
    for end in range(len(factors) - 1, 0, -1):  # bubble sort: each exchange turns the sign
        for i in range(end):
            if factors[i] > factors[i + 1]:
                factors[i], factors[i + 1] = factors[i + 1], factors[i]
                sign = -sign
    left: list[int] = []
    for mu in factors:
        if left and left[-1] == mu:
            sign *= METRIC[left.pop()]
        else:
            left.append(mu)
    return tuple(left), sign


def product_table() -> Tensor:
    """T (16, 16, 16) of γ_j γ_k = Σ_i T_ijk γ_i, float64, one ±1 for each j and k."""
    table = torch.zeros(16, 16, 16, dtype=torch.float64)
    for j, a in enumerate(BLADES):
        for k, b in enumerate(BLADES):
            blade, sign = multiply_blades(a, b)
            table[BLADES.index(blade), j, k] = sign
    return table


PRODUCT = product_table()
_REVERSED = torch.tensor([(-1.0) ** (g * (g - 1) // 2) for g in GRADES.tolist()])
_SIZES = PRODUCT[0].diagonal() * _REVERSED  # <~γ γ>_0 of each blade: ±1


def geometric_product(x: Tensor, y: Tensor) -> Tensor:
    """x y of multivectors (..., 16): bilinear, associative, Lorentz equivariant."""
    return torch.einsum("ijk,...j,...k->...i", PRODUCT.to(x), x, y)


def reverse(x: Tensor) -> Tensor:
    """~x: the factors of every blade in reverse order; turns the sign of grades 2 and 3."""
    return x * _REVERSED.to(x)


def inner_product(x: Tensor, y: Tensor) -> Tensor:
    """<~x y>_0 of multivectors (..., 16) → (...); E E' - p p' of two four-vectors."""
    return (x * y * _SIZES.to(x)).sum(-1)


def grade_project(x: Tensor) -> Tensor:
    """<x>_g of multivectors (..., 16) for the five grades g: (..., 5, 16)."""
    return x.unsqueeze(-2) * (torch.arange(5)[:, None] == GRADES).to(x)


def embed(vectors: Tensor | None = None, scalars: Tensor | None = None) -> Tensor:
    """Four-vectors (..., 4), (E, px, py, pz), and/or scalars (...) as multivectors (..., 16).

    Raises:
        ValueError: neither is given, or vectors have not four components.
    """
    if vectors is None:
        if scalars is None:
            raise ValueError("nothing to embed: give vectors (..., 4), scalars (...), or both.")
        return pad(scalars.unsqueeze(-1), (0, 15))
    if vectors.shape[-1] != 4:
        raise ValueError(f"vectors of shape {tuple(vectors.shape)}: give (..., 4), E, px, py, pz.")
    x = pad(vectors, (1, 11))
    return x if scalars is None else x + pad(scalars.unsqueeze(-1), (0, 15))


def extract_vectors(x: Tensor) -> Tensor:
    """The grade-1 part of multivectors (..., 16) → (..., 4): E, px, py, pz."""
    return x[..., 1:5]


def extract_scalars(x: Tensor) -> Tensor:
    """The grade-0 part of multivectors (..., 16) → (...)."""
    return x[..., 0]


def outermorphism(transformation: Tensor) -> Tensor:
    """The action of a Lorentz matrix Λ (4, 4) on multivectors: (16, 16), x → x @ result.T.

    A blade of grade g turns into the sum over blades of the g × g minors of Λ.
    """
    result = transformation.new_zeros(16, 16)
    for i, a in enumerate(BLADES):
        for j, b in enumerate(BLADES):
            if len(a) == len(b):
                minor = transformation[list(a)][:, list(b)]
                result[i, j] = torch.linalg.det(minor) if a else 1.0
    return result


def rotor(plane: tuple[int, int], size: float) -> Tensor:
    """The rotor R (16,), float64, that boosts or turns by `size`: x → `sandwich(R, x)`.

    In the plane (0, ν) R = exp(-γ_0 γ_ν size / 2) boosts along axis ν by this rapidity; in (μ, ν)
    R = exp(γ_μ γ_ν size / 2) turns axis μ towards ν by this angle [rad].

    Raises:
        ValueError: the plane is not two different axes in rising order.
    """
    if plane not in BLADES or len(plane) != 2:
        raise ValueError(f"plane={plane}: give two axes in rising order, e.g. (0, 3) or (1, 2).")
    result = torch.zeros(16, dtype=torch.float64)
    half = torch.tensor(size / 2).double()
    boost = plane[0] == 0  # there the blade's square is 1, otherwise -1
    result[0] = half.cosh() if boost else half.cos()
    result[BLADES.index(plane)] = -half.sinh() if boost else half.sin()
    return result


def sandwich(r: Tensor, x: Tensor) -> Tensor:
    """R x ~R of multivectors (..., 16): the transformation of a rotor with R ~R = 1."""
    return geometric_product(geometric_product(r.to(x), x), reverse(r).to(x))


def linear_basis(parity: bool = False) -> Tensor:
    """Equivariant linear maps of a multivector, (5 or 10, 16, 16).

    The five projections on grades commute with all Lorentz transformations. Their products with the
    pseudoscalar commute only with the proper orthochronous ones, because the pseudoscalar changes
    sign under a reflection. With `parity`, only the first five are used.
    """
    projections = torch.diag_embed((torch.arange(5)[:, None] == GRADES).double())
    duals = PRODUCT[:, 15] @ projections  # γ_0123 <x>_g
    return projections if parity else torch.cat([projections, duals])


class EquivariantLinear(nn.Module):
    """y_c = Σ_d Σ_b w_cdb B_b x_d + a constant scalar, with the maps B of `linear_basis`.

    Args:
        n_in, n_out: channels of multivectors.
        parity: use only maps that commute with reflections and time reversal, too.
    """

    def __init__(self, n_in: int, n_out: int, parity: bool = False):
        super().__init__()
        basis = linear_basis(parity)
        self.register_buffer("basis", basis.to(torch.get_default_dtype()), persistent=False)
        self.weight = nn.Parameter(torch.randn(n_out, n_in, len(basis)) / (2 * n_in) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """(..., n_in, 16) → (..., n_out, 16)."""
        weight = torch.einsum("cdb,bij->cidj", self.weight, self.basis)
        return torch.einsum("cidj,...dj->...ci", weight, x) + embed(scalars=self.bias)


def equivariant_norm(x: Tensor, smallest: float = 0.01) -> Tensor:
    """Multivectors (..., C, 16) over √(mean over channels of Σ_g |<<x>_g, <x>_g>|), or its floor.

    It takes absolute values, because squares in this metric may be negative.
    """
    parts = grade_project(x)
    size = inner_product(parts, parts).abs().sum(-1).mean(-1)  # (...)
    return x * size.clamp(min=smallest).rsqrt()[..., None, None]


def gated(x: Tensor) -> Tensor:
    """GELU(<x>_0) x: a nonlinearity may use invariants."""
    return gelu(x[..., :1], approximate="tanh") * x


class GeometricBilinear(nn.Module):
    """norm(linear(left(x) right(x))): geometric products build the grades that x does not have."""

    def __init__(self, n_in: int, n_out: int, parity: bool = False):
        super().__init__()
        self.left = EquivariantLinear(n_in, n_out, parity)
        self.right = EquivariantLinear(n_in, n_out, parity)
        self.out = EquivariantLinear(n_out, n_out, parity)

    def forward(self, x: Tensor) -> Tensor:
        """(..., n_in, 16) → (..., n_out, 16)."""
        return equivariant_norm(self.out(geometric_product(self.left(x), self.right(x))))


class GeometricLayer(nn.Module):
    """One layer of L-GATr: x + attention(norm(x)), then x + MLP(norm(x)), on sets of multivectors.

    One head; the MLP is bilinear, gated, linear. Equivariant under the proper orthochronous Lorentz
    group, with `parity` under all of it, and under permutations.

    Args:
        n_channels: multivectors of a particle.
        parity: see `EquivariantLinear`.
    """

    def __init__(self, n_channels: int, parity: bool = False):
        super().__init__()
        c = n_channels
        self.queries = EquivariantLinear(c, c, parity)
        self.keys = EquivariantLinear(c, c, parity)
        self.values = EquivariantLinear(c, c, parity)
        self.mix = EquivariantLinear(c, c, parity)
        self.out = EquivariantLinear(c, c, parity)
        self.bilinear = GeometricBilinear(c, c, parity)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Particles (N, P, C, 16), mask (N, P), True where real → (N, P, C, 16)."""
        h = equivariant_norm(x)
        h = attention(self.queries(h), self.keys(h), self.values(h), mask)
        x = x + self.mix(h)
        h = equivariant_norm(x)
        h = gated(self.bilinear(h))
        return x + self.out(h)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """softmax_j(Σ_c <q_ic, k_jc> / √(16 C)) v_j over real j: (N, P, C, 16) → the same."""
    logits = torch.einsum("nicx,njcx,x->nij", q, k, _SIZES.to(q)) / (16 * q.shape[-2]) ** 0.5
    visible = mask | ~mask.any(1, keepdim=True)  # a softmax over nothing would be NaN
    weights = logits.masked_fill(~visible[:, None], -torch.inf).softmax(-1)
    return torch.einsum("nij,njcx->nicx", weights, v)
