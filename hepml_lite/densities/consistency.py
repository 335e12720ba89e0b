"""Consistency distillation: a student that jumps from any point of a path to its end.

The student f(z, t) gives the row of the data at the end of the teacher's path through z at time t.
Two neighbouring points of one path have the same end,

    f(z_k, t_k) = f(z_{k+1}, t_{k+1}),    f(z, 1) = z,

and the student learns this from rows with noise and single steps of the teacher: Y. Song,
P. Dhariwal, M. Chen, I. Sutskever, "Consistency Models", arXiv:2303.01469, algorithm 2, without
the slow copy of the weights (Y. Song, P. Dhariwal, arXiv:2310.14189). One evaluation then makes a
row; more of them, with new noise between, make a better one (algorithm 1).
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Self

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities import ode
from hepml_lite.densities.flow_matching import FlowMatching
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import Validation
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


def default_plan() -> TrainingPlan:
    """A student starts from the weights of its teacher, and needs few epochs at a low rate."""
    return TrainingPlan(epochs=40, batch_size=256, learning_rate=5e-4, patience=None)


@dataclass(kw_only=True)
class Consistency(TrainedDensity):
    """A density whose rows are made from noise in one evaluation; without log_prob.

    Attributes:
        teacher: flow matching; `fit` trains it first where it is not trained.
        n_levels: points of a path that the student compares with their neighbours.
        n_steps: evaluations for a row in `sample`.
    """

    teacher: FlowMatching
    plan: TrainingPlan = field(default_factory=default_plan)
    n_levels: int = 16
    n_steps: int = 1

    def __post_init__(self) -> None:
        self.n_levels = checked_count("n_levels", self.n_levels, 2, "neighbours are compared")
        self.n_steps = checked_count("n_steps", self.n_steps)

    @property
    def n_evaluations(self) -> int:
        """How often `sample` asks the network."""
        return self.n_steps

    def fit(
        self,
        x: ArrayLike,
        condition: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        validation: Validation | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Train the teacher if it is not trained yet, then the student on the same rows.

        Raises:
            ValueError: rows, conditions or weights that cannot be fitted.
        """
        generator = checked_rng(rng)
        if self.teacher.network is None:
            self.teacher.fit(x, condition, weights=weights, validation=validation, rng=generator)
        return super().fit(x, condition, weights=weights, validation=validation, rng=generator)

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """A network like that of the teacher."""
        return self.teacher.make_network(n_features, n_conditions)

    def untrained_network(self) -> nn.Module:
        """The weights of the teacher, where it has some."""
        if self.teacher.network is None:
            return super().untrained_network()
        return deepcopy(self.teacher.network).requires_grad_(True)

    def end(self, network: nn.Module, z: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """f(z, t) = z + (1 - t) F(z, t): rows (N, D) of the data, exact at t = 1."""
        return z + (1 - t).unsqueeze(1) * network(z, t, c)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Mean square of f(z_k, t_k) - f(z_{k+1}, t_{k+1}) over features (N,)."""
        level = torch.randint(self.n_levels, (len(z),), device=z.device)
        t = level / self.n_levels
        later = (level + 1) / self.n_levels
        noisy = torch.lerp(torch.randn_like(z), z, t.unsqueeze(1))
        with torch.no_grad():
            target = self.end(network, self._step(noisy, t, later, c), later, c)
        return (self.end(network, noisy, t, c) - target).square().mean(1)

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each of the conditions c (M, C)."""
        z = torch.zeros(len(c), self.n_z)
        for step in range(self.n_steps):
            t = torch.full_like(z[:, 0], step / self.n_steps)
            noisy = torch.lerp(torch.randn_like(z), z, t.unsqueeze(1))
            z = self.end(network, noisy, t, c)
        return z

    def _fit_changes(self, x: ArrayLike, condition: ArrayLike) -> None:
        """Take the changes of variables of the teacher."""
        self._take_changes(self.teacher)

    def _step(self, z: Tensor, t: Tensor, later: Tensor, c: Tensor) -> Tensor:
        """One step of Heun's method along the teacher's path from times t to times `later` (N,)."""
        teacher = self.teacher.fitted_network()
        h = (later - t).unsqueeze(1)
        velocity = self.teacher.velocity(teacher, z, t, c)
        ahead = self.teacher.velocity(teacher, z + h * velocity, later, c)
        return z + h * ode.combined(ode.HEUN.weights, [velocity, ahead])
