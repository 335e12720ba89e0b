"""What flow matching and diffusion of sets share: checks, changes of variables, training, samples.

A set is drawn in two steps: the number of particles from a categorical distribution given the
condition, then the particles from noise, along the path of a continuous flow whose velocity sees
the whole set. A permutation of the noise permutes the particles, and padding has no part in it.
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, NoReturn, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import cross_entropy

from hepml_lite.densities.continuous_flow import ContinuousFlow, default_plan
from hepml_lite.densities.network_density import LARGEST_SEED, NetworkDensity, TrainingPlan
from hepml_lite.densities.rows import conditions_to_sample
from hepml_lite.densities.sets.network import ARCHITECTURES, ParticlesOfSets, SetNetwork
from hepml_lite.densities.sets.rows import (
    Sets,
    SetValidation,
    checked_numbers,
    checked_sets,
    require_same_sets,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


@dataclass(kw_only=True)
class SetDensity(NetworkDensity[SetNetwork]):
    """A conditional density of sets of particles; it has samples, but no log_prob.

    Attributes:
        change: from the features of a particle to z, fitted on the real particles.
        architecture: "epic" (linear in the number of particles) or "transformer".
        width: hidden numbers per particle.
        n_layers: of the network.
        sampler: "adaptive", "euler", "midpoint", "heun" or "stochastic".
        n_steps: of the samplers that are not adaptive.
        tolerance: of a step of the adaptive sampler.
        n_features: F of a particle, after `fit`.
        most_particles: P, after `fit`.
        n_evaluations: how often the last `sample` asked the network.
    """

    SIZES: ClassVar[tuple[str, ...]] = ("n_features", "n_conditions", "most_particles")

    plan: TrainingPlan = field(default_factory=default_plan)
    architecture: str = "epic"
    width: int = 64
    n_layers: int = 3
    sampler: str = "midpoint"
    n_steps: int = 30
    tolerance: float = 1e-3
    most_particles: int = field(default=0, init=False)
    n_evaluations: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ValueError(
                f"architecture={self.architecture!r}: give one of {', '.join(ARCHITECTURES)}"
            )
        self.path()  # refuses what it does not know

    @abstractmethod
    def path(self) -> ContinuousFlow:
        """The continuous flow that each particle follows: its times, noise, loss and samplers.

        Raises:
            ValueError: settings that it does not know.
        """

    def paired(self, noise: Tensor, z: Tensor, set_of_row: Tensor) -> Tensor:
        """The noise (M, F) of the particles z (M, F) of the sets `set_of_row` (M,)."""
        return noise

    def fit(
        self,
        x: ArrayLike,
        mask: ArrayLike | None = None,
        condition: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        validation: SetValidation | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn the density of sets given the condition.

        Args:
            x: particles (N, P, F); what stands in padded slots is not looked at.
            mask: (N, P), True where a particle is real; None: all are.
            condition: (N, C).
            weights: (N,), zero or positive; a weight of 2 counts as the set twice.
            validation: (x, mask, condition, weights) of other sets, which choose the best epoch;
                None: a share of the sets is held out, as the plan says.
            rng: of the held-out sets, the initial weights and the training.

        Raises:
            ValueError: sets, conditions or weights that cannot be fitted.
        """
        generator = checked_rng(rng)
        sets = checked_sets(x, mask, condition, weights)
        if validation is None:
            sets, held_out = sets.split(self.plan.validation_share, generator)
        else:
            held_out = checked_sets(*validation)
            require_same_sets(sets, held_out)
        self.most_particles = sets.particles.shape[1]
        self._fit_changes(sets.real_particles, sets.condition)
        seed = int(generator.integers(LARGEST_SEED))
        self._train(self._weighted_loss, self._tensors(sets), self._tensors(held_out), seed)
        return self

    def sample(
        self,
        n: int,
        condition: ArrayLike | None = None,
        rng: Seed = 0,
        *,
        n_particles: ArrayLike | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw n sets for each condition.

        Args:
            n: sets for each condition.
            condition: one condition (C,), several (M, C), or None.
            rng: generator or seed.
            n_particles: how many each set has, one number or (n,) or (n, M); None: drawn, too.

        Returns:
            Particles (n, P, F), zero where padded, and mask (n, P); (n, M, P, F) and (n, M, P)
            for M conditions. The first slots are the real ones.

        Raises:
            ValueError: a condition of another length than in `fit`, or impossible numbers.
            RuntimeError: nothing has been fitted.
        """
        n = checked_count("n", n)
        network = self.fitted_network()
        table = conditions_to_sample(condition, self.n_conditions)
        c = self._standardised_condition(table).repeat(n, 1)
        several = condition is not None and np.ndim(condition) == 2
        shape = (n, len(table)) if several else (n,)
        seed = int(checked_rng(rng).integers(LARGEST_SEED))
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            if n_particles is None:
                logits = network.number_logits(c)
                number = torch.distributions.Categorical(logits=logits).sample()
            else:
                number = checked_numbers(n_particles, shape, network.most_particles)
            mask = torch.arange(network.most_particles) < number.unsqueeze(1)
            z = self.draw(network, mask, c)
        x = np.zeros((*mask.shape, self.n_features))
        x[mask.numpy()] = self.change.inverse(z.double()).numpy()
        return x.reshape(*shape, *x.shape[1:]), mask.numpy().reshape(*shape, -1)

    def log_prob(self, x: ArrayLike, condition: ArrayLike | None = None) -> NoReturn:
        """Refused: the divergence over sets of varying length is not computed.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has samples, but no log_prob: compare sets by "
            "densities.fit_ratio, or fit a Flow to numbers of fixed length"
        )

    def loss_of_sets(self, network: SetNetwork, z: Tensor, mask: Tensor, c: Tensor) -> Tensor:
        """The loss of each set (N,) at a random time, with random noise.

        It is the mean loss of its particles, and the cross entropy of their number.

        Args:
            network: of the particles and their number.
            z: particles (N, P, F).
            mask: (N, P).
            c: conditions (N, C).
        """
        path = self.path()
        particles = ParticlesOfSets(network, mask, c)
        set_of_row = particles.set_of_row
        rows = z[mask]
        times = path.random_times(len(z), z)[set_of_row]
        noise = self.paired(torch.randn_like(rows), rows, set_of_row)
        losses = path.loss_at(particles, rows, noise, times, c[set_of_row])
        number_loss = cross_entropy(network.number_logits(c), mask.sum(1), reduction="none")
        return particles.mean_over_sets(losses) + number_loss

    def draw(self, network: SetNetwork, mask: Tensor, c: Tensor) -> Tensor:
        """All real particles of the sets in a row (M, F), for mask (N, P) and conditions (N, C)."""
        path = self.path()
        particles = ParticlesOfSets(network, mask, c)
        noise = torch.randn(len(particles.set_of_row), network.particles.n_features)
        if not len(noise):
            return noise
        of_row = c[particles.set_of_row]
        solution = path.solve(particles, path.start_from(particles, noise, of_row), of_row)
        self.n_evaluations = solution.n_evaluations
        return solution.x

    def untrained_network(self) -> SetNetwork:
        """A new network of the sizes of the fit."""
        return SetNetwork(
            self.architecture,
            self.n_z,
            self.n_c,
            self.most_particles,
            self.width,
            self.n_layers,
        )

    def _weighted_loss(
        self, network: SetNetwork, z: Tensor, mask: Tensor, c: Tensor, weights: Tensor
    ) -> Tensor:
        return (weights * self.loss_of_sets(network, z, mask, c)).mean()

    def _tensors(self, sets: Sets) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """z, mask, c and weights, as the network takes them; z is zero where padded."""
        mask = torch.as_tensor(sets.mask)
        z = torch.zeros(*mask.shape, self.n_z)
        z[mask] = self.change.forward(torch.as_tensor(sets.real_particles))[0].float()
        c = self._standardised_condition(sets.condition)
        return z, mask, c, torch.as_tensor(sets.weights, dtype=torch.float32)
