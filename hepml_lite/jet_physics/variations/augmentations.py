"""Augmentations: random changes of jets that keep the class of a jet, and some that do not.

The first four are those of JetCLR (B. M. Dillon et al., arXiv:2108.04253). The last two change the
physics: they make negatives in the sense of AnomalyCLR (B. M. Dillon et al., arXiv:2301.04660).
Each maps (jets, mask) to (jets, mask); inputs do not change, and padding stays zero. Jets are
tensors (N, P, 3) of pT / pT_jet, eta - eta_jet, phi - phi_jet [rad], masks (N, P), True where real.
Particles are massless, as in the papers. Random numbers come from `generator`, or from torch's
global generator.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from hepml_lite.containers.jets import Jets, require_jets

Generator = torch.Generator | None
Augmentation = Callable[[Tensor, Tensor, Generator], tuple[Tensor, Tensor]]

SOFT_SCALE = 0.1 / 600  # Λ_soft = 100 MeV (arXiv:2108.04253), of jets of 600 GeV
LOG_SHARE = (-4.1, 1.2)  # typical mean and spread of ln(pT / pT_jet) of a particle
ANGLE = 0.22  # typical angle between a particle and the jet axis in one direction [rad]


def relative_particles(jets: Jets, n: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """The n leading particles relative to their sum: (N, n, 3) as in the module, mask (N, n)."""
    require_jets(jets)
    leading = jets.truncate(n)
    return leading.relative(), leading.mask.copy()


def scaled(jets: Tensor, mask: Tensor) -> Tensor:
    """Features of order one for a network: ln(pT share) and both angles; padding stays zero."""
    share = torch.where(mask, jets[..., 0], 1).clamp(min=1e-9)  # no logarithm of padding
    mean, spread = LOG_SHARE
    features = torch.stack([(share.log() - mean) / spread, *(jets[..., 1:] / ANGLE).unbind(-1)], -1)
    return _clean(features, mask)  # (N, P, 3)


def unscaled(features: Tensor, mask: Tensor) -> Tensor:
    """The inverse of `scaled`: jets (N, P, 3) from features of order one."""
    mean, spread = LOG_SHARE
    share = (features[..., 0] * spread + mean).exp()
    return _clean(torch.stack([share, *(features[..., 1:] * ANGLE).unbind(-1)], -1), mask)


def rotate(jets: Tensor, mask: Tensor, generator: Generator = None) -> tuple[Tensor, Tensor]:
    """Turn each jet about its axis by a random angle: no direction around the axis is special."""
    angle = 2 * math.pi * _uniform(jets, (len(jets), 1), generator)
    cos = angle.cos()
    sin = angle.sin()
    share, eta, phi = jets.unbind(-1)
    return torch.stack([share, cos * eta - sin * phi, sin * eta + cos * phi], -1), mask


def translate(
    jets: Tensor, mask: Tensor, generator: Generator = None, reach: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Move each jet in eta and phi by up to `reach` times its extent in that direction."""
    angles = jets[..., 1:]
    real = mask.unsqueeze(-1)
    low = torch.where(real, angles, math.inf).amin(1)
    high = torch.where(real, angles, -math.inf).amax(1)  # (N, 2)
    extent = torch.where(mask.any(1, keepdim=True), high - low, 0)
    shift = reach * extent * (2 * _uniform(jets, (len(jets), 2), generator) - 1)
    return _clean(_moved(jets, shift.unsqueeze(1)), mask), mask


def smear_soft(
    jets: Tensor, mask: Tensor, generator: Generator = None, scale: float = SOFT_SCALE
) -> tuple[Tensor, Tensor]:
    """Smear both angles by N(0, Λ_soft / pT), as JetCLR does: soft particles move most.

    `scale` is Λ_soft / pT_jet. Particles softer than Λ_soft are smeared by 1 rad.
    """
    width = scale / torch.where(mask, jets[..., 0], 1).clamp(min=scale)  # (N, P)
    noise = torch.randn((*mask.shape, 2), generator=generator, device=jets.device, dtype=jets.dtype)
    return _clean(_moved(jets, width.unsqueeze(-1) * noise), mask), mask


