"""A network that is averaged over its best epochs, as weak labels need it.

With weak labels the loss stays near ln 2 and its minimum says little about the rare signal: from
epoch to epoch the network jumps between solutions of nearly equal loss. CATHODE averages the
outputs of the ten epochs of lowest validation loss (A. Hallin et al., arXiv:2109.00546,
section IV B).
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from scipy.special import expit, logit
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.densities.change_of_variables import Standardise
from hepml_lite.densities.classifiers import weighted_cross_entropy
from hepml_lite.densities.labelled_rows import Inputs, LabelledRows
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.networks.layers.mlp import MLP

ROWS_AT_A_TIME = 8192
PLAN = TrainingPlan(epochs=20, batch_size=512, learning_rate=1e-3, patience=None, progress=False)


class EpochWeights:
    """A callback that keeps the weights of the network after each epoch.

    Args:
        network: that is trained.
    """

    def __init__(self, network: nn.Module):
        self.network = network
        self.weights: list[dict[str, Tensor]] = []

    def on_epoch_end(self, history: training.History) -> None:
        """Copy the weights."""
        copied = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        self.weights.append(copied)


@dataclass
class AveragedNetwork:
    """A perceptron whose output is averaged over its best epochs.

    Attributes:
        hidden_features: sizes of the hidden layers.
        n_epochs: of lowest validation loss, which are averaged.
        plan: of the training.
        network: after `fit`.
        best: weights of the averaged epochs, after `fit`.
        change: of the features, before the network.
        history: of the training, after `fit`.
    """

    hidden_features: tuple[int, ...] = (64, 64, 64)
    n_epochs: int = 10
    plan: TrainingPlan = field(default_factory=lambda: PLAN)
    network: nn.Module | None = field(default=None, init=False, repr=False)
    best: list[dict[str, Tensor]] = field(default_factory=list, init=False, repr=False)
    change: Standardise = field(default_factory=Standardise, init=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    def fit(self, rows: LabelledRows, held_out: LabelledRows, seed: int) -> Self:
        """Train on rows; the loss of the held-out ones chooses the epochs."""
        self.change.fit(torch.as_tensor(rows.inputs[0]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            n_features = rows.inputs[0].shape[1]
            self.network = MLP((n_features, *self.hidden_features, 1), nn.ReLU)
        epochs = EpochWeights(self.network)
        self.history = training.fit(
            self.network,
            self._tensors(rows),
            weighted_cross_entropy,
            validation=self._tensors(held_out),
            epochs=self.plan.epochs,
            batch_size=self.plan.batch_size,
            learning_rate=self.plan.learning_rate,
            patience=self.plan.patience,
            callbacks=(epochs,),
            seed=seed,
            device=self.plan.device,
            progress=self.plan.progress,
        )
        order = np.argsort(self.history.validation_loss)[: self.n_epochs]
        self.best = [epochs.weights[epoch] for epoch in order]
        return self

    def log_ratio(self, inputs: Inputs) -> np.ndarray:
        """Logits (N,) of the mean probability of the best epochs.

        Raises:
            RuntimeError: before `fit`.
        """
        if self.network is None:
            raise RuntimeError("this network is not trained: call fit first")
        z = self._standardised(inputs)
        probability = np.zeros(len(z))
        for weights in self.best:
            self.network.load_state_dict(weights)
            output = training.predict(self.network, (z,), ROWS_AT_A_TIME, self.plan.device)
            probability += expit(output[:, 0].astype(float)) / len(self.best)
        return logit(probability)

    def _tensors(self, rows: LabelledRows) -> tuple[Tensor, Tensor, Tensor]:
        label = torch.as_tensor(rows.label, dtype=torch.float32)
        weights = torch.as_tensor(rows.weights, dtype=torch.float32)
        return self._standardised(rows.inputs), label, weights

    def _standardised(self, inputs: Inputs) -> Tensor:
        z, _ = self.change.forward(torch.as_tensor(inputs[0]))
        return z.float()
