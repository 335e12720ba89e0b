"""Stored searches of "Find the bump": a training takes seconds or minutes, a move milliseconds.

`widgets/anomaly_detection/make_stored.py` makes stored.npz. It holds counts, and no events but the
few that the linked views of the notebook show.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from hepml_lite.files import atomic_write
from widgets.shared.stored import verified

STORED = Path(__file__).parent / "stored.npz"

TOY = "exact toy"
DIJETS = "dijets"
SAMPLES = (TOY, DIJETS)
PLAIN = "plain"
NOISY = "ten noise features"
CORRELATED = "correlated with the mass"
FEATURES = (PLAIN, NOISY, CORRELATED)
CWOLA = "CWoLa"
CATHODE = "CATHODE"
LACATHODE = "LaCATHODE"
IDEALISED = "idealised"
NETWORK = "idealised, network"
OUTLIERS = "outliers"
SUPERVISED = "supervised"
METHODS = (CWOLA, CATHODE, LACATHODE, IDEALISED, NETWORK, OUTLIERS, SUPERVISED)
WITHOUT_FOLDS = (OUTLIERS, SUPERVISED)  # they never train on the events of the region
BROKEN = (CWOLA, CATHODE, LACATHODE, IDEALISED)  # are also made without folds
FLOWS = (CATHODE, LACATHODE, OUTLIERS)  # are slow in many features: not made with noise
STRENGTHS = (0, 1, 2, 3, 5)  # S/√B in the region, before any cut
FEW_STRENGTHS = (0, 3)  # with other features than the plain ones, and without folds
KEPT = (1.0, 0.3, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # share of the region after the cut

N_BINS = 20  # of the mass
SCORE_EDGES = np.linspace(-3, 9, 41)  # spreads of the background from its median
BACKGROUND_EFFICIENCIES = np.geomspace(1e-3, 1, 46)  # of the curve of the improvement
LINKED_COLUMNS = (
    "mjj [GeV]", "m1 [GeV]", "m2 [GeV]", "τ21 of jet 1", "τ21 of jet 2", "ΔR", "label",
)  # fmt: skip


class Mass(NamedTuple):
    """The axis of the spectrum of a sample, and the region where the signal is looked for."""

    symbol: str
    unit: str
    low: float
    high: float
    region: tuple[float, float]

    @property
    def edges(self) -> np.ndarray:
        """Edges of the bins, (N_BINS + 1,)."""
        return np.linspace(self.low, self.high, N_BINS + 1)

    @property
    def in_region(self) -> np.ndarray:
        """Which bins are in the region, bool (N_BINS,)."""
        centres = (self.edges[1:] + self.edges[:-1]) / 2
        return (centres > self.region[0]) & (centres < self.region[1])


MASSES = {
    TOY: Mass("m", "", 2.5, 4.5, (3.3, 3.7)),
    DIJETS: Mass("m<sub>jj</sub>", "GeV", 2700.0, 4700.0, (3300.0, 3700.0)),
}


class Setting(NamedTuple):
    """What a stored search depends on; each field is a control of the dashboard."""

    sample: str
    features: str
    strength: int
    method: str
    folds: bool

    @property
    def place(self) -> tuple[int, ...]:
        """Where it is in the arrays of the file; the folds play no part in some methods."""
        same = self.folds or self.method in WITHOUT_FOLDS
        return (
            SAMPLES.index(self.sample),
            FEATURES.index(self.features),
            STRENGTHS.index(self.strength),
            METHODS.index(self.method),
            0 if same else 1,
        )


def is_made(setting: Setting) -> bool:
    """Whether the script makes this search: a training takes seconds or minutes."""
    if setting.features == NOISY and setting.method in FLOWS:
        return False
    if setting.strength in FEW_STRENGTHS:
        return setting.folds or (setting.features == PLAIN and setting.method in BROKEN)
    return setting.folds and setting.features == PLAIN


ALL = product(SAMPLES, FEATURES, STRENGTHS, METHODS, (True, False))
SETTINGS = tuple(one for one in (Setting(*choice) for choice in ALL) if is_made(one))
SHAPE = (len(SAMPLES), len(FEATURES), len(STRENGTHS), len(METHODS), 2)


@dataclass(frozen=True)
class Search:
    """One search: what passes each of the K cuts of `KEPT`, and how well the score ranks.

    Attributes:
        background: data events that pass, in bins of the mass, (K, B).
        signal: injected events that pass, (K, B).
        test_background: background events of the test that pass, (K, B).
        score_background: scores of the background of the test in the region, counts (H,).
        score_signal: the same of the signal, (H,).
        cuts: the thresholds in the units of `SCORE_EDGES`, (K,).
        test_events: background and signal events of the test in the region, (2,).
        passed: how many of these pass, (K, 2).
        curve: signal efficiency at `BACKGROUND_EFFICIENCIES`, (G,).
        summary: AUC, largest significance improvement and largest possible one, (3,).
        p_values: local and global p-value, (K, 2); NaN where the fit has no answer.
        window: where the excess is largest, (K, 2), in units of the mass.
    """

    background: np.ndarray
    signal: np.ndarray
    test_background: np.ndarray
    score_background: np.ndarray
    score_signal: np.ndarray
    cuts: np.ndarray
    test_events: np.ndarray
    passed: np.ndarray
    curve: np.ndarray
    summary: np.ndarray
    p_values: np.ndarray
    window: np.ndarray

    @property
    def area(self) -> float:
        """AUC of the test."""
        return float(self.summary[0])

    @property
    def largest(self) -> float:
        """The largest significance improvement of the test."""
        return float(self.summary[1])

    @property
    def largest_possible(self) -> float:
        """What a perfect score would get on as many events."""
        return float(self.summary[2])

    @property
    def counts(self) -> np.ndarray:
        """All data events that pass, (K, B)."""
        return self.background + self.signal


WHOLE_NUMBERS = (
    "background", "signal", "test_background", "score_background", "score_signal", "test_events",
    "passed",
)  # fmt: skip


def _kind(name: str) -> type:
    """How numbers are stored: p-values may be as small as 1e-300."""
    if name == "p_values":
        return np.float64
    return np.int32 if name in WHOLE_NUMBERS else np.float32


@dataclass(frozen=True)
class StoredSearches:
    """All searches of the file.

    Attributes:
        arrays: each attribute of `Search`, with the axes of `Setting.place` before its own.
        linked: dijets of the test, (N, 7) as `LINKED_COLUMNS`.
        linked_scores: ranks of the scores of all methods, (N, M): the share of events below.
    """

    arrays: dict[str, np.ndarray]
    linked: np.ndarray
    linked_scores: np.ndarray

    @classmethod
    def of(
        cls, searches: dict[Setting, Search], linked: np.ndarray, linked_scores: np.ndarray
    ) -> Self:
        """From single searches; what is missing stays zero."""
        arrays = {}
        example = next(iter(searches.values()))
        for name in (field.name for field in fields(Search)):
            shape = np.shape(getattr(example, name))
            arrays[name] = np.zeros((*SHAPE, *shape), _kind(name))
            for setting, search in searches.items():
                arrays[name][setting.place] = getattr(search, name)
        return cls(arrays, linked, linked_scores)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file of `save`."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(arrays, arrays.pop("linked"), arrays.pop("linked_scores"))

    def save(self, path: Path) -> None:
        """Write a compressed file."""
        columns: dict[str, Any] = {
            **self.arrays,
            "linked": self.linked.astype(np.float32),
            "linked_scores": self.linked_scores.astype(np.float32),
        }
        with atomic_write(path) as temporary:
            np.savez_compressed(temporary, **columns)

    def has(self, setting: Setting) -> bool:
        """Whether this search was made."""
        return bool(self.arrays["test_events"][setting.place].sum() > 0)

    def search(self, setting: Setting) -> Search:
        """One search.

        Raises:
            ValueError: it is not stored; the message says what to do.
        """
        if not self.has(setting):
            raise ValueError(_what_to_change(setting))
        found = {name: array[setting.place].astype(float) for name, array in self.arrays.items()}
        return Search(**found)

    def events(self) -> pd.DataFrame:
        """The dijets of the linked views: quantities, label and the rank of each method."""
        table = pd.DataFrame(self.linked, columns=list(LINKED_COLUMNS))
        for method, ranks in zip(METHODS, self.linked_scores.T, strict=True):
            table[f"rank of {method}"] = ranks
        return table


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def stored_searches() -> StoredSearches:
    """The stored searches.

    Raises:
        ValueError: the file is damaged.
    """
    return StoredSearches.load(verified(STORED))


def _what_to_change(setting: Setting) -> str:
    """The controls that must be changed to reach a stored search, in words."""
    wanted = []
    if setting.features == NOISY and setting.method in FLOWS:
        others = [method for method in METHODS if method not in FLOWS]
        wanted.append(f"other features, or one of {', '.join(others)}")
    elif setting.features != PLAIN and setting.strength not in FEW_STRENGTHS:
        known = " or ".join(map(str, FEW_STRENGTHS))
        wanted.append(f"S/√B = {known}, or plain features")
    elif not setting.folds and setting.features != PLAIN:
        wanted.append("folds, or plain features")
    elif not setting.folds and setting.strength not in FEW_STRENGTHS:
        known = " or ".join(map(str, FEW_STRENGTHS))
        wanted.append(f"folds, or S/√B = {known}")
    elif not setting.folds and setting.method not in BROKEN:
        wanted.append(f"folds, or one of {', '.join(BROKEN)}")
    else:
        wanted.append("another method or strength")
    return f"a training takes a while, so its results are stored: choose {'; '.join(wanted)}"
