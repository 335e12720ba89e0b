"""What a tagged test sample looks like: mass, score and truth of each jet, a few jets in full."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:  # the dashboard needs no jets to start
    from hepml_lite.containers.jets import Jets

MASS_STEP, SCORE_STEP = 0.1, 0.001  # GeV and log-odds: far finer than any resolution
SCORE_LIMIT = 12.0  # log-odds beyond are as good as certain and count as this


@dataclass(frozen=True, eq=False)
class TaggingResults:
    """N jets of a test sample, tagged by K trainings of the same network.

    Attributes:
        mass: (N,) jet mass [GeV].
        scores: (K, N) log-odds ln p(top)/p(QCD), one row a training.
        labels: (N,) int, 1 for top and 0 for QCD.
        shown: (M,) positions of the jets whose constituents are kept.
        constituents: M arrays (P_i, 3): pT/pT_jet, eta-eta_jet, phi-phi_jet.

    Raises:
        ValueError: if shapes do not fit together, numbers are not finite or a class is missing.
    """

    mass: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    shown: np.ndarray
    constituents: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        n = len(self.labels)
        if self.mass.shape != (n,) or self.scores.ndim != 2 or self.scores.shape[1] != n:
            raise ValueError(
                f"{n} labels, but masses {self.mass.shape} and scores {self.scores.shape}: "
                "expected (N,) masses and (trainings, N) scores"
            )
        if not (np.isfinite(self.mass).all() and np.isfinite(self.scores).all()):
            raise ValueError("masses or scores are NaN or infinite: did a training diverge?")
        if set(np.unique(self.labels)) != {0, 1}:
            raise ValueError(
                f"labels are {np.unique(self.labels)}: both 0 (QCD) and 1 (top) needed"
            )
        if len(self.shown) != len(self.constituents) or not (self.shown < n).all():
            raise ValueError(f"{len(self.constituents)} jets in full, {len(self.shown)} positions")

    @classmethod
    def from_jets(cls, jets: "Jets", scores: ArrayLike, shown: int = 200) -> "TaggingResults":
        """Tagged jets, for a dashboard on your own network.

        Args:
            jets: N jets of two classes, label 1 for top.
            scores: (N,) or one row for each training (K, N): log-odds ln p(top)/p(QCD), the
                difference of the two logits; clipped to ±12.
            shown: keep the constituents of so many jets, half of each class.
        """
        some = [np.flatnonzero(jets.label == label)[: shown // 2] for label in (0, 1)]
        shown_jets = jets[np.sort(np.concatenate(some))]
        relative, mask = shown_jets.relative(), shown_jets.mask
        return cls(
            mass=np.asarray(jets.mass, dtype=float),
            scores=np.clip(np.atleast_2d(np.asarray(scores, float)), -SCORE_LIMIT, SCORE_LIMIT),
            labels=np.asarray(jets.label),
            shown=np.sort(np.concatenate(some)),
            constituents=tuple(jet[real] for jet, real in zip(relative, mask, strict=True)),
        )

    def save(self, path: str | PathLike) -> None:
        """Write a compact .npz: masses in steps of 0.1 GeV, scores in steps of 0.001."""
        flat = np.concatenate(self.constituents)  # (sum P_i, 3)
        np.savez_compressed(
            path,
            mass=np.round(self.mass / MASS_STEP).astype(np.uint16),
            scores=np.round(self.scores / SCORE_STEP).astype(np.int16),
            labels=np.packbits(self.labels.astype(bool)),
            shown=self.shown.astype(np.uint16),
            counts=np.array([len(jet) for jet in self.constituents], dtype=np.uint16),
            constituents=flat.astype(np.float16),
        )

    @classmethod
    def load(cls, path: str | PathLike) -> "TaggingResults":
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: naming the script that makes the file.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"no results at {path}: run widgets/start_here/make_stored.py")
        with np.load(path, allow_pickle=False) as stored:
            n = len(stored["mass"])
            ends = np.cumsum(stored["counts"], dtype=int)[:-1]
            return cls(
                # a quotient by 10 or 1000 is the same number as its decimal text in a URL
                mass=stored["mass"] / round(1 / MASS_STEP),
                scores=stored["scores"] / round(1 / SCORE_STEP),
                labels=np.unpackbits(stored["labels"], count=n).astype(int),
                shown=stored["shown"].astype(int),
                constituents=tuple(np.split(stored["constituents"].astype(float), ends)),
            )
