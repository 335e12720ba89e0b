"""Thresholds, rates and areas of many taggers on the same jets, also after variations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from hepml_lite.containers import scored_jets_file
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.scored_jets import ScoredJets
from hepml_lite.containers.validation import require_both_classes
from hepml_lite.files import atomic_write
from hepml_lite.statistics.decorrelation import jensen_shannon
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.metrics import auc, roc_band
from hepml_lite.statistics.scored_variation import ARRAYS, PER_SCORE, ScoredVariation, passing
from hepml_lite.statistics.thresholds import thresholds_at

GRID = np.arange(1, 101) / 100  # signal efficiencies at which variations are counted
MASS_BINS = 20  # of the divergence


@dataclass(frozen=True, eq=False)
class TaggerRates:
    """What T taggers let through of the same N jets; of each tagger the first training counts.

    Attributes:
        jets: the jets and their scores.
        parameters: (T,) fitted numbers of each tagger.
        bands: (T, 3, E) background rejection at eps_S = `GRID` and both ends of its 68 % band.
        variations: by name; the same jets (the first ones of the sample) or others.
        curves: (K, 3) for taggers of any name: training jets, AUC, its spread over trainings.

    Raises:
        ValueError: shapes that do not fit together, a missing class.
    """

    jets: ScoredJets
    parameters: np.ndarray
    bands: np.ndarray
    variations: Mapping[str, ScoredVariation] = field(default_factory=dict)
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_taggers = len(self.jets.taggers)
        if len(self.parameters) != n_taggers or len(self.bands) != n_taggers:
            raise ValueError(
                f"{n_taggers} taggers, but {len(self.parameters)} numbers of parameters and "
                f"{len(self.bands)} bands: one each is needed"
            )
        require_both_classes(self.jets.label, self.jets.names)

    @classmethod
    def from_scores(
        cls,
        jets: Jets,
        scores: Mapping[str, ArrayLike],
        parameters: Mapping[str, int] | None = None,
        n_bootstrap: int = 100,
    ) -> Self:
        """From jets of two classes, label 1 for top, and log-odds (N,) by name of the tagger."""
        scored = ScoredJets.from_jets(jets, scores, per_score=PER_SCORE)
        bands = [_band(scored.label, rows[0], n_bootstrap) for rows in scored.scores.values()]
        return cls(
            jets=scored,
            parameters=np.array([(parameters or {}).get(name, 0) for name in scores]),
            bands=np.stack(bands),
        )

    def with_tagger(self, name: str, scores: ArrayLike, parameters: int = 0) -> Self:
        """The rates with one more tagger, first in the list: to see your own beside the others.

        Args:
            name: of the tagger; one of that name is replaced.
            scores: (N,) log-odds of the same jets in the same order.
            parameters: fitted numbers.
        """
        jets = self.jets.with_tagger(name, scores)
        keep = [row for row, other in enumerate(self.jets.taggers) if other != name]
        band = _band(jets.label, jets.trainings(name)[0], 50)
        return replace(
            self,
            jets=jets,
            parameters=np.concatenate([[parameters], self.parameters[keep]]),
            bands=np.concatenate([band[None], self.bands[keep]]),
            variations={key: v.with_unseen(keep) for key, v in self.variations.items()},
        )

    @cached_property
    def scores(self) -> np.ndarray:
        """Log-odds (T, N) of the first training of each tagger."""
        return np.stack([rows[0] for rows in self.jets.scores.values()])

    @cached_property
    def auc(self) -> np.ndarray:
        """Area under the ROC curve of each tagger, (T,)."""
        return np.array([auc(self.jets.label, scores) for scores in self.scores])

    @cached_property
    def auc_error(self) -> np.ndarray:
        """Its standard error over test samples, (T,): DeLong et al., Biometrics 44 (1988) 837."""
        return np.array([_delong(self.jets.label, scores) for scores in self.scores])

    @cached_property
    def thresholds(self) -> np.ndarray:
        """Scores (T, E) at or above which the signal efficiency is that of `GRID`, or just more."""
        signal = self.scores[:, self.jets.label == 1]  # (T, S)
        return np.stack([thresholds_at(scores, GRID) for scores in signal])

    @cached_property
    def _nominal(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Jets that pass before each variation, (T, 2, E), and (2,) of how many: as its jets."""
        before = {}
        for name, variation in self.variations.items():
            few = slice(None) if variation.gained is None else slice(int(variation.total.sum()))
            scores, labels = self.scores[:, few], self.jets.label[few]
            rows = zip(scores, self.thresholds, strict=True)
            counts = np.stack([passing(labels, row, cuts) for row, cuts in rows])
            before[name] = counts, np.bincount(labels, minlength=2)
        return before

    def shift(
        self, tagger: int, variation: str, strength: int, label: int, threshold: float
    ) -> Interval | None:
        """Efficiency of a class after a variation over that before it: `ScoredVariation.ratio`.

        The threshold taken is the nearest of those in `thresholds`.
        """
        counts, total = self._nominal[variation]
        e = int(np.argmin(np.abs(self.thresholds[tagger] - threshold)))
        before = int(counts[tagger, label, e]), int(total[label])
        return self.variations[variation].ratio((tagger, strength, label, e), *before)

    @cached_property
    def _mass_bins(self) -> np.ndarray:
        """The bin of the mass of each QCD jet; all hold the same number of them."""
        mass = self.jets.mass[self.jets.label == 0]
        edges = np.quantile(mass, np.linspace(0, 1, MASS_BINS + 1))
        return np.clip(np.searchsorted(edges, mass, "right") - 1, 0, MASS_BINS - 1)

    def sculpting(self, selected: np.ndarray) -> tuple[float, float] | None:
        """Jensen-Shannon divergence in bits of the masses of QCD jets that pass and that fail.

        Behind it what a random cut that passes as many would have, (B - 1) / (8 ln 2) (1/n + 1/m)
        for B bins, n and m jets. The bins are those of `decorrelation.mass_sculpting`. None if
        fewer than ten pass or fail.

        Args:
            selected: (N,) bool, the jets that pass.
        """
        passed = selected[self.jets.label == 0]
        n = int(passed.sum())
        m = len(passed) - n
        if min(n, m) < 10:
            return None
        sides = (np.bincount(self._mass_bins[s], minlength=MASS_BINS) for s in (passed, ~passed))
        return jensen_shannon(*sides), (MASS_BINS - 1) / (8 * np.log(2)) * (1 / n + 1 / m)

    def save(self, path: str | Path) -> None:
        """Write a compact .npz.

        Raises:
            ValueError: if a number does not fit; the message says which.
        """
        arrays: dict[str, Any] = scored_jets_file.packed(self.jets) | {
            "parameters": self.parameters.astype(np.int64),
            "bands": self.bands.astype(np.float32),
            "variations": np.array(list(self.variations)),
            "curves": np.array(list(self.curves)),
        }
        for name, variation in self.variations.items():
            arrays |= {f"{key} of {name}": a for key, a in variation.arrays().items()}
        arrays |= {f"curve of {name}": curve for name, curve in self.curves.items()}
        with atomic_write(path) as temporary:
            np.savez_compressed(temporary, **arrays)

    @classmethod
    def load(cls, path: str | PathLike) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: naming the scripts that make such files.
        """
        with np.load(scored_jets_file.existing(path), allow_pickle=False) as stored:
            return cls(
                jets=ScoredJets(**scored_jets_file.unpacked(stored)),
                parameters=stored["parameters"],
                bands=stored["bands"].astype(float),
                variations={str(k): _variation(stored, k) for k in stored["variations"]},
                curves={str(k): stored[f"curve of {k}"] for k in stored["curves"]},
            )


def _band(labels: np.ndarray, scores: np.ndarray, n_bootstrap: int) -> np.ndarray:
    return np.stack(roc_band(labels, scores, n_bootstrap, rng=1, signal_efficiency=GRID)[1:])


def _variation(stored: Mapping[str, np.ndarray], name: str) -> ScoredVariation:
    keys = {key: f"{key} of {name}" for key in ARRAYS}
    return ScoredVariation.from_arrays({key: stored[k] for key, k in keys.items() if k in stored})


def _delong(labels: np.ndarray, scores: np.ndarray) -> float:
    """From the share of the other class that each jet is on the right side of."""
    variance, every = 0.0, rankdata(scores)
    for label in (0, 1):
        own = labels == label
        others = (every[own] - rankdata(scores[own])) / (~own).sum()
        variance += others.var(ddof=1) / own.sum()
    return float(np.sqrt(variance))
