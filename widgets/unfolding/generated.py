"""Stored results of the other methods on all six observables, and where they move single events.

`widgets/unfolding/make_generated.py` makes generated.npz, from data set 1 of the dashboard and with
its usual detector: all methods unfold the same events.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np

from hepml_lite.files import atomic_write
from hepml_lite.unfolding.binned.result import BinnedResult
from widgets.shared.stored import verified
from widgets.unfolding import omnifold, samples
from widgets.unfolding.omnifold import Setting

STORED = Path(__file__).parent / "generated.npz"
DETECTORS = omnifold.DETECTORS[:1]
SETTINGS = tuple(Setting(nature, *one) for one in DETECTORS for nature in samples.NATURES)
MOVING = (
    "cINN",
    "flow matching",
    "latent flow matching",
    "FCGAN",
    "direct diffusion",
    "Schrödinger bridge",
    "conditional bridge",
    "SPINUP",
)  # they give true events for each measured one
METHODS = ("cINN, 2 iterations", "moments", *MOVING)
N_MIGRATION_BINS = 10


@dataclass(frozen=True)
class GeneratedResults:
    """Results of M `METHODS` for S `SETTINGS`, Q observables and their B bins.

    Attributes:
        unfolded: (M, S, Q, B), true events.
        errors: (M, S, Q, B), of the number of events in a bin; trainings are not in them.
        migration: P(true bin | measured bin) of simulated events, (1 + len(MOVING), Q, C, C), in C
            bins of equal content: that of the simulation, then that of each method in `MOVING`.
        counts: measured simulated events in each bin, (Q, C).
        migration_edges: (Q, C + 1).
    """

    unfolded: np.ndarray
    errors: np.ndarray
    migration: np.ndarray
    counts: np.ndarray
    migration_edges: np.ndarray

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file of `save`."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name].astype(float) for name in stored.files})

    def save(self, path: Path) -> None:
        """Write a compressed file."""
        with atomic_write(path) as temporary:
            np.savez_compressed(
                temporary,
                unfolded=self.unfolded.astype(np.float32),
                errors=self.errors.astype(np.float32),
                migration=self.migration.astype(np.float32),
                counts=self.counts.astype(np.int32),
                migration_edges=self.migration_edges,
            )

    def result(self, method: str, setting: Setting, observable: str) -> BinnedResult:
        """The unfolded spectrum of one observable.

        Raises:
            ValueError: this setting is not stored; the message says which controls to change.
        """
        if setting not in SETTINGS:
            raise ValueError(omnifold.what_to_change(setting, DETECTORS))
        place = METHODS.index(method), SETTINGS.index(setting), _column(observable)
        covariance = np.diag(self.errors[place] ** 2)
        spectrum = self.unfolded[place]
        return BinnedResult(spectrum, covariance, np.zeros_like(covariance), spectrum[None])

    def migration_of(self, method: str | None, observable: str) -> np.ndarray:
        """P(true bin | measured bin), (C, C), of one of `MOVING`; None: of the simulation."""
        row = 0 if method is None else 1 + MOVING.index(method)
        return self.migration[row, _column(observable)]


def _column(observable: str) -> int:
    return list(samples.OBSERVABLES).index(observable)


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def generated_results() -> GeneratedResults:
    """The stored results.

    Raises:
        ValueError: the file is damaged.
    """
    return GeneratedResults.load(verified(STORED))
