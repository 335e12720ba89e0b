"""One training on one device: its settings, and its state between two steps."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from hepml_lite.training.batches import Batches, move_if_it_fits
from hepml_lite.training.devices import Machine
from hepml_lite.training.history import History
from hepml_lite.training.optimisation import LearningRate, Loss, MakeOptimizer, Schedule
from hepml_lite.training.weights import copy_weights


@dataclass(frozen=True)
class Settings:
    """What `fit` was called with; its docstring says what each of them means."""

    model: nn.Module
    loss: Loss
    data: tuple[Tensor, ...]
    validation: tuple[Tensor, ...] | None
    epochs: int
    batch_size: int
    learning_rate: float
    make_optimizer: MakeOptimizer
    schedule: Schedule | None
    patience: int | None
    seed: int


@dataclass
class Run:
    """What the loop works with.

    Attributes:
        settings: of the training.
        machine: the devices.
        objective: objective(*batch) is loss(model, *batch), for the gradients of all devices.
        optimizer: steps with these gradients.
        plain_optimizer: the same without what the machine adds, for checkpoints.
        learning_rate: is set before each step.
        batches: of the training data.
        validation: batches of the validation data.
        history: losses, times and the best epoch so far.
        best_weights: of the best epoch; before the first epoch is over, the initial ones.
    """

    settings: Settings
    machine: Machine
    objective: nn.Module
    optimizer: torch.optim.Optimizer
    plain_optimizer: torch.optim.Optimizer
    learning_rate: LearningRate
    batches: Batches
    validation: Batches | None
    history: History
    best_weights: dict[str, Tensor]

    @classmethod
    def begin(cls, settings: Settings, machine: Machine) -> Self:
        """Move model and data to the device and make the optimizer."""
        objective = Objective(settings.model, settings.loss).to(machine.device)
        trainable = [p for p in settings.model.parameters() if p.requires_grad]
        optimizer = settings.make_optimizer(trainable, lr=settings.learning_rate)
        shared_objective, shared_optimizer = machine.setup(objective, optimizer)
        batches = _batches(settings.data, settings, machine)
        validation = None
        if settings.validation is not None:
            validation = _batches(settings.validation, settings, machine)
        return cls(
            settings=settings,
            machine=machine,
            objective=shared_objective,
            optimizer=shared_optimizer,
            plain_optimizer=optimizer,
            learning_rate=LearningRate(optimizer, settings.schedule, settings.epochs),
            batches=batches,
            validation=validation,
            history=History(settings.epochs, batches.n_examples, _name_of(machine)),
            best_weights=copy_weights(settings.model),
        )


class Objective(nn.Module):
    """loss(model, *batch) as one module, which several devices and mixed precision can wrap."""

    def __init__(self, model: nn.Module, loss: Loss):
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(self, *batch: Tensor) -> Tensor:
        """The loss, a scalar.

        Raises:
            ValueError: the loss is no tensor, or no scalar.
        """
        value = self.loss(self.model, *batch)
        if not isinstance(value, Tensor):
            raise ValueError(f"loss returned {value!r}, not a scalar tensor: compute it in torch.")
        if value.ndim:
            raise ValueError(
                f"loss returned a tensor {tuple(value.shape)}, not a scalar tensor: "
                "take its .mean()."
            )
        return value


def _batches(tensors: tuple[Tensor, ...], settings: Settings, machine: Machine) -> Batches:
    return Batches(move_if_it_fits(tensors, machine.device), settings.batch_size, machine)


def _name_of(machine: Machine) -> str:
    if machine.world_size > 1:
        return f"{machine.world_size} × {machine.device.type}"
    return str(machine.device)
