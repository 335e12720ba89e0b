"""A network, what it reads of a jet and how it is trained: one tagger with `fit` and `score`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from hepml_lite import profiles, training
from hepml_lite.containers.jets import Jets
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.training.history import History

Inputs = Callable[[Jets], tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network of the landscape is made and trained.

    Attributes:
        lesson: makes the network at the size that trains in minutes on two cores.
        paper: makes it at the published size.
        inputs: what it reads of N jets: arrays with one row a jet.
        epochs: passes over the training jets, the learning rate falling along half a cosine.
        learning_rate: at the start.
        weight_decay: of AdamW.
        batch_size: jets a step.
        particles: how many of the leading particles it is given; None: all.
    """

    lesson: Callable[[], nn.Module]
    paper: Callable[[], nn.Module]
    inputs: Inputs = network_inputs
    epochs: int = 12
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    batch_size: int = 128
    particles: int | None = None

    def arrays(self, jets: Jets) -> tuple[np.ndarray, ...]:
        """What the network reads of the jets."""
        return self.inputs(jets.truncate(self.particles) if self.particles else jets)


class NetworkTagger:
    """A network that learns from labelled jets and scores others.

    Args:
        recipe: network, inputs and training.
        profile: "paper" makes the network of the paper and trains it in mixed precision (bfloat16)
            where there is a GPU; the other profiles make the small one.
        progress: show a bar while it trains.
        settings: replace those of the recipe, e.g. epochs=3; those that `training.fit` knows and
            a recipe does not (callbacks, device, precision, checkpoint) are handed on to it.

    Raises:
        ValueError: an unknown profile.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        profile: str = "lesson",
        *,
        progress: bool = False,
        **settings: Any,
    ):
        own = {key: settings.pop(key) for key in list(settings) if hasattr(recipe, key)}
        self.recipe = replace(recipe, **own)
        self.build = recipe.paper if profiles.require(profile) == "paper" else recipe.lesson
        precision = "bf16-mixed" if profile == "paper" and torch.cuda.is_available() else None
        self.fit_settings = {"progress": progress, "precision": precision, **settings}
        self.network: nn.Module | None = None
        self.history: History | None = None
        self.seconds = 0.0

    @property
    def n_parameters(self) -> int:
        """Number of trainable parameters."""
        return training.count_parameters(self.network or self.build())

    def make(self, seed: int) -> nn.Module:
        """The untrained network; torch's global generator is put back as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.build()

    def fit(self, jets: Jets, seed: int = 1, validation: Jets | None = None) -> Self:
        """Learn from jets with labels; with `validation` the weights of the best epoch are kept.

        `seconds` and `history` tell how it went.
        """
        started = time.perf_counter()
        recipe = self.recipe
        held = None if validation is None else (*recipe.arrays(validation), validation.label)
        self.network = self.make(seed)
        self.history = training.fit(
            self.network,
            (*recipe.arrays(jets), jets.label),
            training.cross_entropy,
            validation=held,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate,
            optimizer=self._optimizer,
            schedule=training.cosine,
            seed=seed,
            **self.fit_settings,
        )
        self.seconds = time.perf_counter() - started
        return self

    def score(self, jets: Jets) -> np.ndarray:
        """Log-odds ln p(1)/p(0) of each jet, (N,): the difference of the two logits.

        Raises:
            ValueError: the network is not trained, or has not two classes.
        """
        logits = self.logits(jets)
        if logits.shape[1:] != (2,):
            raise ValueError(f"logits {logits.shape}: log-odds need two classes, (N, 2).")
        return (logits[:, 1] - logits[:, 0]).astype(float)

    def logits(self, jets: Jets) -> np.ndarray:
        """What the network gives, (N, n_classes).

        Raises:
            ValueError: the network is not trained.
        """
        if self.network is None:
            raise ValueError("this tagger is not trained: call fit(jets), or read stored weights.")
        device = self.fit_settings.get("device", "auto")
        arrays, size = self.recipe.arrays(jets), self.recipe.batch_size
        return training.predict(self.network, arrays, batch_size=size, device=device)

    def _optimizer(self, parameters: Sequence[nn.Parameter], lr: float) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            parameters, lr=lr, weight_decay=self.recipe.weight_decay, fused=True
        )
