"""Tokenisation: each particle becomes one word of a learned codebook, as a language model needs.

A vector-quantised autoencoder: A. van den Oord et al., "Neural Discrete Representation Learning",
arXiv:1711.00937; of particles as in OmniJet-α, J. Birk et al., arXiv:2403.05618.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear, mse_loss

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations.augmentations import relative_particles, scaled, unscaled
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import clean
from hepml_lite.networks.transformer import TransformerEncoder
from hepml_lite.statistics.intervals import central_interval
from hepml_lite.training import cosine, fit
from hepml_lite.training.history import History

PADDING = -1  # the token of a slot without particle
CHUNK = 1_000  # jets at a time


class Codebook(nn.Module):
    """K points in a latent space; a vector's token is the nearest. They follow what they are given.

    Each point is the running mean of the vectors that chose it (appendix A.1 of arXiv:1711.00937).
    A point that nobody chooses any more moves onto a random vector of the batch.

    Args:
        n_codes: K.
        n_latent: dimension of the space.
        decay: how much of the running mean a step keeps.
        alive: a point is dead below this fraction of the mean number of vectors a point.
    """

    codes: Tensor  # (K, L)
    counts: Tensor  # (K,) running mean of how many vectors chose a code
    sums: Tensor  # (K, L) running mean of the sum of these vectors

    def __init__(self, n_codes: int, n_latent: int, decay: float = 0.95, alive: float = 0.03):
        super().__init__()
        self.decay = decay
        self.alive = alive
        self.register_buffer("codes", torch.zeros(n_codes, n_latent))
        self.register_buffer("counts", torch.zeros(n_codes))  # running, of vectors a code
        self.register_buffer("sums", torch.zeros(n_codes, n_latent))  # running, of the vectors

    def nearest(self, z: Tensor) -> Tensor:
        """Tokens of vectors (..., L) → (...) int."""
        scores = linear(z, self.codes, -0.5 * self.codes.square().sum(1))  # |z - c|² but for |z|²
        return scores.argmax(-1)

    @torch.no_grad()
    def follow(self, z: Tensor) -> None:
        """Move the codes after vectors (M, L) of a training step; the first step places them."""
        z = z.to(self.codes.dtype)  # means in full precision, whatever the networks compute in
        if not self.counts.any():
            self._revive(torch.ones_like(self.counts, dtype=torch.bool), z)
        tokens = self.nearest(z)
        count = torch.bincount(tokens, minlength=len(self.codes)).to(z.dtype)  # (K,)
        total = torch.zeros_like(self.sums).index_add(0, tokens, z)
        self.counts.lerp_(count, 1 - self.decay)
        self.sums.lerp_(total, 1 - self.decay)
        self._revive(self.counts < self.alive * self.counts.mean(), z)
        self.codes.copy_(self.sums / self.counts.unsqueeze(1))

    def _revive(self, dead: Tensor, z: Tensor) -> None:
        drawn = z[torch.randint(len(z), (len(self.codes),), device=z.device)]
        self.counts[dead] = max(1.0, float(self.counts.mean()))
        self.sums[dead] = drawn[dead] * self.counts[dead].unsqueeze(1)
        self.codes[dead] = drawn[dead]


class VectorQuantisedAutoencoder(nn.Module):
    """Particles → latent vectors → nearest codes → particles.

    Args:
        n_codes: size of the codebook.
        n_latent: dimension of the latent space.
        context: look at the whole jet in both directions (a transformer, "conditional tokens"),
            or at each particle alone (an MLP).
        width: of the networks.
    """

    def __init__(self, n_codes: int, n_latent: int = 4, context: bool = False, width: int = 64):
        super().__init__()
        network: type[_InContext] | type[_Alone] = _InContext if context else _Alone
        self.encoder = network(3, width, n_latent)
        self.decoder = network(n_latent, width, 3)
        self.codebook = Codebook(n_codes, n_latent)

    def encode(self, jets: Tensor, mask: Tensor) -> Tensor:
        """Tokens (N, P) of relative particles (N, P, 3), `PADDING` where the mask is false."""
        tokens = self.codebook.nearest(self.encoder(scaled(jets, mask), mask))
        return tokens.masked_fill(~mask, PADDING)

    def decode(self, tokens: Tensor) -> Tensor:
        """Relative particles (N, P, 3) of tokens (N, P); zero where a token is `PADDING`."""
        mask = tokens != PADDING
        return unscaled(self.decoder(self.codebook.codes[tokens.clamp(min=0)], mask), mask)


def quantised_loss(commitment: float = 0.25) -> Callable[..., Tensor]:
    """A loss for `fit` on (jets, mask): eq. 3 of arXiv:1711.00937, averaged over particles.

    Squared error of the features of order one, and β times the distance of the latent vectors
    from their codes; the codes themselves move in `Codebook.follow`.
    """

    def loss(model: VectorQuantisedAutoencoder, jets: Tensor, mask: Tensor) -> Tensor:
        features = scaled(jets, mask)
        z = model.encoder(features, mask)
        if model.training:
            model.codebook.follow(z.detach()[mask])
        code = model.codebook.codes[model.codebook.nearest(z)]
        passed = z + (code - z).detach()  # straight through: the gradient goes past the choice
        error = mse_loss(model.decoder(passed, mask)[mask], features[mask])
        return error + commitment * mse_loss(z[mask], code[mask])

    return loss


class Resolution(NamedTuple):
    """Half the width of the central 68 % of reconstructed minus true, over all particles."""

    pt: float  # relative
    eta: float
    phi: float  # [rad]


class Tokeniser:
    """Particles to integers and back.

    Args:
        n_codes: size K of the codebook.
        n_particles: the hardest particles of a jet, which are tokenised.
        context: tokens that depend on the other particles; see `VectorQuantisedAutoencoder`.
        seed: of the weights and of the training.
        sizes: n_latent, width of the autoencoder.
    """

    def __init__(
        self, n_codes: int = 512, n_particles: int = 30, context: bool = False, seed: int = 0,
        **sizes: int,
    ):  # fmt: skip
        if n_codes < 2 or n_particles < 1:
            raise ValueError(
                f"n_codes={n_codes}, n_particles={n_particles}: give 2 codes and 1 particle or more"
            )
        self.n_codes, self.n_particles, self.seed = n_codes, n_particles, seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = VectorQuantisedAutoencoder(n_codes, context=context, **sizes).eval()

    def fit(self, jets: Jets, **settings: Any) -> History:
        """Learn codebook and autoencoder, without labels; `settings` go to `training.fit`."""
        data = relative_particles(jets, self.n_particles)
        chosen: dict[str, Any] = {
            "epochs": 5,
            "batch_size": 128,
            "schedule": cosine,
            "learning_rate": 2e-3,
        }
        return fit(self.model, data, quantised_loss(), seed=self.seed, **(chosen | settings))

    @torch.no_grad()
    def encode(self, jets: Jets) -> np.ndarray:
        """Tokens (N, P) int64 in [0, n_codes) of the leading particles; -1 where there is none.

        Raises:
            ValueError: the codebook is empty, since `fit` was not called.
        """
        if not self.model.codebook.counts.any():
            raise ValueError("this tokeniser has no codebook yet: call fit(jets) first.")
        arrays = relative_particles(jets, self.n_particles)
        chunks = zip(*(torch.tensor(a).split(CHUNK) for a in arrays), strict=True)
        return torch.cat([self.model.encode(*chunk) for chunk in chunks]).numpy()

    @torch.no_grad()
    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """Particles (N, P, 3) of tokens (N, P): pT / pT_jet, eta and phi from the jet's [rad].

        Raises:
            ValueError: a token outside the codebook.
        """
        tokens = torch.as_tensor(tokens)
        if tokens.numel() and not -1 <= int(tokens.min()) <= int(tokens.max()) < self.n_codes:
            raise ValueError(
                f"tokens from {int(tokens.min())} to {int(tokens.max())}: this codebook knows 0 to "
                f"{self.n_codes - 1}, and -1 for padding."
            )
        return torch.cat([self.model.decode(chunk) for chunk in tokens.split(CHUNK)]).numpy()

    def resolution(self, jets: Jets) -> Resolution:
        """What a particle loses on the way to its token and back."""
        true, mask = relative_particles(jets, self.n_particles)
        found = self.decode(self.encode(jets))[mask]
        true = true[mask]  # (M, 3)
        found[:, 0], true[:, 0] = found[:, 0] / true[:, 0], 1
        low, high = central_interval(found - true)
        return Resolution(*((high - low) / 2).tolist())


def codebook_usage(tokens: np.ndarray, n_codes: int) -> tuple[float, float]:
    """Share of the codes used at all, and their perplexity: the number of evenly used codes."""
    share = np.bincount(tokens[tokens != PADDING], minlength=n_codes) / (tokens != PADDING).sum()
    used = share[share > 0]
    return len(used) / n_codes, float(np.exp(-(used * np.log(used)).sum()))


class _Alone(nn.Module):
    """One particle at a time."""

    def __init__(self, n_inputs: int, width: int, n_outputs: int):
        super().__init__()
        self.mlp = MLP((n_inputs, width, width, n_outputs), nn.GELU)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.mlp(clean(x, mask))


class _InContext(nn.Module):
    """Each particle in the light of its jet."""

    def __init__(self, n_inputs: int, width: int, n_outputs: int):
        super().__init__()
        self.encoder = TransformerEncoder(n_inputs, width)
        self.out = nn.Linear(width, n_outputs)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.out(self.encoder(x, mask))