def split_collinear(
    jets: Tensor, mask: Tensor, generator: Generator = None, n: int = 5
) -> tuple[Tensor, Tensor]:
    """Split up to n particles of each jet in two of the same direction, at a random share of pT.

    Returns (N, P + n, 3) and (N, P + n): the new particles come after the others. In a jet of fewer
    than n particles each particle is split once.
    """
    n = min(n, mask.shape[1])
    lot = _uniform(jets, mask.shape, generator).masked_fill(~mask, -1)
    chosen = lot.topk(n, dim=1).indices  # (N, n) slots to split, real particles before padding
    is_real = mask.gather(1, chosen)
    twins = jets.gather(1, chosen.unsqueeze(-1).expand(-1, -1, 3))  # (N, n, 3)
    taken = _uniform(jets, chosen.shape, generator) * twins[..., 0]
    share = jets[..., 0].scatter_add(1, chosen, -taken)
    old = torch.cat([share.unsqueeze(-1), jets[..., 1:]], -1)
    new = torch.cat([taken.unsqueeze(-1), twins[..., 1:]], -1)
    return torch.cat([old, new], 1), torch.cat([mask, is_real], 1)


def drop_particles(
    jets: Tensor, mask: Tensor, generator: Generator = None, share: float = 0.3
) -> tuple[Tensor, Tensor]:
    """Anomalous: drop particles with this probability, never all; the rest keeps the sum of pT."""
    lot = _uniform(jets, mask.shape, generator)
    hardest = torch.where(mask, jets[..., 0], -1).argmax(1, keepdim=True)
    lot = lot.scatter(1, hardest, 1)
    kept = mask & (lot >= share)
    lost = jets[..., 0].sum(1) / torch.where(kept, jets[..., 0], 0).sum(1).clamp(min=1e-9)
    factor = torch.stack([lost, torch.ones_like(lost), torch.ones_like(lost)], -1)
    return _clean(jets * factor.unsqueeze(1), kept), kept


def widen(
    jets: Tensor, mask: Tensor, generator: Generator = None, factor: float = 2.0
) -> tuple[Tensor, Tensor]:
    """Anomalous: stretch or shrink all angles, and with them the mass, by up to `factor`."""
    exponent = 2 * _uniform(jets, (len(jets), 1, 1), generator) - 1
    stretch = torch.exp(math.log(factor) * exponent).expand(-1, 1, 2)
    return jets * torch.cat([torch.ones_like(stretch[..., :1]), stretch], -1), mask


JETCLR: Sequence[Augmentation] = (rotate, translate, smear_soft, split_collinear)
# For jets that are centred already a network need not learn translations.
CENTRED: Sequence[Augmentation] = (rotate, smear_soft, split_collinear)


def augment(
    jets: Tensor,
    mask: Tensor,
    steps: Sequence[Augmentation] = JETCLR,
    generator: Generator = None,
) -> tuple[Tensor, Tensor]:
    """Jets and mask after all augmentations in turn; default: all four of JetCLR."""
    for step in steps:
        jets, mask = step(jets, mask, generator)
    return jets, mask


def _moved(jets: Tensor, shift: Tensor) -> Tensor:
    """Jets (N, P, 3) with a shift (N, P or 1, 2) added to the angles."""
    return torch.cat([jets[..., :1], jets[..., 1:] + shift], -1)


def _uniform(jets: Tensor, shape: Sequence[int], generator: Generator) -> Tensor:
    return torch.rand(tuple(shape), generator=generator, device=jets.device, dtype=jets.dtype)


def _clean(x: Tensor, mask: Tensor) -> Tensor:
    """Particles (N, P, F) with zeros in the padding."""
    return torch.where(mask.unsqueeze(-1), x, 0)
