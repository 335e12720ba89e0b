"""The normalised autoencoder: the reconstruction error becomes an energy, with its normalisation.

S. Yoon, Y.-K. Noh, F. Park, "Autoencoding Under Normalization Constraints", ICML 2021,
arXiv:2105.05735; B. Dillon, L. Favaro, T. Plehn, P. Sorrenson, M. Krämer, "A Normalized
Autoencoder for LHC Triggers", arXiv:2206.14225.

E(x) = |x - d(e(x))|² / D is read as an energy: p(x) = exp(-E(x) / T) / Z. The gradient of the
likelihood has two terms,

    ∇ <-log p>_data = < ∇E >_data / T - < ∇E >_p / T:

lower the error of background, raise it wherever the network reconstructs well what is no
background. Points x⁻ of p come from two Langevin chains: one in the latent space, where the
energy of z is E(d(z)), so that it starts on what the decoder can make, then one among the x.

Assumption: the chains are long enough to find every region of low energy. They are not in
hundreds of dimensions; regions that no chain visits keep the error of a plain autoencoder. One
notices by the energies: E of the samples below E of the data says that the network still
reconstructs something else better; far above, that the chains are lost or the training diverges
(`energies`). The signal-free check is to compare samples (`sample`) with background. In a plane the
method does what it promises (see its test). On jet images a minute on one core moves the score of
QCD jets among tops only a little; the papers train far longer.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from hepml_lite import training
from hepml_lite.anomaly_detection.outliers.autoencoder import EncoderDecoder
from hepml_lite.anomaly_detection.outliers.detector import OutlierDetector
from hepml_lite.anomaly_detection.outliers.langevin import langevin
from hepml_lite.densities.network_density import LARGEST_SEED, TrainingPlan
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


class EnergyNetwork(EncoderDecoder):
    """An autoencoder whose latent points lie on the unit sphere, which no chain can leave."""

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction (N, D) of x (N, D)."""
        return self.decoder(on_sphere(self.encoder(x)))

    def energy(self, x: Tensor) -> Tensor:
        """Mean squared error of the reconstruction, (N,)."""
        return (self(x) - x).square().mean(1)


@dataclass(frozen=True)
class Chains:
    """How points of the model are drawn.

    Attributes:
        latent_steps: steps of the chain on the sphere.
        latent_step: size of each.
        latent_cooling: temperature of its noise; far below one a chain looks for the regions of
            low energy, which is what the training has to fill.
        steps: of the chain among the x.
        step: size of each, over D: E is a mean over D numbers, so that its gradient falls as 1 / D.
        cooling: temperature of its noise.
        restart: share of the latent chains that start anew in each batch.
        memory: latent points that are kept from batch to batch.
    """

    latent_steps: int = 10
    latent_step: float = 0.1
    latent_cooling: float = 0.025
    steps: int = 10
    step: float = 0.05
    cooling: float = 1e-4
    restart: float = 0.05
    memory: int = 2000


def on_sphere(z: Tensor) -> Tensor:
    """Points (N, L) on the unit sphere."""
    return normalize(z, dim=1)


def of_unit_momentum(images: Tensor) -> Tensor:
    """Images (N, D) of `inputs.jet_images` that have no negative pixel and a mean square of one.

    With the square root of the momentum fraction in each pixel, the mean square is the sum of the
    fractions. Without this the chains find faint images, which no jet has.
    """
    return normalize(images.clamp(min=0), dim=1) * math.sqrt(images.shape[1])


def random_on_sphere(n: int, n_latent: int) -> Tensor:
    """Uniform points (n, n_latent) on the unit sphere, from torch's global generator."""
    return on_sphere(torch.randn(n, n_latent))


def energy_difference(of_data: Tensor, of_model: Tensor, temperature: float) -> Tensor:
    """What has the gradient of <-log p>_data: (<E>_data - <E>_model) / T, of energies (N,)."""
    return (of_data.mean() - of_model.mean()) / temperature


