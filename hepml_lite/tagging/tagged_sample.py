"""A test sample scored by many taggers, also after variations: what the dashboard draws from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from hepml_lite.statistics.decorrelation import jensen_shannon
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.metrics import auc, roc_band
from hepml_lite.statistics.thresholds import thresholds_at
from hepml_lite.tagging.tagged_variation import ARRAYS, SCORE_STEP, Variation, passing, rounded

if TYPE_CHECKING:  # the dashboard needs no jets to start
    from hepml_lite.containers.jets import Jets

GRID = np.arange(1, 101) / 100  # signal efficiencies at which variations are counted
MASS_BINS = 20  # of the divergence
MOMENTUM_STEP = 0.02  # GeV, of masses and pT


@dataclass(frozen=True, eq=False)
class TaggedSample:
    """N jets of a test sample, scored by T taggers.

    Attributes:
        names: of the taggers.
        parameters: (T,) fitted numbers of each.
        labels: (N,) int, 1 for top and 0 for QCD.
        mass, pt: (N,) of the jets [GeV].
        scores: (T, N) log-odds ln p(top)/p(QCD).
        bands: (T, 3, E) background rejection at eps_S = `GRID` and both ends of its 68 % band.
        variations: by name; the same jets (the first ones of the sample) or others.
        curves: (K, 3) for taggers of any name: training jets, AUC, its spread over trainings.

    Raises:
        ValueError: shapes that do not fit together, numbers that are not finite, a missing class.
    """

    names: tuple[str, ...]
    parameters: np.ndarray
    labels: np.ndarray
    mass: np.ndarray
    pt: np.ndarray
    scores: np.ndarray
    bands: np.ndarray
    variations: Mapping[str, Variation] = field(default_factory=dict)
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, t = len(self.labels), len(self.names)
        if self.scores.shape != (t, n) or self.mass.shape != (n,) or self.pt.shape != (n,):
            raise ValueError(
                f"{n} labels and {t} names, but scores {self.scores.shape}, masses "
                f"{self.mass.shape}, pT {self.pt.shape}: expected (taggers, N), (N,) and (N,)"
            )
        for name, scores in zip(self.names, self.scores, strict=True):
            if not np.isfinite(scores).all():
                raise ValueError(f"{name!r} has scores that are NaN or infinite: did it diverge?")
        if set(np.unique(self.labels)) != {0, 1}:
            raise ValueError(f"labels are {np.unique(self.labels)}: 0 (QCD) and 1 (top) needed")

    @classmethod
    def from_scores(
        cls,
        jets: "Jets",
        scores: Mapping[str, ArrayLike],
        parameters: Mapping[str, int] | None = None,
        n_bootstrap: int = 100,
    ) -> Self:
        """A sample from jets of two classes, label 1 for top, and log-odds (N,) by name."""
        labels, rows = np.asarray(jets.label), np.stack([rounded(s) for s in scores.values()])
        return cls(
            names=tuple(scores),
            parameters=np.array([(parameters or {}).get(name, 0) for name in scores]),
            labels=labels,
            mass=np.asarray(jets.mass, float),
            pt=np.asarray(jets.pt, float),
            scores=rows,
            bands=np.stack([_band(labels, row, n_bootstrap) for row in rows]),
        )

    def with_tagger(self, name: str, scores: ArrayLike, parameters: int = 0) -> Self:
        """The sample with one more tagger, first in the list: to see your own beside the others.

        Args:
            name: of the tagger; one of that name is replaced.
            scores: (N,) log-odds of the same jets in the same order.
            parameters: fitted numbers.
        """
        scores = rounded(scores)
        if scores.shape != self.labels.shape:
            raise ValueError(
                f"{scores.shape} scores for {len(self.labels)} jets: score the whole test sample, "
                "load('top_tagging', split='test')"
            )
        keep = [row for row, other in enumerate(self.names) if other != name]

        def put(first: ArrayLike, rest: np.ndarray) -> np.ndarray:
            return np.concatenate([np.asarray(first)[None], rest[keep]])

        return replace(
            self,
            names=(name, *(self.names[row] for row in keep)),
            parameters=put(parameters, self.parameters),
            scores=put(scores, self.scores),
            bands=put(_band(self.labels, scores, 50), self.bands),
            variations={key: v.with_unseen(keep) for key, v in self.variations.items()},
        )

    def row(self, name: str) -> int:
        """Where a tagger is.

        Raises:
            ValueError: there is none of that name.
        """
        if name not in self.names:
            raise ValueError(f"no tagger {name!r}; there are: {', '.join(self.names)}")
        return self.names.index(name)

    @cached_property
    def auc(self) -> np.ndarray:
        """Area under the ROC curve of each tagger, (T,)."""
        return np.array([auc(self.labels, scores) for scores in self.scores])

    @cached_property
    def auc_error(self) -> np.ndarray:
        """Its standard error over test samples, (T,): DeLong et al., Biometrics 44 (1988) 837."""
        return np.array([_delong(self.labels, scores) for scores in self.scores])

    @cached_property
    def thresholds(self) -> np.ndarray:
        """Scores (T, E) at or above which the signal efficiency is that of `GRID`, or just more."""
        signal = self.scores[:, self.labels == 1]  # (T, S)
        return np.stack([thresholds_at(scores, GRID) for scores in signal])

    @cached_property
    def _nominal(self) -> dict[str, np.ndarray]:
        """Jets that pass before each variation, (T, 2, E), and (2,) of how many: as its jets."""
        before = {}
        for name, variation in self.variations.items():
            few = slice(None) if variation.gained is None else slice(int(variation.total.sum()))
            scores, labels = self.scores[:, few], self.labels[few]
            rows = zip(scores, self.thresholds, strict=True)
            counts = np.stack([passing(row, labels, cuts) for row, cuts in rows])
            before[name] = counts, np.bincount(labels, minlength=2)
        return before

    def shift(
        self, tagger: int, variation: str, strength: int, label: int, threshold: float
    ) -> Interval | None:
        """Efficiency of a class after a variation over that before it: `Variation.ratio`.

        The threshold taken is the nearest of those in `thresholds`.
        """
        counts, total = self._nominal[variation]
        e = int(np.argmin(np.abs(self.thresholds[tagger] - threshold)))
        before = int(counts[tagger, label, e]), int(total[label])
        return self.variations[variation].ratio((tagger, strength, label, e), *before)

    @cached_property
    def _mass_bins(self) -> np.ndarray:
        """The bin of the mass of each QCD jet; all hold the same number of them."""
        mass = self.mass[self.labels == 0]
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
        passed = selected[self.labels == 0]
        n = int(passed.sum())
        m = len(passed) - n
        if min(n, m) < 10:
            return None
        sides = (np.bincount(self._mass_bins[s], minlength=MASS_BINS) for s in (passed, ~passed))
        return jensen_shannon(*sides), (MASS_BINS - 1) / (8 * np.log(2)) * (1 / n + 1 / m)

    def save(self, path: str | PathLike) -> None:
        """Write a compact .npz."""
        arrays = {
            "names": np.array(self.names),
            "parameters": self.parameters.astype(np.int64),
            "labels": np.packbits(self.labels.astype(bool)),
            "momenta": np.round(np.stack([self.mass, self.pt]) / MOMENTUM_STEP).astype(np.uint16),
            "scores": np.round(self.scores / SCORE_STEP).astype(np.int16),
            "bands": self.bands.astype(np.float32),
            "variations": np.array(list(self.variations)),
            "curves": np.array(list(self.curves)),
        }
        for name, variation in self.variations.items():
            arrays |= {f"{key} of {name}": a for key, a in variation.arrays().items()}
        arrays |= {f"curve of {name}": curve for name, curve in self.curves.items()}
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: str | PathLike) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: naming the script that makes the file.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"no results at {path}: run widgets/tagging/make_stored.py")
        with np.load(path, allow_pickle=False) as stored:
            mass, pt = stored["momenta"] * MOMENTUM_STEP
            return cls(
                names=tuple(map(str, stored["names"])),
                parameters=stored["parameters"],
                labels=np.unpackbits(stored["labels"], count=len(mass)).astype(int),
                mass=mass,
                pt=pt,
                scores=stored["scores"] / round(1 / SCORE_STEP),
                bands=stored["bands"].astype(float),
                variations={str(k): _variation(stored, k) for k in stored["variations"]},
                curves={str(k): stored[f"curve of {k}"] for k in stored["curves"]},
            )


def _band(labels: np.ndarray, scores: np.ndarray, n_bootstrap: int) -> np.ndarray:
    return np.stack(roc_band(labels, scores, n_bootstrap, rng=1, signal_efficiency=GRID)[1:])


def _variation(stored: Mapping[str, np.ndarray], name: str) -> Variation:
    keys = {key: f"{key} of {name}" for key in ARRAYS}
    return Variation.from_arrays({key: stored[k] for key, k in keys.items() if k in stored})


def _delong(labels: np.ndarray, scores: np.ndarray) -> float:
    """From the share of the other class that each jet is on the right side of."""
    variance, every = 0.0, rankdata(scores)
    for label in (0, 1):
        own = labels == label
        others = (every[own] - rankdata(scores[own])) / (~own).sum()
        variance += others.var(ddof=1) / own.sum()
    return float(np.sqrt(variance))
