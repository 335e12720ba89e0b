"""Jets of four-vectors, Lorentz transformations, and what networks of four-vectors may see of them.

`model(four_vectors (N, P, 4), mask (N, P))` gives one row a jet. Four-vectors are (E, px, py, pz).
"""

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.jet_physics.variations.transformations import boost_matrix


def scattered(
    n_jets: int = 6, n_slots: int = 7, smallest: int = 1, mass: float = 1.0, scale: float = 4.0
) -> tuple[Tensor, Tensor]:
    """Momenta of about `scale`: (N, P, 4) float64 [GeV], mask (N, P): 1, 2, 3 … particles a jet."""
    p = scale * (torch.randn(n_jets, n_slots, 3, dtype=torch.float64) + 0.5)
    x = torch.cat([(p.square().sum(-1, keepdim=True) + mass**2).sqrt(), p], -1)
    mask = torch.arange(n_slots) < (smallest + torch.arange(n_jets)).clamp(max=n_slots)[:, None]
    return x * mask[..., None], mask


def collimated(
    n_jets: int = 6, n_slots: int = 9, seed: int = 0, fewest: int = 2, mass=0.0, spread=0.3
) -> tuple[Tensor, Tensor]:
    """Particles `spread` around one direction: (N, P, 4) float64 [GeV], mask (N, P)."""
    rng = np.random.default_rng(seed)
    pt = rng.exponential(50, (n_jets, n_slots)) + 1
    eta, phi = rng.normal(0, spread, (2, n_jets, n_slots))
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1)
    energy = np.sqrt((momentum**2).sum(-1) + mass**2)
    mask = np.arange(n_slots) < rng.integers(fewest, n_slots + 1, (n_jets, 1))
    four_vectors = np.concatenate([energy[..., None], momentum], -1) * mask[..., None]
    return torch.from_numpy(four_vectors), torch.from_numpy(mask)


def single(jets: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The same jets in single precision."""
    return jets[0].float(), jets[1]


def narrow_and_wide(n_each: int = 128) -> tuple[Tensor, Tensor, Tensor]:
    """Jets of which the second half is wider, and so heavier: four-vectors, mask, labels."""
    (narrow, mask), (wide, _) = (collimated(n_each, spread=spread) for spread in (0.1, 0.4))
    k, labels = torch.cat([narrow, wide]).float(), torch.arange(2 * n_each) // n_each
    return k, torch.cat([mask, mask]), labels


def light_and_heavy(jets: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Jets with labels: 1 if the jet's mass is above the median."""
    mass_2 = jets[0].sum(1) ** 2 @ torch.tensor([1.0, -1, -1, -1]).to(jets[0])
    return *jets, (mass_2 > mass_2.median()).long()


def turn(axis: str, angle: float = 0.7) -> Tensor:
    """The (4, 4) matrix that turns space about the axis "x", "y" or "z"."""
    i, j = {"x": (2, 3), "y": (3, 1), "z": (1, 2)}[axis]
    matrix = np.eye(4)
    matrix[i, i] = matrix[j, j] = np.cos(angle)
    matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
    return torch.from_numpy(matrix)


def boost(*velocity: float) -> Tensor:
    """The (4, 4) matrix of a boost by `velocity`, three components in units of c."""
    return torch.from_numpy(boost_matrix(velocity))


def random_rotation(seed: int) -> Tensor:
    """A (4, 4) matrix that turns space at random and leaves the energy."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    q[:, 0] *= np.linalg.det(q)
    matrix = np.eye(4)
    matrix[1:, 1:] = q
    return torch.from_numpy(matrix)


def random_boost(seed: int, speed: float = 0.7) -> Tensor:
    """A boost with this speed in a random direction, (4, 4)."""
    direction = np.random.default_rng(seed).normal(size=3)
    return boost(*speed * direction / np.linalg.norm(direction))


TRANSFORMATIONS = [
    random_rotation(1),
    random_boost(2),
    random_rotation(3) @ random_boost(4, 0.9),
]
NAMED = {
    "boost z": boost(0, 0, 0.4),
    "boost x": boost(0.4, 0, 0),
    "turn z": turn("z"),
    "turn x": turn("x"),
}
KEPT = {  # the symmetries that leave the reference vectors where they are
    (): set(NAMED),
    ("time",): {"turn z", "turn x"},
    ("axis",): {"boost x", "turn z"},
    ("beams",): {"turn z"},
    ("time", "beams"): {"turn z"},
}


@torch.no_grad()
def assert_only_what_keeps_the_references_is_a_symmetry(
    model: nn.Module, four_vectors: Tensor, mask: Tensor, tolerance: float = 1e-10
) -> None:
    """In double precision: what moves a reference vector is seen, and nothing else is."""
    model = model.double().eval()
    expected = model(four_vectors, mask)
    for name, matrix in NAMED.items():
        change = (model(four_vectors @ matrix.T, mask) - expected).abs().max()
        change = (change / expected.abs().max()).item()
        if name in KEPT[model.reference]:
            assert change < tolerance, f"{name} is no symmetry: {change:.2g}"
        else:
            assert change > 1e-5, f"{name} is a symmetry: {change:.2g}"


@torch.no_grad()
def assert_invariant_in_single_precision(
    model: nn.Module, four_vectors: Tensor, mask: Tensor
) -> None:
    """float32 weights, float64 products: a boost is seen to the rounding of the weights only."""
    model = model.float().eval()
    boosted = model(four_vectors @ NAMED["boost z"].T, mask)
    torch.testing.assert_close(boosted, model(four_vectors, mask), rtol=1e-4, atol=1e-4)


def assert_geometry_stays_out_of_mixed_precision(model: nn.Module, k: Tensor, mask: Tensor) -> None:
    """What enters the layers `model.dense` is the same, bit for bit, under autocast."""
    inside = []
    model = model.eval()
    model.dense.register_forward_hook(lambda module, inputs, output: inside.append(inputs[0]))
    model(k, mask)
    with torch.autocast("cpu", torch.bfloat16):
        model(k, mask)
    assert torch.equal(*inside), "autocast changed what enters the dense layers"