@dataclass(kw_only=True)
class NormalisedAutoencoder(OutlierDetector):
    """An autoencoder that is trained as an energy-based model, after a usual training.

    Attributes:
        n_latent: L of the sphere in L dimensions.
        hidden: hidden layers of the encoder, mirrored in the decoder.
        temperature: T.
        penalty: γ of the term γ (<E²>_data + <E²>_model), which keeps energies finite.
        chains: how points of the model are drawn.
        normalising: the second training; `plan` is that of the autoencoder before it.
        keep: puts points x (N, D) of the chains back where events can be, as `of_unit_momentum`
            does for images; None: events can be everywhere.
        energies: (epochs, 2) mean E of data and of samples in each epoch, after `fit`.
    """

    n_latent: int = 3
    hidden: tuple[int, ...] = (128, 64)
    temperature: float = 0.1
    penalty: float = 3.0
    chains: Chains = field(default_factory=Chains)
    normalising: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=4, batch_size=64, learning_rate=3e-4, progress=False
        )
    )
    keep: Callable[[Tensor], Tensor] | None = None
    energies: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)), init=False, repr=False)

    def __post_init__(self):
        checked_number("temperature", self.temperature, 0, ends="()", example="0.1")
        checked_number("penalty", self.penalty, 0, example="3.0")
        self.n_latent = checked_count(
            "n_latent", self.n_latent, 2, "a sphere of one dimension has two points"
        )

    def make_network(self, n_features: int) -> nn.Module:
        """Encoder to the sphere, and decoder."""
        return EnergyNetwork(n_features, self.n_latent, self.hidden)

    def loss_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """E of each row, (N,): the loss of the first training."""
        return cast(EnergyNetwork, network).energy(z)

    def score_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """E of each row, (N,): -log p up to a factor and a constant."""
        return self.loss_of_rows(network, z)

    def sample(self, n: int, n_steps: int = 100, rng: Seed = 0) -> np.ndarray:
        """Points (n, D) of the model in scaled variables, from latent chains of `n_steps`."""
        network = cast(EnergyNetwork, self.fitted_network())
        seed = int(checked_rng(rng).integers(LARGEST_SEED))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            start = random_on_sphere(checked_count("n", n), self.n_latent)
            return self._points(network, self._latent_chain(network, start, n_steps)).numpy()

    def _train(self, learned: Tensor, held_out: Tensor, seed: int) -> None:
        super()._train(learned, held_out, seed)
        memory = _Memory(self.chains.memory, self.n_latent, seed)
        seen: list[tuple[float, float]] = []

        def loss(network: nn.Module, x: Tensor) -> Tensor:
            energies = cast(EnergyNetwork, network)
            start = memory.draw(len(x), self.chains.restart)
            latent = self._latent_chain(energies, start, self.chains.latent_steps)
            memory.keep(latent)
            of_model = energies.energy(self._points(energies, latent))
            of_data = energies.energy(x)
            seen.append((of_data.mean().item(), of_model.mean().item()))
            size = of_data.square().mean() + of_model.square().mean()
            return energy_difference(of_data, of_model, self.temperature) + self.penalty * size

        training.fit(
            self.fitted_network(),
            (learned,),
            loss,
            epochs=self.normalising.epochs,
            batch_size=self.normalising.batch_size,
            learning_rate=self.normalising.learning_rate,
            schedule=training.cosine,
            callbacks=self.callbacks,
            seed=seed,
            device=self.normalising.device,
            progress=self.normalising.progress,
        )
        self.energies = _mean_of_epochs(np.array(seen), self.normalising.epochs)

    def _latent_chain(self, network: EnergyNetwork, start: Tensor, n_steps: int) -> Tensor:
        """Latent points (N, L) with low E(d(z))."""
        chosen = self.chains
        potential = self._potential(lambda z: network.energy(network.decoder(z)))
        step = chosen.latent_step
        return langevin(potential, start, n_steps, step, chosen.latent_cooling, on_sphere)

    def _points(self, network: EnergyNetwork, latent: Tensor) -> Tensor:
        """Points x (N, D) of the second chain, which starts from the decoder."""
        chosen = self.chains
        start = self._allowed(network.decoder(latent).detach())
        potential = self._potential(network.energy)
        step = chosen.step * start.shape[1]
        return langevin(potential, start, chosen.steps, step, chosen.cooling, self._allowed)

    def _potential(self, energy: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: energy(x) / self.temperature

    def _allowed(self, x: Tensor) -> Tensor:
        return x if self.keep is None else self.keep(x)


class _Memory:
    """The last latent points, from which the chains of the next batch go on."""

    def __init__(self, size: int, n_latent: int, seed: int):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.points = random_on_sphere(size, n_latent)
        self.places = torch.zeros(0, dtype=torch.long)

    def draw(self, n: int, restart: float) -> Tensor:
        """n points (n, L), of which this share is new."""
        self.places = torch.randint(len(self.points), (n,))
        old = self.points[self.places]
        is_new = torch.rand(n, 1) < restart
        return torch.where(is_new, random_on_sphere(n, old.shape[1]), old)

    def keep(self, latent: Tensor) -> None:
        """Put the points (n, L) back to where they were drawn."""
        self.points[self.places] = latent


def _mean_of_epochs(energies: np.ndarray, epochs: int) -> np.ndarray:
    """Means (epochs, 2) of energies (batches, 2)."""
    return np.stack([part.mean(0) for part in np.array_split(energies, epochs)])
