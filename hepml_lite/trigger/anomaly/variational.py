"""A variational autoencoder for a trigger, and the four scores of one training.

E. Govorkova et al., arXiv:2108.03986 (autoencoders at 40 MHz); D. P. Kingma, M. Welling,
arXiv:1312.6114. Sizes are those of AXOL1TL: 57 inputs, 28 and 15 hidden nodes, 8 latent variables.

The encoder gives a Gaussian N(mu, sigma^2) for each event, the decoder an event for each latent
point. The loss is (1 - beta) times the squared error plus beta times the divergence from N(0, 1),
each a mean over its numbers. The divergence pulls ordinary events to mu = 0: then the sum of mu^2
says how strange an event is, and the chip needs no decoder and no sigma. This works only if beta is
large enough: with a small beta each event has a place of its own, and mu says nothing.

Crossings come as they come, and nearly all are empty. In the loss each event counts by a power of
its rate: 1 is what a zero-bias trigger records, 0 is the composition of the sample, 1/2 lies
between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_number
from hepml_lite.trigger.emulation.integer_network import SIZES
from hepml_lite.trigger.inputs import N_INPUTS, InputScaling
from hepml_lite.trigger.pieces import ROWS_AT_ONCE, in_pieces
from hepml_lite.trigger.quantities import checked_events

LARGEST_LOG_VARIANCE = 10.0  # either way: keeps exp finite far away from the training
DECODER = (24, 32)  # hidden nodes


class FloatEncoder(nn.Module):
    """57 inputs to 8 means in floating point, the network before it is quantised."""

    def __init__(self, sizes: Sequence[int] = SIZES) -> None:
        super().__init__()
        n_in, first, second, n_out = sizes
        self.layers = nn.Sequential(
            nn.Sequential(nn.Linear(n_in, first), nn.ReLU()),
            nn.Sequential(nn.Linear(first, second), nn.ReLU()),
            nn.Linear(second, n_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, 57) inputs -> (N, 8) means."""
        means: Tensor = self.layers(x)
        return means

    def weights(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights (n_in, n_out) and biases (n_out,) of the three layers, for `axol1tl_like`."""
        linear = [module for module in self.modules() if isinstance(module, nn.Linear)]
        weights = [layer.weight.detach().cpu().double().numpy().T for layer in linear]
        biases = [layer.bias.detach().cpu().double().numpy() for layer in linear]
        return weights, biases


class VariationalNetwork(nn.Module):
    """Encoder, log variances and decoder; only the encoder goes to the chip."""

    def __init__(self, encoder: FloatEncoder, sizes: Sequence[int] = SIZES):
        super().__init__()
        n_in, _, second, n_latent = sizes
        self.encoder = encoder
        self.log_variances = nn.Linear(second, n_latent)
        self.decoder = MLP((n_latent, *DECODER, n_in))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log variances, each (N, 8), of inputs (N, 57)."""
        hidden = self.encoder.layers[:2](x)
        means = self.encoder.layers[2](hidden)
        bound = LARGEST_LOG_VARIANCE
        return means, self.log_variances(hidden).clamp(-bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Means, log variances and the reconstruction from the means, (N, 8 + 8 + 57)."""
        means, log_variances = self.posterior(x)
        return torch.cat([means, log_variances, self.decoder(means)], dim=1)

    def loss(self, x: Tensor, beta: float) -> Tensor:
        """The loss of each event, (N,), with one latent point drawn for each."""
        means, log_variances = self.posterior(x)
        latent = means + (log_variances / 2).exp() * torch.randn_like(means)
        error = (self.decoder(latent) - x).square().mean(dim=1)
        divergence = (means.square() + log_variances.exp() - 1 - log_variances).mean(dim=1) / 2
        return (1 - beta) * error + beta * divergence


class Scores(NamedTuple):
    """Four scores of each event, each (N,); the larger, the stranger.

    Attributes:
        reconstruction: mean squared error; needs encoder and decoder.
        kl: divergence of N(mu, sigma^2) from N(0, 1), in nats; needs mu and sigma.
        r_z: sum of mu^2 / sigma^2; needs mu and sigma.
        squared_means: sum of mu^2; needs mu alone, which is what the chip computes.
    """

    reconstruction: np.ndarray
    kl: np.ndarray
    r_z: np.ndarray
    squared_means: np.ndarray


@dataclass(frozen=True)
class VariationalTrigger:
    """A trained network with the scaling of its inputs."""

    network: VariationalNetwork
    scaling: InputScaling
    history: training.History

    def scores(self, events: TriggerEvents) -> Scores:
        """All four scores of events."""
        checked_events(events)
        return Scores(*in_pieces(self._columns, events).T)

    def _columns(self, events: TriggerEvents) -> np.ndarray:
        """The four scores as columns, (N, 4)."""
        x = self.scaling(events)
        out = training.predict(self.network, (x,), ROWS_AT_ONCE).astype(float)
        n_latent = (out.shape[1] - N_INPUTS) // 2
        means, log_variances, reconstruction = np.split(out, [n_latent, 2 * n_latent], axis=1)
        squares = means**2
        scores = Scores(
            reconstruction=np.mean((reconstruction - x) ** 2, axis=1),
            kl=np.sum(squares + np.exp(log_variances) - 1 - log_variances, axis=1) / 2,
            r_z=np.sum(squares / np.exp(log_variances), axis=1),
            squared_means=np.sum(squares, axis=1),
        )
        return np.column_stack(scores)


def train_variational(
    background: TriggerEvents,
    *,
    beta: float = 0.5,
    rate_power: float = 0.5,
    epochs: int = 10,
    batch_size: int = 512,
    learning_rate: float = 2e-3,
    callbacks: Sequence[training.Callback] = (),
    seed: int = 0,
) -> VariationalTrigger:
    """Train on background events, with offsets and shifts of the inputs learned from them.

    Args:
        background: with weights [Hz].
        beta: share of the divergence in the loss, 0 to 1.
        rate_power: the power of its rate with which an event counts.
        epochs, batch_size, learning_rate, callbacks, seed: of the training.

    Raises:
        TypeError: for anything but `TriggerEvents`.
        ValueError: without weights, or for a beta or a power outside 0 to 1.
    """
    checked_number("beta", beta, 0, 1, "[]", "0.5")
    scaling = InputScaling.of_background(background)
    importance = importance_of(background, rate_power)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = VariationalNetwork(FloatEncoder())

    def loss(_: nn.Module, x: Tensor, weight: Tensor) -> Tensor:
        return (weight * network.loss(x, beta)).mean()

    history = training.fit(
        network,
        (scaling(background), importance),
        loss,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=training.cosine,
        callbacks=callbacks,
        seed=seed,
        progress=False,
    )
    return VariationalTrigger(network, scaling, history)


def importance_of(background: TriggerEvents, rate_power: float) -> np.ndarray:
    """How much each event counts in a loss, (N,) float32 of mean one: a power of its rate.

    Raises:
        ValueError: without weights, or for a power outside 0 to 1.
    """
    checked_number("rate_power", rate_power, 0, 1, "[]", "0.5")
    weight = checked_events(background).weight
    if weight is None or not weight.sum() > 0:
        raise ValueError(
            "background has no weights, or only zeros: give events of load('trigger_objects')"
        )
    importance = weight**rate_power
    return (importance / importance.mean()).astype(np.float32)
