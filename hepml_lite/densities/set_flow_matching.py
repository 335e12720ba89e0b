"""Flow matching on sets of particles whose number varies.

The linear path of `flow_matching` for each particle, with a velocity that all particles of the jet
share, as in E. Buhmann et al., "EPiC-ly Fast Particle Cloud Generation with Flow-Matching and
Diffusion", arXiv:2310.00049. The number of particles has a categorical distribution of its own.
"""

from dataclasses import dataclass, field
from typing import ClassVar, NoReturn, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hepml_lite import training
from hepml_lite.densities import ode
from hepml_lite.densities.change_of_variables import ChangeOfVariables, Standardise
from hepml_lite.densities.continuous_flow import default_plan
from hepml_lite.densities.flow_matching import spread_times
from hepml_lite.densities.rows import checked_rows, conditions_to_sample
from hepml_lite.densities.trained_density import LARGEST_SEED, TrainingPlan
from hepml_lite.networks.epic import EPiC
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import clean, numbers_of_particles
from hepml_lite.networks.set_transformer import SetTransformer
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

ARCHITECTURES: dict[str, type[EPiC] | type[SetTransformer]] = {
    "epic": EPiC,
    "transformer": SetTransformer,
}


class SetVelocity(nn.Module):
    """The velocity of particles given (c, n), and the logits of their number n given c.

    Args:
        architecture: "epic" or "transformer".
        n_features: numbers per particle, F.
        n_conditions: C.
        most_particles: the largest n, P.
        width: hidden numbers per particle.
        n_layers: of the network.
    """

    def __init__(
        self,
        architecture: str,
        n_features: int,
        n_conditions: int,
        most_particles: int,
        width: int,
        n_layers: int,
    ):
        super().__init__()
        self.most_particles = most_particles
        self.particles = ARCHITECTURES[architecture](
            n_features, n_conditions + 1, width=width, n_layers=n_layers
        )
        self.number = MLP((n_conditions + 1, width, most_particles + 1), nn.SiLU)

    def forward(self, z: Tensor, mask: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Particles z (N, P, F), mask (N, P), times t (N,), conditions c (N, C) → (N, P, F)."""
        share = numbers_of_particles(mask, z).unsqueeze(1) / self.most_particles
        return self.particles(z, mask, t, torch.cat([c, share], 1))

    def number_logits(self, c: Tensor) -> Tensor:
        """Logits (N, P + 1) of 0 to P particles, for conditions c (N, C)."""
        return self.number(torch.cat([c, c.new_ones(len(c), 1)], 1))


@dataclass(kw_only=True)
class SetFlowMatching:
    """A conditional density of sets of particles; it has samples, but no log_prob.

    Attributes:
        change: from the features of a particle to z, fitted on the real particles.
        condition_change: the same for the conditions.
        plan: of the training.
        architecture: "epic" (linear in the number of particles) or "transformer".
        width: hidden numbers per particle.
        n_layers: of the network.
        sampler: "adaptive", "euler", "midpoint" or "heun".
        n_steps: of the samplers that are not adaptive.
        tolerance: of a step of the adaptive sampler.
        network: after `fit`.
        n_features: F, after `fit`.
        n_conditions: C, after `fit`; 0 without.
        most_particles: P, after `fit`.
        history: of the training, after `fit`.
        n_evaluations: how often the last `sample` asked the network.
    """

    SIZES: ClassVar = ("n_features", "n_conditions", "most_particles")  # they fix the network

    change: ChangeOfVariables = field(default_factory=Standardise)
    condition_change: ChangeOfVariables = field(default_factory=Standardise)
    plan: TrainingPlan = field(default_factory=default_plan)
    architecture: str = "epic"
    width: int = 64
    n_layers: int = 3
    sampler: str = "midpoint"
    n_steps: int = 30
    tolerance: float = 1e-3
    network: SetVelocity | None = field(default=None, init=False, repr=False)
    n_features: int = field(default=0, init=False)
    n_conditions: int = field(default=0, init=False)
    most_particles: int = field(default=0, init=False)
    history: training.History | None = field(default=None, init=False, repr=False)
    n_evaluations: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ValueError(
                f"architecture={self.architecture!r}: give one of {', '.join(ARCHITECTURES)}"
            )
        if self.sampler not in ("adaptive", *ode.FIXED_STEPS):
            raise ValueError(
                f"sampler={self.sampler!r}: give adaptive or one of {', '.join(ode.FIXED_STEPS)}"
            )

    def fit(
        self,
        x: ArrayLike,
        mask: ArrayLike | None = None,
        condition: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn the density of sets; a share of them is held out, as the plan says.

        Args:
            x: particles (N, P, F); what stands in padded slots is not looked at.
            mask: (N, P), True where a particle is real; None: all are.
            condition: (N, C).
            weights: (N,), zero or positive.
            rng: of the held-out sets, the initial weights and the training.

        Raises:
            ValueError: sets, conditions or weights that cannot be fitted.
        """
        generator = checked_rng(rng)
        particles, real = checked_sets(x, mask)
        rows = checked_rows(real.sum(1), condition, weights)
        order = generator.permutation(len(rows))
        n_held_out = max(1, round(self.plan.validation_share * len(rows)))
        held_out, kept = order[:n_held_out], order[n_held_out:]
        self.change.fit(torch.as_tensor(particles[kept][real[kept]]))
        self.n_features = particles.shape[2]
        self.n_conditions = rows.condition.shape[1]
        self.most_particles = particles.shape[1]
        if self.n_conditions:
            self.condition_change.fit(torch.as_tensor(rows.condition[kept]))
        z = torch.zeros(*real.shape, self.n_z)
        z[torch.as_tensor(real)] = self.change.forward(torch.as_tensor(particles[real]))[0].float()
        data = (
            z,
            torch.as_tensor(real),
            self._standardised_condition(rows.condition),
            torch.as_tensor(rows.weights, dtype=torch.float32),
        )
        seed = int(generator.integers(LARGEST_SEED))
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.network = self.untrained_network()
        self.history = training.fit(
            self.network,
            [tensor[kept] for tensor in data],
            self._weighted_loss,
            validation=[tensor[held_out] for tensor in data],
            epochs=self.plan.epochs,
            batch_size=self.plan.batch_size,
            learning_rate=self.plan.learning_rate,
            schedule=training.cosine,
            patience=self.plan.patience,
            seed=seed,
            device=self.plan.device,
            progress=self.plan.progress,
        )
        return self

    def untrained_network(self) -> SetVelocity:
        """A new network of the sizes of the fit."""
        return SetVelocity(
            self.architecture,
            self.n_z,
            self.n_c,
            self.most_particles,
            self.width,
            self.n_layers,
        )

    @property
    def n_z(self) -> int:
        """Columns of z."""
        return self.change.n_columns(self.n_features)

    @property
    def n_c(self) -> int:
        """Columns of the changed conditions; 0 without conditions."""
        return self.condition_change.n_columns(self.n_conditions) if self.n_conditions else 0

    def fitted_network(self) -> SetVelocity:
        """The trained network.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("this SetFlowMatching is not trained: call fit(x, mask) first")
        return self.network

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
                number = _checked_numbers(n_particles, shape, network.most_particles)
            mask = torch.arange(network.most_particles) < number.unsqueeze(1)
            z = self._draw(network, mask, c)
        x = np.zeros((*mask.shape, self.n_features))
        x[mask.numpy()] = self.change.inverse(z.double()).numpy()
        return x.reshape(*shape, *x.shape[1:]), mask.numpy().reshape(*shape, -1)

    def log_prob(self, x: ArrayLike, condition: ArrayLike | None = None) -> NoReturn:
        """Refused: the divergence over sets of varying length is not computed.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "SetFlowMatching has samples, but no log_prob: compare sets by densities.fit_ratio, or "
            "fit a Flow to numbers of fixed length"
        )

    def loss_at(
        self, network: SetVelocity, z: Tensor, mask: Tensor, noise: Tensor, t: Tensor, c: Tensor
    ) -> Tensor:
        """The loss of each set (N,): flow matching, mean over real particles, plus their number.

        Args:
            network: velocity and logits of the number.
            z: particles (N, P, F).
            mask: (N, P).
            noise: (N, P, F).
            t: times (N,).
            c: conditions (N, C).
        """
        n_real = numbers_of_particles(mask, z)
        target = clean(z - noise, mask)
        z_t = torch.lerp(noise, clean(z, mask), t[:, None, None])
        errors = (network(z_t, mask, t, c) - target).square().mean(2).sum(1) / n_real
        return errors + cross_entropy(network.number_logits(c), mask.sum(1), reduction="none")

    def _weighted_loss(
        self, network: SetVelocity, z: Tensor, mask: Tensor, c: Tensor, weights: Tensor
    ) -> Tensor:
        losses = self.loss_at(network, z, mask, torch.randn_like(z), spread_times(len(z), z), c)
        return (weights * losses).mean()

    def _draw(self, network: SetVelocity, mask: Tensor, c: Tensor) -> Tensor:
        """All real particles in a row (M, F), so that padding has no part in steps or noise."""

        def velocity(rows: Tensor, t: float) -> Tensor:
            z = rows.new_zeros(*mask.shape, rows.shape[1])
            z[mask] = rows
            return network(z, mask, torch.full_like(z[:, 0, 0], t), c)[mask]

        noise = torch.randn(int(mask.sum()), network.particles.n_features)
        if self.sampler == "adaptive":
            solution = ode.with_adaptive_steps(velocity, noise, 0.0, 1.0, self.tolerance)
        else:
            times = np.linspace(0, 1, self.n_steps + 1).tolist()
            solution = ode.with_fixed_steps(velocity, noise, times, self.sampler)
        self.n_evaluations = solution.n_evaluations
        return solution.x

    def _standardised_condition(self, conditions: np.ndarray) -> Tensor:
        """c (M, C) in float32."""
        if not self.n_conditions:
            return torch.zeros(len(conditions), 0)
        return self.condition_change.forward(torch.as_tensor(conditions))[0].float()


