"""Jets scored by taggers: mass, pT, truth and scores of each jet, a few jets in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.jets import Jets
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.validation import require_shape
from hepml_lite.containers.whole_steps import half_precision, whole_steps
from hepml_lite.files import atomic_write

SCORE_LIMIT = 300.0  # beyond, an order of jets would be lost; 16 bits hold steps of 0.01 up to 327
PER_SCORE = 1000  # steps a unit of log-odds
PER_GEV = 50  # steps a GeV of mass and pT: far finer than any resolution
UNSIGNED = np.uint16, np.uint32  # the first that holds all values


@dataclass(frozen=True, eq=False, repr=False)
class ScoredJets(Rows):
    """N jets of a test sample, scored by one or more taggers, each trained once or several times.

    Attributes:
        mass: (N,) of the jets [GeV].
        scores: by name of the tagger, (K, N) log-odds ln p(top)/p(QCD), one row a training; (N,)
            for a single training.
        pt: (N,) of the jets [GeV], or None.
        label: (N,) index into `names`.
        names: of the classes; 0 is QCD and 1 is top.
        shown: (M,) positions of the jets whose constituents are kept.
        constituents: M arrays (P_i, 3): pT/pT_jet, eta-eta_jet, phi-phi_jet.
        per_score: scores are rounded to 1 / per_score where they are made, and stored so.

    Raises:
        ValueError: if shapes do not fit together or numbers are not finite.
    """

    ARRAYS = "mass", "pt", "label"

    mass: np.ndarray
    scores: Mapping[str, np.ndarray]
    pt: np.ndarray | None = None
    names: tuple[str, ...] = field(default=("QCD", "top"), kw_only=True)
    shown: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    constituents: tuple[np.ndarray, ...] = ()
    per_score: int = PER_SCORE

    def __post_init__(self) -> None:
        given = {"mass": self.mass, "pt": self.pt}
        arrays = {name: np.asarray(a, float) for name, a in given.items() if a is not None}
        self._settle(**arrays)
        for name, array in arrays.items():
            require_shape(name, array, (len(self),), each="jet")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} is NaN or infinite for some jets: remove them first")
        scores = {name: np.atleast_2d(np.asarray(s)) for name, s in self.scores.items()}
        for name, rows in scores.items():
            if rows.ndim != 2 or rows.shape[1] != len(self):
                raise ValueError(
                    f"{name!r} has scores {rows.shape} for {len(self)} jets: "
                    "expected (N,), or (trainings, N)"
                )
            if not np.isfinite(rows).all():
                raise ValueError(f"{name!r} has scores that are NaN or infinite: did it diverge?")
        if len(self.shown) != len(self.constituents) or not (self.shown < len(self)).all():
            raise ValueError(
                f"{len(self.constituents)} jets in full, {len(self.shown)} positions of them "
                f"among {len(self)} jets: one position each"
            )
        self.__dict__.update(scores=scores)

    @classmethod
    def from_jets(
        cls,
        jets: Jets,
        scores: Mapping[str, ArrayLike],
        shown: int = 0,
        per_score: int = PER_SCORE,
    ) -> Self:
        """Jets of two classes, label 1 for top, with scores.

        Args:
            jets: N jets.
            scores: by tagger, (N,) or one row for each training (K, N): log-odds ln p(top)/p(QCD),
                the difference of the two logits; rounded to 1 / per_score and clipped to ±300.
            shown: keep the constituents of so many jets, half of each class.
            per_score: see the class.
        """
        label = np.asarray(jets.label)
        some = [np.flatnonzero(label == c)[: shown // 2] for c in (0, 1)]
        positions = np.sort(np.concatenate(some))
        constituents: tuple[np.ndarray, ...] = ()
        if len(positions):
            kept = jets[positions]
            pairs = zip(kept.relative(), kept.mask, strict=True)
            constituents = tuple(jet[real] for jet, real in pairs)
        return cls(
            mass=jets.mass,
            pt=jets.pt,
            label=label,
            scores={name: rounded(rows, per_score) for name, rows in scores.items()},
            shown=positions,
            constituents=constituents,
            per_score=per_score,
        )

    @property
    def taggers(self) -> tuple[str, ...]:
        """Names of the taggers."""
        return tuple(self.scores)

    def row(self, tagger: str) -> int:
        """The place of a tagger in `taggers`.

        Raises:
            ValueError: there is none of that name.
        """
        if tagger not in self.scores:
            raise ValueError(f"no tagger {tagger!r}; there are: {', '.join(self.scores)}")
        return self.taggers.index(tagger)

    def trainings(self, tagger: str | None = None) -> np.ndarray:
        """Scores (K, N) of all trainings of a tagger; of the first one if none is named."""
        return self.scores[self.taggers[0 if tagger is None else self.row(tagger)]]

    def with_tagger(self, name: str, scores: ArrayLike) -> Self:
        """The same jets with one more tagger, first in the list; one of that name is replaced.

        Args:
            name: of the tagger.
            scores: (N,) or (K, N) log-odds of the same jets in the same order.

        Raises:
            ValueError: scores of other jets.
        """
        scores = rounded(scores, self.per_score)
        if scores.shape[-1:] != (len(self),):
            raise ValueError(
                f"{scores.shape} scores for {len(self)} jets: score the whole test sample, "
                "load('top_tagging', split='test')"
            )
        others = {other: rows for other, rows in self.scores.items() if other != name}
        return replace(self, scores={name: scores, **others})

    def __getitem__(self, index: int | slice | Sequence | np.ndarray) -> Self:
        """Jets chosen by an integer, a slice, a list of positions or a boolean mask (N,)."""
        positions = np.atleast_1d(np.arange(len(self))[index])
        pairs = [
            (new, jet)
            for old, jet in zip(self.shown, self.constituents, strict=True)
            for new in np.flatnonzero(positions == old)
        ]
        chosen: dict[str, Any] = {}
        for name, array in self.arrays().items():
            chosen[name] = array[positions]
        return replace(
            self,
            **chosen,
            scores={name: rows[:, positions] for name, rows in self.scores.items()},
            shown=np.array([new for new, _ in pairs], int),
            constituents=tuple(jet for _, jet in pairs),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """One sample from several with the same classes, taggers and trainings.

        Raises:
            ValueError: if these differ.
        """
        described = [
            (p.names, *p.arrays(), *((name, len(rows)) for name, rows in p.scores.items()))
            for p in parts
        ]
        if len(set(described)) != 1:
            raise ValueError(f"cannot join samples that differ in classes or taggers: {described}")
        first = parts[0]
        starts = np.cumsum([0, *map(len, parts)])[:-1]
        joined: dict[str, Any] = {}
        for name in first.arrays():
            joined[name] = np.concatenate([p.arrays()[name] for p in parts])
        return replace(
            first,
            **joined,
            scores={k: np.concatenate([p.scores[k] for p in parts], axis=1) for k in first.scores},
            shown=np.concatenate([p.shown + start for p, start in zip(parts, starts, strict=True)]),
            constituents=tuple(jet for p in parts for jet in p.constituents),
        )

    def save(self, path: str | Path) -> None:
        """Write a compact .npz: masses and pT in steps of 0.02 GeV, scores of 1 / per_score.

        Raises:
            ValueError: if a number does not fit; the message says which.
        """
        arrays: dict[str, Any] = {**self.packed()}
        with atomic_write(path) as temporary:
            np.savez_compressed(temporary, **arrays)

    @classmethod
    def load(cls, path: str | PathLike) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: naming the scripts that make such files.
        """
        with np.load(existing(path), allow_pickle=False) as stored:
            return cls.unpacked(stored)

    def packed(self) -> dict[str, np.ndarray]:
        """Arrays of small integers, as they are stored."""
        if len(self.names) > 2:
            raise ValueError(f"{len(self.names)} classes {self.names}: only two can be packed")
        momenta = [self.mass] if self.pt is None else [self.mass, self.pt]
        arrays = {
            "names": np.array(self.taggers),
            "trainings": np.array([len(rows) for rows in self.scores.values()]),
            "classes": np.array(self.names),
            "per_gev": np.array(PER_GEV),
            "per_score": np.array(self.per_score),
            "labels": np.packbits(self.label.astype(bool)),
            "momenta": whole_steps(momenta, "mass or pT [GeV]", *UNSIGNED, per_unit=PER_GEV),
            "scores": whole_steps(
                np.concatenate(list(self.scores.values())),
                "score [log-odds]",
                np.int16,
                np.int32,
                per_unit=self.per_score,
            ),
        }
        if len(self.shown):
            flat = np.concatenate(self.constituents)  # (sum P_i, 3)
            arrays["shown"] = whole_steps(self.shown, "position of a shown jet", *UNSIGNED)
            counts = [len(jet) for jet in self.constituents]
            arrays["counts"] = whole_steps(counts, "constituents of a shown jet", *UNSIGNED)
            arrays["constituents"] = half_precision(flat, "constituents of a shown jet")
        return arrays

    @classmethod
    def unpacked(cls, stored: Mapping[str, np.ndarray]) -> Self:
        """From what `packed` gave, or from the older files that do not say their steps.

        The files of "Cut or learn?" held one network without pT in steps of 0.1 GeV and 0.001;
        those of the tagging dashboard held one training a tagger in steps of 0.02 GeV and 0.01.
        """
        if "momenta" in stored:
            momenta, per_gev, per_score = stored["momenta"], PER_GEV, 100
        else:
            momenta, per_gev, per_score = stored["mass"][None], 10, 1000
        per_gev = int(stored.get("per_gev", per_gev))
        per_score = int(stored.get("per_score", per_score))
        taggers = tuple(map(str, stored.get("names", ("network",))))
        # a quotient by 10 or 1000 is the same number as its decimal text in a URL
        mass, *pt = momenta / per_gev
        rows = stored["scores"] / per_score  # all trainings of all taggers
        each = stored.get("trainings", np.full(len(taggers), len(rows) // len(taggers)))
        blocks = np.split(rows, np.cumsum(each)[:-1])
        shown: dict[str, Any] = {}
        if "shown" in stored:
            ends = np.cumsum(stored["counts"], dtype=int)[:-1]
            shown["shown"] = stored["shown"].astype(int)
            shown["constituents"] = tuple(np.split(stored["constituents"].astype(float), ends))
        return cls(
            mass=mass,
            pt=pt[0] if pt else None,
            label=np.unpackbits(stored["labels"], count=len(mass)).astype(int),
            names=tuple(map(str, stored.get("classes", ("QCD", "top")))),
            scores=dict(zip(taggers, blocks, strict=True)),
            per_score=per_score,
            **shown,
        )


def rounded(scores: ArrayLike, per_score: int = PER_SCORE) -> np.ndarray:
    """Log-odds as they are stored: in steps of 1 / per_score, clipped to ±300."""
    clipped = np.clip(np.asarray(scores, float), -SCORE_LIMIT, SCORE_LIMIT)
    return np.round(clipped * per_score) / per_score


def existing(path: str | PathLike) -> Path:
    """The path of a file of scored jets.

    Raises:
        FileNotFoundError: there is none; the message names the scripts that make such files.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"no scored jets at {path}: run widgets/start_here/make_stored.py or "
            "widgets/tagging/make_stored.py, whichever dashboard they are for"
        )
    return Path(path)
