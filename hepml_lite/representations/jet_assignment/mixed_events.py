"""Assignment without true roles: contrast assignments of real events with those of mixed events.

The jets of a mixed event come from as many different events, so no two of them share a parent: all
its assignments are wrong. In a real event a few are right. Boosted trees that tell real from mixed
assignments learn the ratio of their densities, ln p_real/p_mixed, which is largest where right ones
are: at the masses of W and top. Mixed events are the classical estimate of combinatorial
background; noise-contrastive estimation (M. Gutmann, A. Hyvärinen, JMLR 13 (2012) 307) is the
statistics. No simulation is needed: data would do.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite import kinematics
from hepml_lite.representations.jet_assignment.candidate_numbers import NAMES, candidate_numbers
from hepml_lite.representations.jet_assignment.top_pairs import N_JETS, TopPairs

APART = 0.4  # Delta R of two jets of one event, at least


def mixed(pairs: TopPairs, rng: np.random.Generator) -> TopPairs:
    """Events whose jets come from different events; the lepton keeps its own missing momentum.

    Only events with equal numbers of jets are mixed, and jet k of each stays jet k, so that momenta
    and numbers keep their distributions. Events with two jets too close to each other are left out.
    """
    jets, tagged = pairs.jets, pairs.tagged
    number = pairs.real.sum(axis=1)
    rows = np.full((len(pairs), N_JETS), -1)
    for n in np.unique(number):
        alike = np.flatnonzero(number == n)
        if len(alike) < N_JETS:  # too few to take each jet from another event
            continue
        order = rng.permutation(alike)
        shifts = rng.choice(len(alike), N_JETS, replace=False)
        rows[alike] = np.column_stack([np.roll(order, shift) for shift in shifts])
    enough = rows[:, 0] >= 0
    pairs, rows = pairs[enough], rows[enough]
    place = np.arange(N_JETS)
    fake = TopPairs(
        jets[rows, place],
        tagged[rows, place],
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
        per_event: assignments of each event, drawn at random, that the trees learn from.
        iterations: number of trees.
        trees: after `fit`.
    """

    per_event: int = 12
    iterations: int = 100
    trees: HistGradientBoostingClassifier | None = field(default=None, init=False, repr=False)

    def fit(self, pairs: TopPairs, seed: int = 0) -> Self:
        """Learn from all events; their roles are not read.

        Raises:
            ValueError: fewer than 100 events, which leave little to mix.
        """
        if len(pairs) < 100:
            raise ValueError(f"{len(pairs)} events: give 100 or more, so that jets can be mixed")
        rng = np.random.default_rng(seed)
        real = drawn(pairs, self.per_event, rng)
        fake = drawn(mixed(pairs, rng), self.per_event, rng)
        numbers = np.concatenate([real, fake])
        label = np.repeat([1, 0], [len(real), len(fake)])
        self.trees = HistGradientBoostingClassifier(max_iter=self.iterations, random_state=seed)
        self.trees.fit(numbers, label)
        return self

    def score(self, pairs: TopPairs) -> np.ndarray:
        """ln p_real/p_mixed of all assignments (N, 180), up to a constant.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.trees is None:
            raise RuntimeError("this assignment is not trained: call fit first")
        possible = pairs.possible
        scores = np.full(possible.shape, -np.inf)
        scores[possible] = self.trees.decision_function(candidate_numbers(pairs)[possible])
        return scores


def drawn(pairs: TopPairs, per_event: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers (N * per_event, 14) of possible assignments, drawn at random from each event."""
    order = np.where(pairs.possible, rng.random(pairs.possible.shape), 2).argsort(axis=1)
    rows = np.arange(len(pairs))[:, None]
    return candidate_numbers(pairs)[rows, order[:, :per_event]].reshape(-1, len(NAMES))
