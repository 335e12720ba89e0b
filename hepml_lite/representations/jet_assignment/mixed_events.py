"""Assignment without true roles: contrast assignments of real events with those of mixed events.

The jets of a mixed event come from as many different events, so no two of them share a parent: all
its assignments are wrong. In a real event a few are right. A classifier of real against mixed
assignments learns the ratio of their densities, ln p_real/p_mixed, which is largest where right
ones are: at the masses of W and top. Mixed events are the classical estimate of combinatorial
background; noise-contrastive estimation (M. Gutmann, A. Hyvärinen, JMLR 13 (2012) 307) is the
statistics. No simulation is needed: data would do.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from hepml_lite import kinematics, training
from hepml_lite.representations.jet_assignment.candidate_numbers import candidate_numbers
from hepml_lite.representations.jet_assignment.supervised import CandidateNetwork
from hepml_lite.representations.jet_assignment.top_pairs import N_JETS, TopPairs

APART = 0.4  # Delta R of two jets of one event, at least
SETTINGS = {"epochs": 8, "batch_size": 100, "learning_rate": 3e-3, "schedule": training.cosine}


def mixed(pairs: TopPairs, rng: np.random.Generator) -> TopPairs:
    """Events whose jets come from different events; the lepton keeps its own missing momentum.

    Only events with equal numbers of jets are mixed, and jet k of each stays jet k, so that momenta
    and numbers keep their distributions. Events with two jets too close to each other are left out.
    """
    rows = np.repeat(np.arange(len(pairs))[:, None], N_JETS, axis=1)
    number = pairs.real.sum(axis=1)
    for n in np.unique(number):
        alike = np.flatnonzero(number == n)
        for k in range(N_JETS):
            rows[alike, k] = np.roll(alike, rng.integers(len(alike)))
        rows[alike] = rows[rng.permutation(alike)]
    place = np.arange(N_JETS)
    fake = TopPairs(
        pairs.jets[rows, place],
        pairs.tagged[rows, place],
        np.zeros_like(pairs.role),
        pairs.lepton,
        pairs.missing,
    )
    return fake[~_crowded(fake)]


def _crowded(pairs: TopPairs) -> np.ndarray:
    """Events (N,) with two jets that one jet finder would not have kept apart."""
    eta, phi = pairs.jets[..., 1], pairs.jets[..., 2]
    distance = kinematics.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])
    both = pairs.real[:, :, None] & pairs.real[:, None] & ~np.eye(N_JETS, dtype=bool)
    return ((distance < APART) & both).any(axis=(1, 2))


@dataclass
class MixedEventContrast:
    """Choose the assignment that looks least like one of mixed events.

    Attributes:
        settings: of `hepml_lite.training.fit`, such as epochs.
        network: after `fit`.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    network: CandidateNetwork | None = field(default=None, init=False, repr=False)

    def fit(self, pairs: TopPairs, seed: int = 0) -> Self:
        """Learn from all events; their roles are not read.

        Raises:
            ValueError: fewer than 100 events, which leave little to mix.
        """
        if len(pairs) < 100:
            raise ValueError(f"{len(pairs)} events: give 100 or more, so that jets can be mixed")
        fake = mixed(pairs, np.random.default_rng(seed))
        both = [pairs, fake]
        numbers = np.concatenate([candidate_numbers(events) for events in both])
        possible = np.concatenate([events.possible for events in both])
        real = np.repeat([1.0, 0.0], [len(pairs), len(fake)]).astype(np.float32)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = CandidateNetwork(numbers[: len(pairs)][possible[: len(pairs)]])
        data = (numbers, possible, real)
        training.fit(self.network, data, real_or_mixed, seed=seed, **(SETTINGS | self.settings))
        return self

    def score(self, pairs: TopPairs) -> np.ndarray:
        """ln p_real/p_mixed of all assignments (N, 180), up to a constant.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("this assignment is not trained: call fit first")
        inputs = (candidate_numbers(pairs), pairs.possible)
        return training.predict(self.network, inputs, batch_size=500)


def real_or_mixed(network: nn.Module, numbers: Tensor, possible: Tensor, real: Tensor) -> Tensor:
    """Binary cross entropy of all possible assignments, each event with the same weight."""
    logits = network(numbers, possible).masked_fill(~possible, 0)
    sign = 2 * real[:, None] - 1
    each = softplus(-sign * logits) * possible  # (N, 180)
    return (each.sum(1) / possible.sum(1)).mean()
