"""The anomaly trigger in the numbers of a chip: its encoder learns to imitate the float one.

Rounding a trained network costs most of what it learned, because weights of 6 bits are coarse.
Training goes on with the rounded numbers instead (`quantised_training`). The task is now simple:
give the means that the float encoder gives. This is knowledge distillation (G. Hinton, O. Vinyals,
J. Dean, arXiv:1503.02531) into the same architecture with fewer bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger.anomaly.variational import VariationalTrigger, importance_of
from hepml_lite.trigger.emulation import fast_network
from hepml_lite.trigger.emulation.fitting_types import fitted_layers
from hepml_lite.trigger.emulation.integer_network import IntegerNetwork, squared_score
from hepml_lite.trigger.inputs import InputScaling
from hepml_lite.trigger.pieces import in_pieces
from hepml_lite.trigger.quantised.quantised_training import QuantisedEncoder
from hepml_lite.trigger.quantities import checked_events


@dataclass(frozen=True)
class ChipTrigger:
    """An encoder in whole numbers, and what its inputs and outputs mean.

    Attributes:
        encoder: the network as it was trained.
        scaling: of its inputs.
        factor: outputs over the means of the float encoder; the score has its square.
        history: of the training.
    """

    encoder: QuantisedEncoder
    scaling: InputScaling
    factor: float
    history: training.History

    @property
    def network(self) -> IntegerNetwork:
        """The encoder in whole numbers."""
        return self.encoder.whole()

    def codes(self, events: TriggerEvents) -> np.ndarray:
        """The codes of the inputs, (N, 57)."""
        kind = self.network.input_type
        if self.scaling.kind == kind:
            return self.scaling.codes(events)  # rounded once
        return kind.codes(self.scaling(events))

    def score(self, events: TriggerEvents) -> np.ndarray:
        """The sum of squares that the chip computes, (N,)."""
        network = self.network
        checked_events(events)
        return in_pieces(
            lambda part: squared_score(fast_network.codes(network, self.codes(part))), events
        )


def train_for_chip(
    trained: VariationalTrigger,
    background: TriggerEvents,
    *,
    rate_power: float = 0.5,
    epochs: int = 10,
    batch_size: int = 512,
    learning_rate: float = 2e-3,
    callbacks: Sequence[training.Callback] = (),
    seed: int = 0,
) -> ChipTrigger:
    """Train the encoder in the published types to give the means of a trained float encoder.

    Args:
        trained: by `train_variational`.
        background: training events with weights [Hz].
        rate_power: the power of its rate with which an event counts.
        epochs, batch_size, learning_rate, callbacks, seed: of the training.

    Raises:
        TypeError: for anything but `TriggerEvents`.
        ValueError: without weights, or for a power outside 0 to 1.
    """
    inputs = trained.scaling(background)
    importance = importance_of(background, rate_power)
    teacher = trained.network.encoder
    means = training.predict(teacher, (inputs,), batch_size)
    fitted = fitted_layers(*teacher.weights(), inputs)
    factor = fitted.factors[2]
    encoder = QuantisedEncoder()
    for layer, weight, bias in zip(encoder.dense, fitted.weights, fitted.biases, strict=True):
        layer.weight.data = torch.tensor(weight.T).float()
        layer.bias.data = torch.tensor(bias).float()

    def loss(model: nn.Module, x: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
        error = (model(x) / factor - wanted).square().sum(dim=1)
        return (weight * error).mean()

    history = training.fit(
        encoder,
        (inputs, means, importance),
        loss,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=training.cosine,
        callbacks=callbacks,
        seed=seed,
        progress=False,
    )
    return ChipTrigger(encoder, trained.scaling, factor, history)
