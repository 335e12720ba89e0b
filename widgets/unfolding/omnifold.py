"""Stored results of OmniFold on all six observables: it takes minutes, a move milliseconds.

`widgets/unfolding/make_stored.py` makes stored.npz. Its data sets are data set 1 of the dashboard,
so that all methods unfold the same events.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from hepml_lite.files import atomic_write
from hepml_lite.unfolding.binned.result import BinnedResult
from widgets.shared.stored import verified
from widgets.unfolding import samples

STORED = Path(__file__).parent / "stored.npz"
EVENTS = 30_000  # true events of each data set
DATA_SET = 1
Detectors = tuple[tuple[float, float], ...]
DETECTORS: Detectors = ((0.0, 1.0), (0.5, 1.0), (0.0, 0.5))  # smearing, acceptance


class Setting(NamedTuple):
    """What a data set depends on; each field is a control of the dashboard."""

    nature: str
    smearing: float
    acceptance: float
    events: int = EVENTS
    data_set: int = DATA_SET
    same: bool = False


SETTINGS = tuple(Setting(nature, *one) for one in DETECTORS for nature in samples.NATURES)


@dataclass(frozen=True)
class StoredResults:
    """Results for each of the S `SETTINGS`, I iterations, the observables (Q) and their bins (B).

    Attributes:
        measured: (S, Q, B), the data, fakes included.
        unfolded: (S, I, Q, B), true events.
        errors: (S, I, Q, B), from fluctuations of data and simulation, and from the trainings.
        correlations: (S, I, Q, B, B) of these errors.
    """

    measured: np.ndarray
    unfolded: np.ndarray
    errors: np.ndarray
    correlations: np.ndarray

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file of `save`."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name].astype(float) for name in stored.files})

    def save(self, path: Path) -> None:
        """Write a compressed file; correlations in half precision."""
        with atomic_write(path) as temporary:
            np.savez_compressed(
                temporary,
                measured=self.measured.astype(np.int32),
                unfolded=self.unfolded.astype(np.float32),
                errors=self.errors.astype(np.float32),
                correlations=self.correlations.astype(np.float16),
            )

    @property
    def n_iterations(self) -> int:
        """I, the number of iterations."""
        return self.unfolded.shape[1]

    def result(self, setting: Setting, observable: str, step: int) -> BinnedResult:
        """The unfolded spectrum of one observable after `step` iterations.

        Raises:
            ValueError: this setting is not stored; the message says which controls to change.
        """
        place = self._place(setting, observable)
        if place is None:
            raise ValueError(what_to_change(setting))
        row, column = place
        iteration = min(step, self.n_iterations) - 1
        errors = self.errors[row, iteration, column]
        covariance = self.correlations[row, iteration, column] * np.outer(errors, errors)
        spectra = self.unfolded[row, : iteration + 1, column]
        return BinnedResult(spectra[-1], covariance, np.zeros_like(covariance), spectra)

    def data(self, setting: Setting, observable: str) -> np.ndarray | None:
        """The data (B,) that were unfolded, fakes included; None where they are not stored."""
        place = self._place(setting, observable)
        return None if place is None else self.measured[place]

    def _place(self, setting: Setting, observable: str) -> tuple[int, int] | None:
        if setting not in SETTINGS:
            return None
        return SETTINGS.index(setting), list(samples.OBSERVABLES).index(observable)


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def stored_results() -> StoredResults:
    """The stored results.

    Raises:
        ValueError: the file is damaged.
    """
    return StoredResults.load(verified(STORED))


def what_to_change(setting: Setting, detectors: Detectors = DETECTORS) -> str:
    """The controls that must be changed to reach a stored setting, in words."""
    wanted = []
    if setting.same:
        wanted.append("the box not ticked")
    if setting.events != EVENTS:
        wanted.append(f"{EVENTS:,} events".replace(",", " "))
    if setting.data_set != DATA_SET:
        wanted.append(f"data set {DATA_SET}")
    if (setting.smearing, setting.acceptance) not in detectors:
        known = [f"smearing {smearing:g} with acceptance {kept:g}" for smearing, kept in detectors]
        wanted.append(", or ".join(known))
    return f"a training takes minutes, so its results are stored: choose {'; '.join(wanted)}"
