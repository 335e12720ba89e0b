"""Products of four-vectors and reference vectors, which Lorentz-invariant networks share."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

# Vectors that are added to the particles to break the symmetry, and the remaining symmetry.
REFERENCES = {
    "time": ((1.0, 0.0, 0.0, 0.0),),  # rotations
    "axis": ((0.0, 0.0, 0.0, 1.0),),  # rotations about the beam and boosts across it
    "beams": ((2**0.5, 0.0, 0.0, 1.0), (2**0.5, 0.0, 0.0, -1.0)),  # rotations about the beam
}


def by_size(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Particles (N, P, F) before padding, small jets first; the last array undoes the order."""
    order = mask.sort(dim=1, descending=True, stable=True).indices  # (N, P)
    x, mask = x.gather(1, order[..., None].expand_as(x)), mask.gather(1, order)
    jets = mask.sum(1).argsort()
    p = max(1, *mask.sum(1).tolist(), 1)
    return x[jets, :p], mask[jets, :p], jets.argsort()


def with_references(
    four_vectors: Tensor, mask: Tensor, reference: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Double precision (N, P + R, 4 + K): first the references; K columns mark each of them.

    Raises:
        ValueError: the particles do not have four components.
    """
    if four_vectors.ndim != 3 or four_vectors.shape[-1] != 4:
        raise ValueError(
            f"four_vectors of shape {tuple(four_vectors.shape)}: give (N, P, 4), (E, px, py, pz) "
            "in GeV, as hepml_lite.kinematics.four_vectors makes them."
        )
    kind = four_vectors.dtype if four_vectors.device.type == "mps" else torch.float64
    x = torch.where(mask[..., None], four_vectors.to(kind), 0)
    x = pad(x, (0, len(reference)))
    rows = [
        (*vector, *(float(k == name) for k in reference))
        for name in reference
        for vector in REFERENCES[name]
    ]
    added = x.new_tensor(rows).reshape(-1, x.shape[-1]).expand(len(x), -1, -1)
    return torch.cat([added, x], 1), pad(mask, (added.shape[1], 0), value=True)


def check_settings(reference: Sequence[str], dropout: float, **sizes: int) -> None:
    """ValueError for a size below 1, a dropout outside [0, 1) or an unknown reference."""
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name}={value}: give a whole number, 1 or more.")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout}: give a probability, 0 ≤ dropout < 1.")
    unknown = set(reference) - set(REFERENCES)
    if isinstance(reference, str) or unknown:
        raise ValueError(
            f"reference={reference!r}: give a tuple of {', '.join(REFERENCES)}, e.g. ('beams',)."
        )


def minkowski_product(a: Tensor, b: Tensor) -> Tensor:
    """E E' - p p' of four-vectors a and b (..., 4), each with its partner → (...)."""
    return (a * b * a.new_tensor((1, -1, -1, -1))).sum(-1)


def minkowski_products(x: Tensor) -> Tensor:
    """E E' - p p' of all pairs of four-vectors (N, P, 4) → (N, P, P)."""
    return (x * x.new_tensor((1, -1, -1, -1))) @ x.mT


def psi(x: Tensor) -> Tensor:
    """ψ(x) = sgn(x) log(1 + |x|): compresses many orders of magnitude, smooth at zero."""
    return x.sign() * x.abs().log1p()
