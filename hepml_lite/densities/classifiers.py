"""Classifiers of two samples, whose logit is the log ratio of both densities.

With both classes of equal weight the best probability of the numerator is f = p / (p + q), so that
log f / (1 - f) = log p / q.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol, Self

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.densities.change_of_variables import Standardise
from hepml_lite.densities.labelled_rows import Inputs, LabelledRows, real_rows
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP

Model = Literal["trees", "mlp", "deep_sets"] | nn.Module

ROWS_AT_A_TIME = 8192  # in the evaluation: more fill the cache of a CPU, fewer waste time


class Classifier(Protocol):
    """What tells two samples apart."""

    def fit(self, rows: LabelledRows, held_out: LabelledRows, seed: int) -> Self:
        """Learn from rows; the held-out ones say when to stop. Weights are balanced already."""
        ...

    def log_ratio(self, inputs: Inputs) -> np.ndarray:
        """Logit (N,) of being a row of the numerator."""
        ...


@dataclass
class BoostedTrees:
    """Boosted trees of scikit-learn, on tables.

    Small trees give a smoother ratio than the 31 leaves that are usual for classification.

    Attributes:
        iterations: trees, at most; held-out rows stop the boosting earlier.
        learning_rate: of the boosting.
        leaves: of a tree, at most.
        patience: trees without a lower loss of the held-out rows before the boosting stops.
    """

    iterations: int = 300
    learning_rate: float = 0.2
    leaves: int = 4
    patience: int = 10
    trees: HistGradientBoostingClassifier | None = field(default=None, init=False, repr=False)

    def fit(self, rows: LabelledRows, held_out: LabelledRows, seed: int) -> Self:
        """Boost until the held-out rows gain no more."""
        self.trees = HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.iterations,
            max_leaf_nodes=self.leaves,
            early_stopping=True,
            n_iter_no_change=self.patience,
            random_state=seed,
        )
        self.trees.fit(
            rows.inputs[0],
            rows.label,
            sample_weight=rows.weights,
            X_val=held_out.inputs[0],
            y_val=held_out.label,
            sample_weight_val=held_out.weights,
        )
        return self

    def log_ratio(self, inputs: Inputs) -> np.ndarray:
        """Logits (N,).

        Raises:
            RuntimeError: before `fit`.
        """
        if self.trees is None:
            raise RuntimeError("these trees are not trained: call fit first")
        return self.trees.decision_function(inputs[0])


class QuadraticMLP(nn.Module):
    """A multi-layer perceptron plus squares of linear maps: Σₖ aₖ (wₖ·x + bₖ)² + MLP(x).

    The log ratio of two Gaussians is quadratic, and far out a perceptron alone is linear: the
    squares describe the tails, the perceptron what is not Gaussian.

    Args:
        n_inputs: features of a row.
        sizes: hidden layers of the perceptron.
        n_squares: how many squares.
    """

    def __init__(self, n_inputs: int, sizes: Sequence[int] = (32, 32), n_squares: int = 16):
        super().__init__()
        self.mlp = MLP((n_inputs, *sizes, 1), nn.SiLU)
        self.directions = nn.Linear(n_inputs, n_squares)
        self.coefficients = nn.Linear(n_squares, 1, bias=False)
        nn.init.zeros_(self.coefficients.weight)  # the first steps are those of the perceptron

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 1) of rows (N, n_inputs)."""
        return self.mlp(x) + self.coefficients(self.directions(x) ** 2)