def checked_sets(x: ArrayLike, mask: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """Particles (N, P, F) in float64 and mask (N, P) of sets that can be fitted.

    Raises:
        ValueError: other shapes, no real particle, or one that is NaN or infinite.
    """
    particles = as_floats("x", x)
    if particles.ndim != 3 or 0 in particles.shape:
        raise ValueError(f"x has shape {particles.shape}: give particles (N, P, F)")
    real = np.ones(particles.shape[:2], bool) if mask is None else np.asarray(mask)
    if real.dtype != bool or real.shape != particles.shape[:2]:
        raise ValueError(
            f"mask is {real.dtype} of shape {real.shape} for x {particles.shape}: give bool "
            "(N, P), True where a particle is real"
        )
    wrong = np.argwhere(real & ~np.isfinite(particles).all(2))
    if len(wrong):
        jet, particle = wrong[0]
        raise ValueError(
            f"x of {len(wrong)} real particles is NaN or infinite, the first is particle "
            f"{particle} of set {jet}: correct them, or set their mask to False"
        )
    if not real.any():
        raise ValueError("mask is False everywhere: no particle is left; was it inverted?")
    return particles, real


def _checked_numbers(n_particles: ArrayLike, shape: tuple[int, ...], most: int) -> Tensor:
    """Numbers of particles of all sets in a row, int64."""
    numbers = np.broadcast_to(as_floats("n_particles", n_particles), shape).ravel()
    if (numbers != np.round(numbers)).any() or numbers.min() < 0 or numbers.max() > most:
        raise ValueError(
            f"n_particles goes from {numbers.min():g} to {numbers.max():g}: give whole numbers "
            f"from 0 to {most}, the most that a set of the fit has slots for"
        )
    return torch.as_tensor(numbers.astype(np.int64))
