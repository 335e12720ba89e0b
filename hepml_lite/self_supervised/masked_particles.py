"""Masked particle modelling: hide some particles of a jet, predict them from the rest.

T. Golling et al., "Masked Particle Modeling on Sets", arXiv:2401.13537, after BERT. Predicted
are either the three numbers of a particle (regression) or its token of a `Tokeniser`
(classification). No label is read.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, smooth_l1_loss

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations.augmentations import relative_particles, scaled
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import mean_pooled
from hepml_lite.networks.transformer import TransformerEncoder
from hepml_lite.self_supervised.tokenisation import Tokeniser
from hepml_lite.training import cosine, fit
from hepml_lite.training.history import History


class MaskedParticleModel(nn.Module):
    """A transformer that fills gaps; with nothing hidden, it gives the jet's representation.

    The hidden particles of a set would all look the same, so each carries an embedding of its
    rank in pT. Particles that are seen do not: the representation knows no order.

    Args:
        n_particles: most particles a jet may have.
        n_outputs: numbers predicted of a particle: 3, or one a code of the codebook.
        sizes: of the `TransformerEncoder`: width, n_heads, n_layers, …
    """

    def __init__(self, n_particles: int = 30, n_outputs: int = 3, **sizes: Any):
        super().__init__()
        self.n_particles = n_particles
        self.encoder = TransformerEncoder(3, **sizes)
        self.hidden_token = nn.Parameter(0.1 * torch.randn(self.encoder.width))
        self.rank_embedding = nn.Embedding(n_particles, self.encoder.width)
        self.head = MLP((self.encoder.width, self.encoder.width, n_outputs), nn.GELU)

    def forward(self, jets: Tensor, mask: Tensor) -> Tensor:
        """Representation (N, D): mean of the encoded particles (N, P, 3), mask (N, P)."""
        return mean_pooled(self.encoder(scaled(jets, mask), mask), mask)

    def reconstruct(self, jets: Tensor, mask: Tensor, hidden: Tensor) -> Tensor:
        """Prediction for each particle, (N, P, n_outputs), from those that are not `hidden` (N, P).

        Raises:
            ValueError: jets with more slots than the model has ranks for.
        """
        if mask.shape[1] > self.n_particles:
            raise ValueError(
                f"{mask.shape[1]} particles a jet, but the model has {self.n_particles} ranks: "
                "truncate the jets, or build it with a larger n_particles."
            )
        seen = self.encoder.embedding(scaled(jets, mask & ~hidden))  # (N, P, D), no leak
        gap = self.hidden_token + self.rank_embedding(pt_rank(jets, mask))
        return self.head(self.encoder.attend(torch.where(hidden.unsqueeze(-1), gap, seen), mask))


def pt_rank(jets: Tensor, mask: Tensor) -> Tensor:
    """Rank in falling pT of each particle, (N, P) int from 0; padding comes last."""
    pt = torch.where(mask, jets[..., 0], -1)
    return pt.argsort(dim=1, descending=True, stable=True).argsort(dim=1)


def hide(mask: Tensor, share: float = 0.3, generator: torch.Generator | None = None) -> Tensor:
    """Which particles to hide, (N, P) bool: this share of each jet's, at least one and not all.

    A jet of one particle has none to hide.

    Raises:
        ValueError: a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"share={share}: hide a fraction of the particles in (0, 1), e.g. 0.3.")
    lot = torch.rand(mask.shape, generator=generator, device=mask.device)
    place = lot.masked_fill(~mask, 2).argsort(dim=1).argsort(dim=1)  # in any order, padding last
    number = mask.sum(1, keepdim=True)
    hidden = (share * number).round().clamp(min=1).minimum(number - 1)
    return mask & (place < hidden)


def masked_loss(share: float = 0.3) -> Callable[..., Tensor]:
    """A loss for `fit` on (jets, mask), or (jets, mask, tokens): the hidden particles alone.

    Smooth L1 distance to the features of order one, or cross entropy of the tokens (N, P).
    """

    def loss(
        model: MaskedParticleModel, jets: Tensor, mask: Tensor, tokens: Tensor | None = None
    ) -> Tensor:
        hidden = hide(mask, share)
        predicted = model.reconstruct(jets, mask, hidden)[hidden]  # (N, P, …) → (M, …)
        if not len(predicted):  # only jets of one particle: nothing was hidden
            return 0 * model.reconstruct(jets, mask, hidden).sum()
        if tokens is None:
            return smooth_l1_loss(predicted, scaled(jets, mask)[hidden])
        return cross_entropy(predicted, tokens[hidden])

    return loss


def train_masked(
    jets: Jets,
    n_particles: int = 30,
    tokeniser: Tokeniser | None = None,
    share: float = 0.3,
    seed: int = 0,
    sizes: dict[str, int] | None = None,
    **settings: Any,
) -> tuple[MaskedParticleModel, History]:
    """Train without labels on the `n_particles` leading particles of each jet.

    Args:
        jets: what to learn from; labels are not read.
        n_particles: particles a jet, the hardest ones.
        tokeniser: a fitted one: predict tokens instead of numbers.
        share: of the particles to hide.
        seed: of the weights and of the training.
        sizes: of the `TransformerEncoder`.
        settings: handed to `hepml_lite.training.fit`, e.g. epochs, batch_size, callbacks.

    Raises:
        ValueError: a tokeniser of another number of particles, or as `hide` and `fit`.
    """
    if tokeniser is not None and tokeniser.n_particles != n_particles:
        raise ValueError(
            f"n_particles={n_particles}, but the tokeniser reads {tokeniser.n_particles}: give "
            "both the same number."
        )
    data: tuple[np.ndarray, ...] = relative_particles(jets, n_particles)
    n_outputs = 3
    if tokeniser is not None:
        data = (*data, tokeniser.encode(jets))
        n_outputs = tokeniser.n_codes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MaskedParticleModel(n_particles, n_outputs, **(sizes or {}))
    chosen: dict[str, Any] = {"epochs": 5, "batch_size": 128}
    chosen |= {"schedule": cosine, "learning_rate": 2e-3} | settings
    return model, fit(model, data, masked_loss(share), seed=seed, **chosen)
