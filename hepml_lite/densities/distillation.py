"""Distillation: a student that repeats in a few steps what a differential equation does in many.

For each step the student learns the mean velocity of the teacher's path, so that a step of the
student ends where many of the teacher's end (E. Luhman, T. Luhman, "Knowledge Distillation in
Iterative Generative Models for Improved Sampling Speed", arXiv:2101.02388, step by step).
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities import ode
from hepml_lite.densities.continuous_flow import ContinuousFlow
from hepml_lite.densities.network_density import LARGEST_SEED, TrainingPlan
from hepml_lite.densities.rows import Validation, conditions_of_rows
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.networks.conditional_mlp import ConditionalMLP
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


def default_plan() -> TrainingPlan:
    """The target has no noise: larger batches and fewer epochs than the teacher needs."""
    return TrainingPlan(epochs=40, batch_size=512, learning_rate=4e-3, patience=None)


@dataclass(kw_only=True)
class FewSteps(TrainedDensity):
    """A density whose rows are made from noise in a few steps; it has samples, but no log_prob.

    Attributes:
        teacher: the continuous flow; `fit` trains it first.
        n_steps: of the student, one evaluation of its network each.
        n_paths: paths of the teacher that the student learns from.
        width: hidden features of the student's network.
        n_blocks: residual blocks of the student's network.
    """

    teacher: ContinuousFlow
    plan: TrainingPlan = field(default_factory=default_plan)
    n_steps: int = 4
    n_paths: int = 20_000
    width: int = 64
    n_blocks: int = 2

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
        """Train the teacher, then the student.

        Raises:
            ValueError: rows, conditions or weights that cannot be fitted.
        """
        generator = checked_rng(rng)
        self.teacher.fit(x, condition, weights=weights, validation=validation, rng=generator)
        return self.learn_from_teacher(condition, generator)

    def learn_from_teacher(self, condition: ArrayLike | None = None, rng: Seed = 0) -> Self:
        """Train the student on paths of the fitted teacher.

        Args:
            condition: (M, C) that the paths take in turn, e.g. those of the fit; None: without.
            rng: of the noise, the initial weights and the training.

        Raises:
            ValueError: another number of conditions than in the teacher's fit.
            RuntimeError: the teacher is not trained.
        """
        self.n_steps = checked_count("n_steps", self.n_steps)
        self._take_changes(self.teacher)
        generator = checked_rng(rng)
        with torch.random.fork_rng():
            torch.manual_seed(int(generator.integers(LARGEST_SEED)))
            data = self._steps_of_paths(self._conditions_of_paths(condition, generator))
        n_held_out = max(1, round(self.plan.validation_share * len(data[0])))
        kept = [tensor[n_held_out:] for tensor in data]
        held_out = [tensor[:n_held_out] for tensor in data]
        self._train(self._mean_square, kept, held_out, int(generator.integers(LARGEST_SEED)))
        return self

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """A residual network of the scaled z, the number of the step over all steps, and c."""
        return ConditionalMLP(n_features, n_conditions, self.width, self.n_blocks)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Not used: a student learns from paths, not from rows."""
        raise NotImplementedError("FewSteps learns from its teacher: call learn_from_teacher()")

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each of the conditions c (M, C)."""
        scaled = torch.randn(len(c), self.n_z)
        for step in range(self.n_steps):
            at = torch.full_like(scaled[:, 0], step / self.n_steps)
            scaled = scaled + network(scaled, at, c)
        return self.teacher.width_at(self.teacher.times(1)[1]) * scaled

    def _conditions_of_paths(
        self, condition: ArrayLike | None, generator: np.random.Generator
    ) -> Tensor:
        """c (n_paths, C)."""
        n_given = self.n_paths if condition is None else len(np.asarray(condition))
        table = conditions_of_rows(condition, n_given, self.n_conditions)
        rows = generator.integers(n_given, size=self.n_paths)
        return self._standardised_condition(table[rows])

    @torch.no_grad()
    def _steps_of_paths(self, c: Tensor) -> list[Tensor]:
        """Each step of each path: scaled z (M, D), time (M,), c (M, C) and change (M, D).

        The first scaled z is the noise of width one. Later z is divided by its width at each time,
        so that noise and data are of one size.
        """
        times = self.teacher.times(self.n_steps)
        network = self.teacher.fitted_network()
        velocity = self.teacher.velocity_given(network, c)
        scaled = torch.randn(len(c), self.n_z)
        z = self.teacher.start_from(network, scaled, c)
        steps = []
        for number, (start, end) in enumerate(pairwise(times)):
            z = ode.with_adaptive_steps(velocity, z, start, end, self.teacher.tolerance).x
            before = scaled
            scaled = z / self.teacher.width_at(end)
            at = torch.full_like(scaled[:, 0], number / self.n_steps)
            steps.append((before, at, c, scaled - before))
        order = torch.randperm(self.n_steps * len(c))
        return [torch.cat(parts)[order] for parts in zip(*steps, strict=True)]

    def _mean_square(
        self, network: nn.Module, scaled: Tensor, at: Tensor, c: Tensor, change: Tensor
    ) -> Tensor:
        return (network(scaled, at, c) - change).square().mean()


def distill_to_few_steps(
    model: ContinuousFlow,
    n_steps: int = 4,
    condition: ArrayLike | None = None,
    *,
    n_paths: int = 20_000,
    plan: TrainingPlan | None = None,
    rng: Seed = 0,
) -> FewSteps:
    """A student of a fitted model that samples in `n_steps` evaluations of its network.

    Args:
        model: the fitted teacher.
        n_steps: of the student.
        condition: (M, C), where the student shall be good; None for a model without conditions.
        n_paths: paths of the teacher that the student learns from.
        plan: of the student's training; None: `default_plan`.
        rng: of the paths and the training.

    Raises:
        ValueError: no condition for a conditional model.
        RuntimeError: the model is not trained.
    """
    student = FewSteps(teacher=model, n_steps=n_steps, n_paths=n_paths, plan=plan or default_plan())
    return student.learn_from_teacher(condition, rng)
