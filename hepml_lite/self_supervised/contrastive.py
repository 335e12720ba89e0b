"""Contrastive learning: two augmented views of one jet lie close together, all others far away.

JetCLR, B. M. Dillon et al., "Symmetries, Safety, and Self-Supervision", arXiv:2108.04253, after
SimCLR, T. Chen et al., arXiv:2002.05709. It uses no labels.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations.augmentations import (
    CENTRED,
    Augmentation,
    augment,
    relative_particles,
    scaled,
)
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.training import cosine, fit, predict
from hepml_lite.training.history import History

if TYPE_CHECKING:
    from hepml_lite.self_supervised.masked_particles import MaskedParticleModel
    from hepml_lite.self_supervised.next_token import NextTokenModel


class ContrastiveEncoder(nn.Module):
    """An encoder of jets to representations (N, D), with a projection head that only the loss uses.

    Args:
        body: maps (features (N, P, 3), mask (N, P)) to (N, D); None: a small Deep Set.
        n_features: D, the size of the output of the body.
        n_projected: dimension of the space of the unit sphere on which the loss compares jets.
        n_particles: number of leading particles that `embed` gives to the body.
    """

    def __init__(
        self,
        body: nn.Module | None = None,
        n_features: int = 128,
        n_projected: int = 32,
        n_particles: int = 30,
    ):
        super().__init__()
        self.n_particles = n_particles
        self.body = body or ParticleFlowNetwork(3, (64, 64, 128), (128,), n_features)
        self.head = MLP((n_features, n_features, n_projected))

    def forward(self, jets: Tensor, mask: Tensor) -> Tensor:
        """Representation (N, D) of jets (N, P, 3), relative to the jet, with mask (N, P)."""
        return self.body(scaled(jets, mask), mask)

    def project(self, jets: Tensor, mask: Tensor) -> Tensor:
        """Points (N, n_projected) on the unit sphere."""
        return normalize(self.head(self(jets, mask)), dim=1)


def nt_xent(
    first: Tensor, second: Tensor, temperature: float = 0.1, negatives: Tensor | None = None
) -> Tensor:
    """Contrastive loss of N pairs of views (N, D), mean over all 2N (eq. 1 of arXiv:2002.05709).

    L_i = -ln[ exp(s(z_i, z_i') / τ) / Σ_{x ≠ z_i} exp(s(z_i, x) / τ) ]. Here s is the cosine of the
    angle between two vectors, z' is the other view of the same jet, and x is any other of the 2N
    vectors or one of further `negatives` (M, D).

    Raises:
        ValueError: fewer than two pairs (there are no negatives then), or a temperature that is not
            positive.
    """
    if first.shape != second.shape or len(first) < 2:
        raise ValueError(
            f"views of shapes {tuple(first.shape)} and {tuple(second.shape)}: give two of (N, D) "
            "with N of 2 or more; is the last batch too small?"
        )
    if not temperature > 0:
        raise ValueError(f"temperature={temperature}: give a positive number, e.g. 0.1.")
    z = normalize(torch.cat([first, second]), dim=1)  # (2N, D)
    others = z if negatives is None else torch.cat([z, normalize(negatives, dim=1)])
    similarity = z @ others.T / temperature  # (2N, 2N + M)
    similarity.fill_diagonal_(-torch.inf)  # no vector is its own neighbour
    partner = torch.arange(len(z), device=z.device).roll(len(first))
    return cross_entropy(similarity, partner)


def contrastive_loss(
    steps: Sequence[Augmentation] = CENTRED,
    temperature: float = 0.2,
    anomalous: Sequence[Augmentation] = (),
) -> Callable[..., Tensor]:
    """A loss for `fit`: NT-Xent between two views of each jet of the batch (jets, mask).

    `anomalous` augmentations make additional negatives: the representation learns to separate jets
    from jets that were changed in this way (the idea of AnomalyCLR, arXiv:2301.04660).
    """

    def loss(model: ContrastiveEncoder, jets: Tensor, mask: Tensor) -> Tensor:
        if len(jets) < 2:  # a last batch of one jet has no negatives
            return 0 * model.project(jets, mask).sum()
        one = model.project(*augment(jets, mask, steps))
        other = model.project(*augment(jets, mask, steps))
        negatives = model.project(*augment(jets, mask, anomalous)) if anomalous else None
        return nt_xent(one, other, temperature, negatives)

    return loss


def train_contrastive(
    jets: Jets,
    n_particles: int = 30,
    steps: Sequence[Augmentation] = CENTRED,
    temperature: float = 0.2,
    anomalous: Sequence[Augmentation] = (),
    body: nn.Module | None = None,
    n_features: int = 128,
    seed: int = 0,
    **settings: Any,
) -> tuple[ContrastiveEncoder, History]:
    """Train an encoder without labels on the `n_particles` leading particles of each jet.

    Args:
        jets: training jets; labels are not used.
        n_particles: number of leading particles of each jet.
        steps: augmentations, applied in this order to make each view.
        temperature: τ of `nt_xent`.
        anomalous: augmentations that make negatives; see `contrastive_loss`.
        body: see `ContrastiveEncoder`.
        n_features: dimension D of the representation.
        seed: of the weights and of the training.
        settings: given to `hepml_lite.training.fit`, e.g. epochs, batch_size, callbacks.
    """
    data = relative_particles(jets, n_particles)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ContrastiveEncoder(body, n_features, n_particles=n_particles)
    chosen: dict[str, Any] = {"epochs": 10, "batch_size": 256}
    chosen |= {"schedule": cosine, "learning_rate": 2e-3} | settings
    loss = contrastive_loss(steps, temperature, anomalous)
    return model, fit(model, data, loss, seed=seed, **chosen)


def embed(
    encoder: "ContrastiveEncoder | MaskedParticleModel | NextTokenModel",
    jets: Jets,
    **settings: Any,
) -> np.ndarray:
    """Representation (N, D) of jets, from their leading particles relative to the jet.

    The encoder maps (jets (N, P, 3), mask (N, P)) to (N, D) and has `n_particles`; a
    `MaskedParticleModel` and a `NextTokenModel` do, too. `settings` go to `predict`. If particles
    of equal pT compete for the last place, their order in `jets` decides.
    """
    return predict(encoder, relative_particles(jets, encoder.n_particles), **settings)
