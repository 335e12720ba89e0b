"""A small network that learns the right assignment from the true roles: a rival for all others.

It gives each assignment a number from its masses, angles, momenta and tags; the softmax over all
assignments of an event is the probability of each. The order of the jets does not matter, because
every assignment is judged by the same network. Related: SPANet, arXiv:2106.03898, which reads the
jets themselves, and so needs many more events.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hepml_lite import training
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.representations.jet_assignment.candidate_numbers import NAMES, candidate_numbers
from hepml_lite.representations.jet_assignment.top_pairs import TopPairs

SETTINGS: dict[str, Any] = {
    "epochs": 25,
    "batch_size": 50,
    "learning_rate": 5e-3,
    "schedule": training.cosine,
}


class CandidateNetwork(nn.Module):
    """Scores (N, 180) of the numbers (N, 180, 14) of candidates, standardised by `centre`, `scale`.

    Args:
        numbers: (M, 14) of candidates, which set centre and scale.
        hidden: widths of the hidden layers.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, numbers: np.ndarray, hidden: tuple[int, ...] = (64, 64)):
        super().__init__()
        self.register_buffer("centre", torch.as_tensor(numbers.mean(axis=0)))
        self.register_buffer("scale", torch.as_tensor(numbers.std(axis=0) + 1e-6))
        self.mlp = MLP((len(NAMES), *hidden, 1), nn.SiLU)

    def forward(self, numbers: Tensor, possible: Tensor) -> Tensor:
        """Scores (N, A) of numbers (N, A, 14), -inf where not possible (N, A)."""
        standard = (numbers[possible] - self.centre) / self.scale  # (K, 14)
        scores = numbers.new_full(possible.shape, -torch.inf)
        return scores.masked_scatter(possible, self.mlp(standard).squeeze(-1))


@dataclass
class SupervisedAssignment:
    """Choose the assignment that a trained network holds for most probable.

    Attributes:
        settings: of `hepml_lite.training.fit`, such as epochs.
        network: after `fit`.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    network: CandidateNetwork | None = field(default=None, init=False, repr=False)

    def fit(self, pairs: TopPairs, seed: int = 0) -> Self:
        """Learn from the complete events.

        Raises:
            ValueError: no event is complete.
        """
        full = pairs[pairs.complete]
        if not len(full):
            raise ValueError("no event is complete: there is no right assignment to learn from")
        numbers, possible = candidate_numbers(full), full.possible
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = CandidateNetwork(numbers[possible])
        data = (numbers, possible, full.truth)
        training.fit(self.network, data, right_one, seed=seed, **(SETTINGS | self.settings))
        return self

    def score(self, pairs: TopPairs) -> np.ndarray:
        """Log-odds of all assignments (N, 180) up to a constant for each event.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("this assignment is not trained: call fit first")
        inputs = (candidate_numbers(pairs), pairs.possible)
        return training.predict(self.network, inputs, batch_size=500)


def right_one(network: nn.Module, numbers: Tensor, possible: Tensor, truth: Tensor) -> Tensor:
    """-ln p of the right assignment."""
    return cross_entropy(network(numbers, possible), truth)