@dataclass
class NetworkClassifier:
    """A network that is trained with `hepml_lite.training.fit`.

    Attributes:
        make_network: gives a fresh network for that many features of a row or particle. It maps
            (N, D), or features (N, P, F) and mask (N, P), to one logit (N,) or (N, 1), or to two
            logits (N, 2) of denominator and numerator.
        plan: of the training.
        callbacks: told about the training.
        network: after `fit`.
        change: of the features, before the network.
        history: of the training, after `fit`.
    """

    make_network: Callable[[int], nn.Module]
    plan: TrainingPlan
    callbacks: Sequence[training.Callback] = ()
    network: nn.Module | None = field(default=None, init=False, repr=False)
    change: Standardise = field(default_factory=Standardise, init=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    def fit(self, rows: LabelledRows, held_out: LabelledRows, seed: int) -> Self:
        """Train; the epoch with the lowest loss of the held-out rows counts."""
        self.change.fit(torch.as_tensor(real_rows(rows.inputs)))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = self.make_network(rows.inputs[0].shape[-1])
        self.history = self.plan.train(
            self.network,
            self._tensors(rows),
            weighted_cross_entropy,
            validation=self._tensors(held_out),
            callbacks=self.callbacks,
            seed=seed,
        )
        return self

    def log_ratio(self, inputs: Inputs) -> np.ndarray:
        """Logits (N,).

        Raises:
            RuntimeError: before `fit`.
        """
        if self.network is None:
            raise RuntimeError("this network is not trained: call fit first")
        outputs = training.predict(
            self.network, self._standardised(inputs), ROWS_AT_A_TIME, self.plan.device
        )
        return logit(torch.as_tensor(outputs)).double().numpy()

    def _tensors(self, rows: LabelledRows) -> tuple[Tensor, ...]:
        label = torch.as_tensor(rows.label, dtype=torch.float32)
        weights = torch.as_tensor(rows.weights, dtype=torch.float32)
        return *self._standardised(rows.inputs), label, weights

    def _standardised(self, inputs: Inputs) -> tuple[Tensor, ...]:
        features = torch.as_tensor(inputs[0])
        z, _ = self.change.forward(features.reshape(-1, features.shape[-1]))
        z = z.reshape(features.shape).float()
        if len(inputs) == 1:
            return (z,)
        mask = torch.as_tensor(inputs[1])
        return z * mask.unsqueeze(-1), mask


def weighted_cross_entropy(model: nn.Module, *batch: Tensor) -> Tensor:
    """Mean of w [-y log f - (1 - y) log(1 - f)]; the batch is inputs, labels y, weights w."""
    *inputs, label, weights = batch
    loss = nn.functional.binary_cross_entropy_with_logits(
        logit(model(*inputs)), label, reduction="none"
    )
    return (weights * loss).mean()


def logit(output: Tensor) -> Tensor:
    """One logit (N,) of what a network gives: (N,), (N, 1), or (N, 2) of two classes.

    Raises:
        ValueError: another shape.
    """
    if output.ndim == 1:
        return output
    if output.ndim == 2 and output.shape[1] == 1:
        return output[:, 0]
    if output.ndim == 2 and output.shape[1] == 2:
        return output[:, 1] - output[:, 0]
    raise ValueError(
        f"the network gives {tuple(output.shape)}: a ratio needs one logit a row, (N,) or (N, 1), "
        "or two logits (N, 2) of denominator and numerator"
    )


def classifier_maker(
    model: Model,
    is_set: bool,
    plan: TrainingPlan,
    callbacks: Sequence[training.Callback],
    fresh: bool = True,
) -> Callable[[], Classifier]:
    """A function that gives untrained classifiers of the kind asked for.

    Args:
        model: the name of a kind, or a module as template.
        is_set: the rows are sets of particles, not a table.
        plan: of the training of networks.
        callbacks: of the training of networks.
        fresh: copies of a template get new weights; False: they start from those that it has.

    Raises:
        ValueError: an unknown name, or a kind that does not take such rows.
    """
    if isinstance(model, nn.Module):
        make = partial(_fresh_copy, model) if fresh else partial(_warm_copy, model)
        return partial(NetworkClassifier, make, plan, callbacks)
    if model not in ("trees", "mlp", "deep_sets"):
        raise ValueError(f'model is {model!r}: give "trees", "mlp", "deep_sets" or a torch module')
    if is_set != (model == "deep_sets"):
        given = "sets of particles" if is_set else "a table"
        remedy = '"deep_sets" or a module' if is_set else '"trees", "mlp" or a module'
        raise ValueError(f"model is {model!r} and the rows are {given}: give {remedy}")
    if model == "trees":
        return BoostedTrees
    make_network = _deep_sets if is_set else QuadraticMLP
    return partial(NetworkClassifier, make_network, plan, callbacks)


def _deep_sets(n_features: int) -> nn.Module:
    return ParticleFlowNetwork(n_features, (64, 64, 64), (64, 64), n_classes=1)


def _warm_copy(template: nn.Module, n_features: int) -> nn.Module:
    """A copy with the same weights."""
    return copy.deepcopy(template)


def _fresh_copy(template: nn.Module, n_features: int) -> nn.Module:
    """A copy with new random weights, in all layers that know how to reset themselves."""
    network = copy.deepcopy(template)
    for layer in network.modules():
        reset = getattr(layer, "reset_parameters", None)
        if callable(reset):
            reset()
    return network
