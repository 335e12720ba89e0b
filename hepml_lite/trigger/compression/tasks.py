"""What a compressed network shall learn: inputs, targets, and how much each event counts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger.anomaly.variational import FloatEncoder, VariationalTrigger, importance_of
from hepml_lite.trigger.emulation.integer_network import INPUT
from hepml_lite.trigger.fixed_point import FixedPoint

Error = Callable[[Tensor, Tensor], Tensor]  # outputs (N, D), targets (N, ...) -> (N,)


@dataclass(frozen=True)
class Task:
    """A trained float network, and what its compressed version is trained on.

    Attributes:
        teacher: the float network.
        inputs: (N, n_in) float32.
        targets: (N, ...) what the network shall give.
        importance: (N,) how much each event counts, of mean one.
        error: of outputs against targets, (N,); of order one for a network that knows nothing.
        input_type: of the inputs.
    """

    teacher: FloatEncoder
    inputs: np.ndarray
    targets: np.ndarray
    importance: np.ndarray
    error: Error
    input_type: FixedPoint

    def loss(self, model: nn.Module, x: Tensor, target: Tensor, importance: Tensor) -> Tensor:
        """The mean error of a batch."""
        return (importance * self.error(model(x), target)).mean()

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs, targets and importance, as `training.fit` takes them."""
        return self.inputs, self.targets, self.importance


def imitate_means(
    trained: VariationalTrigger, background: TriggerEvents, rate_power: float = 0.5
) -> Task:
    """Give the means of a trained float encoder, from which the anomaly score is computed.

    The error is the squared distance from the means, in units of their variance: 0.01 says that
    one per cent of it is not explained. See `on_chip`.

    Args:
        trained: by `train_variational`.
        background: training events with weights [Hz].
        rate_power: the power of its rate with which an event counts.

    Raises:
        TypeError: for anything but `TriggerEvents`.
        ValueError: without weights, or for a power outside 0 to 1.
    """
    inputs = trained.scaling(background)
    importance = importance_of(background, rate_power)
    teacher = trained.network.encoder
    means = training.predict(teacher, (inputs,), 8192)
    centre = np.average(means, axis=0, weights=importance)
    spread = np.average(((means - centre) ** 2).sum(axis=1), weights=importance)

    def error(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().sum(dim=1) / float(spread)

    return Task(teacher, inputs, means, importance, error, INPUT)


def with_labels(
    teacher: FloatEncoder, inputs: np.ndarray, labels: np.ndarray, input_type: FixedPoint
) -> Task:
    """Tell classes apart: cross entropy against the labels (N,) of rows of inputs (N, n_in)."""

    def error(outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, targets.long(), reduction="none")

    importance = np.ones(len(inputs), np.float32)
    return Task(teacher, inputs, labels, importance, error, input_type)


def with_teacher(
    task: Task, large: nn.Module, share: float = 0.7, temperature: float = 2.0
) -> Task:
    """The same task with the probabilities of a large network beside the labels: distillation.

    The loss is `share` times the divergence from the teacher's probabilities, softened by a
    temperature, plus the rest times the cross entropy (G. Hinton, O. Vinyals, J. Dean,
    arXiv:1503.02531, with the factor temperature^2 of its section 2).

    Args:
        task: as `with_labels` gives it.
        large: gives logits (N, n_classes) of the same inputs.
        share: of the teacher, 0 to 1.
        temperature: by which logits are divided.
    """
    logits = training.predict(large, (task.inputs,), 8192)
    both = np.column_stack([task.targets.astype(np.float32), logits])

    def error(outputs: Tensor, targets: Tensor) -> Tensor:
        hard = nn.functional.cross_entropy(outputs, targets[:, 0].long(), reduction="none")
        wanted = torch.softmax(targets[:, 1:] / temperature, dim=1)
        given = torch.log_softmax(outputs / temperature, dim=1)
        soft = nn.functional.kl_div(given, wanted, reduction="none").sum(dim=1)
        return share * temperature**2 * soft + (1 - share) * hard

    return Task(task.teacher, task.inputs, both, task.importance, error, task.input_type)
