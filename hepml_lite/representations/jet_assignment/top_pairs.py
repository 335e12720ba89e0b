"""Top pairs with one lepton as sets of jets, all assignments of jets to quarks, and the right one.

t t̄ → (b ℓ ν) (b q q'): an assignment names the jet of the b quark beside the lepton, the jet of the
other b quark, and the two jets of the W. The two quarks of the W are alike, so six jets have
6 · 5 · (4 · 3 / 2) = 180 assignments.
"""

from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Self

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.events import Events
from hepml_lite.statistics.intervals import Interval, efficiency_interval

N_JETS = 6
PER_JET = ("pt", "eta", "phi", "mass", "tagged", "role")
LEPTONIC_B, HADRONIC_B, W_QUARK = 1, 2, 3  # roles; 0 is any other jet


def assignments(n_jets: int = N_JETS) -> np.ndarray:
    """All assignments (A, 4): the jet of the leptonic b, of the other b, and two of the W.

    >>> len(assignments(4)), len(assignments(5)), len(assignments(6))
    (12, 60, 180)
    """
    rows = []
    for leptonic, hadronic in permutations(range(n_jets), 2):
        rest = [jet for jet in range(n_jets) if jet not in (leptonic, hadronic)]
        rows += [(leptonic, hadronic, *pair) for pair in combinations(rest, 2)]
    return np.array(rows)


ALL = assignments()


@dataclass(frozen=True)
class TopPairs:
    """N top pairs, of which the six leading jets are kept.

    Attributes:
        jets: (N, 6, 4) pT, eta, phi, mass; GeV and rad; zeros for an absent jet.
        tagged: (N, 6) whether a jet has a b tag.
        role: (N, 6) 1 the b beside the lepton, 2 the other b, 3 a quark of the W, 0 any other.
        lepton: (N, 3) pT, eta, phi.
        missing: (N, 2) missing transverse momentum and its phi.
    """

    jets: np.ndarray
    tagged: np.ndarray
    role: np.ndarray
    lepton: np.ndarray
    missing: np.ndarray

    @classmethod
    def of(cls, events: Events) -> Self:
        """The top pairs of the sample `ttbar_events`, all other events left out.

        Raises:
            ValueError: the events lack a quantity.
        """
        if "top pair" in events.names:
            events = events.of_class("top pair")
        names = [f"jet{k}_{what}" for k in range(1, N_JETS + 1) for what in PER_JET]
        table = events.columns(*names).reshape(len(events), N_JETS, len(PER_JET))
        lepton = events.columns("lepton_pt", "lepton_eta", "lepton_phi")
        missing = events.columns("met_pt", "met_phi")
        return cls(table[..., :4], table[..., 4] > 0, table[..., 5].astype(int), lepton, missing)

    def __len__(self) -> int:
        return len(self.jets)

    def __getitem__(self, rows: slice | np.ndarray) -> "TopPairs":
        """The pairs in some rows."""
        return TopPairs(
            self.jets[rows],
            self.tagged[rows],
            self.role[rows],
            self.lepton[rows],
            self.missing[rows],
        )

    def permuted(self, order: np.ndarray) -> "TopPairs":
        """The same events with jets in another order: jet k of the new event is jet order[:, k]."""
        jets = np.take_along_axis(self.jets, order[..., None], 1)
        tagged = np.take_along_axis(self.tagged, order, 1)
        role = np.take_along_axis(self.role, order, 1)
        return TopPairs(jets, tagged, role, self.lepton, self.missing)

    @property
    def real(self) -> np.ndarray:
        """Which jets exist, (N, 6)."""
        return self.jets[..., 0] > 0

    @property
    def possible(self) -> np.ndarray:
        """Which assignments name only jets that exist, (N, 180)."""
        return np.asarray(self.real[:, ALL].all(axis=2))

    @property
    def complete(self) -> np.ndarray:
        """Events (N,) in which each of the four quarks has one jet: only they have an answer."""
        wanted = {LEPTONIC_B: 1, HADRONIC_B: 1, W_QUARK: 2}
        counts = [(self.role == role).sum(axis=1) == n for role, n in wanted.items()]
        return np.asarray(np.stack(counts).all(axis=0))

    @property
    def truth(self) -> np.ndarray:
        """The number of the right assignment (N,), -1 for an event that is not complete."""
        wanted = np.array([LEPTONIC_B, HADRONIC_B, W_QUARK, W_QUARK])
        fits = (self.role[:, ALL] == wanted).all(axis=2)
        return np.where(self.complete, fits.argmax(axis=1), -1)

    @property
    def momenta(self) -> np.ndarray:
        """Four-vectors (N, 6, 4) of the jets as E, px, py, pz in GeV; zeros for absent ones."""
        return kinematics.four_vectors(*np.moveaxis(self.jets, 2, 0))


def chosen(scores: np.ndarray) -> np.ndarray:
    """The assignment (N,) with the highest of the scores (N, 180)."""
    return scores.argmax(axis=1)


def hits(pairs: TopPairs, scores: np.ndarray) -> np.ndarray:
    """Whether the best assignment is the right one, for each complete event (M,).

    Raises:
        ValueError: scores of another shape than (N, 180), or no complete event.
    """
    if scores.shape != (len(pairs), len(ALL)):
        raise ValueError(
            f"scores of shape {scores.shape}: give one for each assignment of each event, "
            f"({len(pairs)}, {len(ALL)})"
        )
    if not pairs.complete.any():
        raise ValueError("no event is complete: none has an answer; take more events")
    return np.asarray(chosen(scores) == pairs.truth)[pairs.complete]


def efficiency(pairs: TopPairs, scores: np.ndarray) -> Interval:
    """Share of the complete events whose best assignment is right, with its binomial interval.

    Raises:
        ValueError: as `hits`.
    """
    right = hits(pairs, scores)
    return efficiency_interval(int(right.sum()), len(right))


def chance(pairs: TopPairs) -> float:
    """The efficiency of guessing: the mean of one over the number of assignments."""
    return float((1 / pairs.possible.sum(axis=1))[pairs.complete].mean())
