"""Moments without bins: few numbers of the truth are fitted, instead of its whole spectrum.

Often a theory predicts the mean and the width of a quantity, not its spectrum. Of all truths that
have given moments, the one closest to the simulation (smallest Kullback-Leibler divergence) has
the weights of a Boltzmann factor,

    w(t) = exp(λ₁ t + λ₂ t² + … ) / Z.

The λ are found as in a GAN: a discriminator d learns to tell the measured data from the measured
simulation with these weights, and the λ change until it cannot,

    min_λ max_d  Σ_data log σ(d(m)) + Σ_sim ν₀ w(t) log (1 − σ(d(m))).

K. Desai, B. Nachman, J. Thaler, arXiv:2407.11284. There is no iteration that starts from the prior,
and no regularisation but the number of moments. If the ratio of nature to the simulation is no
such factor, the moments have a bias. Between two Gaussians it is one, with
λ₁ = μ/σ² − μ₀/σ₀² and λ₂ = (1/σ₀² − 1/σ²)/2.

Missed events get weights as all true ones. Fakes keep the weight of the generator.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.densities.change_of_variables import Standardise
from hepml_lite.densities.classifiers import QuadraticMLP
from hepml_lite.densities.rows import features_of_rows
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng
from hepml_lite.unfolding.omnifold import Measurement, measurement, number_of_true
from hepml_lite.unfolding.reweighted import Replica, ReweightedEvents
from hepml_lite.unfolding.simulated_events import SimulatedEvents, as_table

LARGEST_SEED = 2**31


@dataclass
class MomentUnfolding:
    """Unfolding by a Boltzmann factor with few parameters.

    Attributes:
        n_moments: powers of each quantity, 1 … n.
        n_steps: of discriminator and parameters.
        batch_size: data and simulated events in a step, each.
        learning_rate: of both; it falls to zero as a cosine.
        simulation: after `fit`.
        coefficients: λ (D, n) after `unfold`, in units of the quantities.

    >>> MomentUnfolding(n_moments=3).n_steps
    1000
    """

    n_moments: int = 2
    n_steps: int = 1000
    batch_size: int = 1024
    learning_rate: float = 1e-2
    simulation: SimulatedEvents | None = field(default=None, init=False, repr=False)
    coefficients: np.ndarray | None = field(default=None, init=False, repr=False)

    def fit(
        self, simulation: UnfoldingPair | SimulatedEvents, quantities: Sequence[str] | None = None
    ) -> Self:
        """Take the simulation that gets the weights; nothing is learned before the data.

        Raises:
            ValueError: as `SimulatedEvents.from_simulation`.
        """
        self.simulation = SimulatedEvents.from_simulation(simulation, quantities)
        return self

    def unfold(
        self,
        measured: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        n_replicas: int = 0,
        rng: Seed = 0,
    ) -> ReweightedEvents:
        """The simulated events with the weights of the fitted factor.

        Args:
            measured: data (M, E) with the features of the simulation.
            weights: (M,) of the data; they may not be negative.
            n_replicas: repetitions with Poisson weights of all events, for covariances.
            rng: generator or seed.

        Raises:
            ValueError: before `fit`, or for events and weights that do not fit.
        """
        if self.simulation is None:
            raise ValueError("there is no simulation yet: call fit(simulation) before unfold")
        count = checked_count("n_replicas", n_replicas, fewest=0)
        generator = checked_rng(rng)
        self._require_settings()
        data = measurement(measured, weights)
        rows = features_of_rows(as_table(data.events), as_table(self.simulation.measured).shape[1])
        if not len(rows):
            raise ValueError("measured has no events: check the selection")
        if data.weights.min() < 0:
            raise ValueError("weights of the data are negative: events are drawn by them here")
        events = self.simulation
        start = np.where(events.true_ok, events.weights, 0.0)
        fitted, n_true, self.coefficients = self._fitted(events, data, events.weights, generator)
        replicas = []
        for _ in range(count):
            prior = events.weights * generator.poisson(1, len(events))
            of_replica, number, _ = self._fitted(
                events, data.fluctuated(generator), prior, generator
            )
            replicas.append(Replica(of_replica, number))
        return ReweightedEvents(fitted, np.array([start, fitted]), n_true, tuple(replicas))

    def _require_settings(self) -> None:
        for name in ("n_moments", "batch_size"):
            setattr(self, name, checked_count(name, getattr(self, name)))
        checked_number("learning_rate", self.learning_rate, 0, np.inf, "()", "0.01")

    def _fitted(
        self,
        events: SimulatedEvents,
        data: Measurement,
        prior: np.ndarray,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, float, np.ndarray]:
        """Weights (N,) of the true events, their number in the data, and λ (D, n)."""
        true = as_table(events.true)
        centre = np.average(true[events.true_ok], axis=0, weights=prior[events.true_ok])
        width = true[events.true_ok].std(axis=0)
        z = np.where(events.true_ok[:, None], (true - centre) / width, 0.0)
        powers = np.stack([z**a for a in range(1, self.n_moments + 1)], axis=-1)  # (N, D, n)
        slopes = self._slopes(powers, events, data, prior, rng)
        factor = _boltzmann(powers, slopes)
        matched_mean = np.average(factor[events.true_ok], weights=prior[events.true_ok])
        pushed = prior * np.where(events.true_ok, factor / matched_mean, 1.0)
        weights = np.where(events.true_ok, pushed, 0.0)
        number = number_of_true(events, data, np.where(events.measured_ok, pushed, 0.0), weights)
        return weights, number, in_units(slopes, centre, width)

    def _slopes(
        self,
        powers: np.ndarray,
        events: SimulatedEvents,
        data: Measurement,
        prior: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """λ (D, n) of the standardised quantities: the mean over the second half of the steps."""
        there = events.measured_ok
        seen = torch.as_tensor(as_table(events.measured)[there])
        change = Standardise()
        change.fit(seen)
        simulated = change.forward(seen)[0].float()
        measured = change.forward(torch.as_tensor(as_table(data.events)))[0].float()
        game = Game(simulated, torch.as_tensor(powers[there], dtype=torch.float32), measured)
        draws = (torch.as_tensor(prior[there]), torch.as_tensor(data.weights))
        with torch.random.fork_rng():
            torch.manual_seed(int(rng.integers(LARGEST_SEED)))
            return self._played(game, draws)

    def _played(self, game: "Game", draws: tuple[Tensor, Tensor]) -> np.ndarray:
        discriminator = QuadraticMLP(game.measured.shape[1])
        slopes = nn.Parameter(torch.zeros(game.powers.shape[1:]))
        players: tuple[list[nn.Parameter], ...] = (list(discriminator.parameters()), [slopes])
        n_steps = checked_count("n_steps", self.n_steps, fewest=2)
        optimizers = [
            torch.optim.Adam(p, lr=self.learning_rate, betas=(0.5, 0.99)) for p in players
        ]
        schedules = [
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
            for optimizer in optimizers
        ]
        late = []
        for step in range(n_steps):
            batch = [torch.multinomial(w, self.batch_size, replacement=True) for w in draws]
            for optimizer, sign in zip(optimizers, (1, -1), strict=True):
                loss = sign * game.discriminator_loss(discriminator, slopes, *batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            for schedule in schedules:
                schedule.step()
            if step >= n_steps // 2:
                late.append(slopes.detach().double().numpy().copy())
        return np.mean(late, axis=0)


@dataclass(frozen=True)
class Game:
    """The events over which discriminator and parameters fight.

    Attributes:
        simulated: measured features (N, E) of the simulation, standardised.
        powers: of the true quantities of the same events, (N, D, n).
        measured: the data (M, E), standardised in the same way.
    """

    simulated: Tensor
    powers: Tensor
    measured: Tensor

    def discriminator_loss(
        self, discriminator: nn.Module, slopes: Tensor, drawn: Tensor, data: Tensor
    ) -> Tensor:
        """−mean log σ(d) over the data − Σ w log (1 − σ(d)) over simulated events, Σ w = 1.

        Args:
            discriminator: d.
            slopes: λ (D, n).
            drawn: row numbers of simulated events.
            data: row numbers of data.
        """
        w = torch.softmax((self.powers[drawn] * slopes).sum((1, 2)), 0)
        of_data = nn.functional.softplus(-discriminator(self.measured[data])).mean()
        of_simulation = nn.functional.softplus(discriminator(self.simulated[drawn]))[:, 0]
        return of_data + (w * of_simulation).sum()


def _boltzmann(powers: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """exp(Σ λ_a t^a) (N,), the largest of them one."""
    exponent = np.tensordot(powers, slopes, 2)
    return np.exp(exponent - exponent.max())


def in_units(slopes: np.ndarray, centre: np.ndarray, width: np.ndarray) -> np.ndarray:
    """λ (D, n) of t^a from those of ((t − centre) / width)^a; the constant is left out.

    Args:
        slopes: (D, n).
        centre: (D,).
        width: (D,).
    """
    coefficients = np.zeros_like(slopes)
    for feature, of_powers in enumerate(slopes):
        z = np.polynomial.Polynomial([-centre[feature], 1]) / width[feature]
        polynomial = np.polynomial.Polynomial([0, *of_powers])(z)
        found = polynomial.coef[1:]
        coefficients[feature, : len(found)] = found
    return coefficients
