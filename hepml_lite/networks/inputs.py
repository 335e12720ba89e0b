"""Inputs of networks: the same jets in the forms that different architectures need."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.networks.layers.kinematic_features import (
    kinematic_features,
    refuse_negative_masses,
)
from hepml_lite.training.checks import NotFinite, require_finite_weights

# Typical pT share and angles of a particle: a network learns far faster from numbers of order one.
TYPICAL = np.array([0.05, 0.3, 0.3], dtype=np.float32)


def check_heads(width: int, n_heads: int) -> None:
    """Raise a ValueError unless each of the heads gets the same share of the width."""
    if n_heads < 1 or width < 1 or width % n_heads:
        raise ValueError(
            f"width={width}, n_heads={n_heads}: the width must be a multiple of the heads, "
            "for instance 32 and 4."
        )


def network_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, P, 3), the jet's relative coordinates over typical sizes, and mask (N, P).

    Raises:
        TypeError: another kind of object than `Jets`.
    """
    require_jets(jets)
    return jets.relative() / TYPICAL, jets.mask


def particle_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Constituents, pT [GeV], eta and phi as measured, and mask (N, P).

    Massless constituents are (N, P, 3), others (N, P, 4) with the mass [GeV] as the last column.
    Networks that read momenta take both.
    """
    require_jets(jets)
    if jets.constituent_mass is None:
        return jets.constituents, jets.mask
    columns = [jets.constituents, jets.constituent_mass[..., None]]
    return np.concatenate(columns, axis=-1), jets.mask


def kinematic_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """The seven `particle_net.KINEMATIC_FEATURES` (N, P, 7), ln pT first, and mask (N, P).

    The energies are those of massive particles where the jets have masses. Networks that read lists
    of particles sort them by the first feature.
    """
    require_jets(jets)
    constituents, mask = particle_inputs(jets)
    features = kinematic_features(torch.tensor(constituents), torch.tensor(mask))
    return features[..., [2, 0, 1, 3, 4, 5, 6]].numpy(), mask


class InputNotFinite(NotFinite, ValueError):
    """Particles or images in the input of a network are NaN or infinite."""


def check_particles(
    model: nn.Module,
    particles: Tensor,
    mask: Tensor,
    n_features: int | tuple[int, ...] | None,
    name: str = "features",
    any_precision: bool = False,
) -> None:
    """Raise an error unless a network can read these particles and its weights are finite.

    Numbers are checked only on a CPU. There ReLU turns NaN into 0, so that NaN would give plausible
    scores. On a GPU NaN stays NaN, and a check would make the GPU wait.

    Args:
        model: the network; its weights say which precision it needs.
        particles: (N, P, F).
        mask: (N, P) bool, True where real. Values in padding are not checked.
        n_features: F, or all that are allowed; None: the network checks F itself.
        name: of the particles, for messages.
        any_precision: the network converts float32 and float64 itself.

    Raises:
        TypeError: particles or mask are not tensors.
        ValueError: another shape or type of number; `InputNotFinite` for numbers that are NaN or
            infinite.
    """
    allowed = (n_features,) if isinstance(n_features, int) else n_features
    check_tensor(name, particles)
    if particles.ndim != 3 or (allowed and particles.shape[2] not in allowed):
        numbers = " or ".join(map(str, allowed or ()))
        raise ValueError(
            f"{name} has shape {tuple(particles.shape)}: {type(model).__name__} takes (N, P, F)"
            + (f" with F = {numbers} numbers of each of P particles" if numbers else "")
        )
    check_tensor("mask", mask)
    if mask.dtype != torch.bool or mask.shape != particles.shape[:2]:
        raise ValueError(
            f"mask is {mask.dtype} of shape {tuple(mask.shape)} for {name} "
            f"{tuple(particles.shape)}: give torch.bool (N, P), True where a particle is real"
        )
    check_precision(model, name, particles, any_precision)
    if particles.is_cpu and not torch.compiler.is_compiling():
        require_finite_weights(model)
    if _may_be_wrong(particles):
        bad = mask & ~particles.detach().isfinite().all(2)
        if bad.any():
            jet, particle = bad.nonzero()[0].tolist()
            raise InputNotFinite(
                f"{name} of {int(bad.sum())} real particles are NaN or infinite, the first is "
                f"particle {particle} of jet {jet}",
                "correct them, or set their mask to False",
            )


def check_images(model: nn.Module, images: Tensor, n_channels: int) -> None:
    """Raise an error unless a network can read images (N, n_channels, H, W).

    Raises:
        TypeError, ValueError: as `check_particles`.
    """
    check_tensor("images", images)
    if images.ndim != 4 or images.shape[1] != n_channels:
        raise ValueError(
            f"images of shape {tuple(images.shape)}: {type(model).__name__} takes "
            f"(N, {n_channels}, pixels, pixels)"
        )
    check_precision(model, "images", images)
    if images.is_cpu and not torch.compiler.is_compiling():
        require_finite_weights(model)
    if _may_be_wrong(images) and not images.isfinite().all():
        bad = ~images.detach().flatten(1).isfinite().all(1)
        raise InputNotFinite(
            f"images of {int(bad.sum())} jets are NaN or infinite, the first is jet "
            f"{int(bad.nonzero()[0])}",
            "correct or remove these jets",
        )


def check_tensor(name: str, values: Tensor) -> None:
    """Raise TypeError unless the values are a tensor."""
    if not isinstance(values, Tensor):
        raise TypeError(
            f"{name} is {type(values).__name__}, not a tensor: write torch.as_tensor({name}), or "
            "use training.predict, which takes arrays"
        )


def check_precision(
    model: nn.Module, name: str, values: Tensor, any_precision: bool = False
) -> None:
    """Raise ValueError unless the numbers are of the type of the weights.

    Args:
        model: the network.
        name: of the values, for the message.
        values: the numbers.
        any_precision: float32 and float64 will both do.
    """
    if any_precision and values.dtype in (torch.float32, torch.float64):
        return
    weights = next(model.parameters()).dtype
    converted = torch.is_autocast_enabled(values.device.type) and values.is_floating_point()
    if values.dtype != weights and not converted:
        raise ValueError(
            f"{name} holds {values.dtype}, the weights of {type(model).__name__} {weights}: "
            f"write {name}.to({weights})"
        )


def _may_be_wrong(values: Tensor) -> bool:
    """Whether a number may be NaN or infinite: one sum, far faster than a check of each."""
    if not values.is_cpu or torch.compiler.is_compiling():
        return False
    return not math.isfinite(values.detach().sum().item())


class OnFourVectors(nn.Module):
    """A network of four-vectors, given constituents: pT [GeV], eta, phi → (E, px, py, pz) [GeV].

    A fourth column, if there is one, is the mass [GeV], as `particle_inputs` gives it.

    The four-vectors are float64 unless `kind` is another type. The products p·p' of collimated
    particles are differences of nearly equal numbers; float32 would leave only rounding errors.
    """

    def __init__(self, network: nn.Module, kind: torch.dtype = torch.float64):
        super().__init__()
        self.network, self.kind = network, kind

    def forward(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Constituents (N, P, 3 or 4), mask (N, P) → the network's output, (N, n_classes)."""
        check_particles(self, constituents, mask, (3, 4), "constituents", any_precision=True)
        if constituents.shape[-1] == 4:
            refuse_negative_masses(constituents[..., 3].where(mask, 0))
        return self.network(four_vectors(constituents.double()).to(self.kind), mask)


def four_vectors(constituents: Tensor) -> Tensor:
    """Four-vectors (..., 4), (E, px, py, pz) [GeV], of pT [GeV], eta, phi and mass [GeV] (..., 4).

    Without the fourth column, (..., 3), particles are massless.
    """
    pt, eta, phi, *mass = constituents.unbind(-1)
    energy = pt * eta.cosh()
    if mass:
        energy = torch.hypot(energy, mass[0])
    return torch.stack([energy, pt * phi.cos(), pt * phi.sin(), pt * eta.sinh()], -1)
