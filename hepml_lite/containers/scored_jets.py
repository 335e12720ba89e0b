"""Jets scored by taggers: mass, pT, label and scores of each jet, constituents of a few."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers import scored_jets_file
from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.validation import integers, own, plain_array, require_shape
from hepml_lite.files import atomic_write

SCORE_LIMIT = 300.0  # scores are clipped here: 16 bits hold steps of 0.01 up to 327
PER_SCORE = 1000  # steps per unit of log-odds


@dataclass(frozen=True, eq=False, repr=False)
class ScoredJets(Rows):
    """N jets of a test sample, scored by one or more taggers, each trained once or several times.

    Attributes:
        mass: (N,) masses of the jets [GeV].
        scores: log-odds ln p(top)/p(QCD) by name of the tagger, (K, N) with one row per training;
            (N,) for a single training.
        pt: (N,) transverse momenta of the jets [GeV], or None.
        label: (N,) index into `names`.
        names: names of the classes; 0 is QCD and 1 is top.
        shown: (M,) positions of the jets whose constituents are kept.
        constituents: M arrays (P_i, 3): pT/pT_jet, eta-eta_jet, phi-phi_jet.
        per_score: scores are rounded to steps of 1 / per_score and stored so.

    Raises:
        ValueError: if shapes do not fit together or numbers are not finite.
    """

    ARRAYS = ("mass", "pt", "label")

    mass: np.ndarray
    scores: Mapping[str, np.ndarray]
    pt: np.ndarray | None = None
    names: tuple[str, ...] = field(default=("QCD", "top"), kw_only=True)
    shown: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    constituents: tuple[np.ndarray, ...] = ()
    per_score: int = PER_SCORE

    def __post_init__(self) -> None:
        arrays = {"mass": own(plain_array("mass", self.mass), np.float64)}
        if self.pt is not None:
            arrays["pt"] = own(plain_array("pt", self.pt), np.float64)
        if not isinstance(self.scores, Mapping):
            raise ValueError(
                f"scores is {type(self.scores).__name__}: give a dict of the scores of each tagger "
                "by its name, {'PFN': (N,)}"
            )
        if arrays["mass"].ndim != 1:
            raise ValueError(f"mass has shape {arrays['mass'].shape}: give one number a jet, (N,)")
        self._settle(**arrays)
        for name, array in arrays.items():
            require_shape(name, array, (len(self),), each="jet")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} is NaN or infinite for some jets: remove them first")
        scores = {name: np.atleast_2d(np.asarray(s)) for name, s in self.scores.items()}
        for name, rows in scores.items():
            if not isinstance(name, str) or name.strip().lower() in ("", "none"):
                raise ValueError(
                    f"a tagger is named {name!r}: give it another name; 'none' stands for no tagger"
                )
            if rows.dtype.kind not in "biuf":
                raise ValueError(f"{name!r} has scores of type {rows.dtype}, not real numbers")
            if rows.ndim != 2 or rows.shape[1] != len(self):
                raise ValueError(
                    f"{name!r} has scores {rows.shape} for {len(self)} jets: "
                    "expected (N,), or (trainings, N)"
                )
            if not np.isfinite(rows).all():
                raise ValueError(f"{name!r} has scores that are NaN or infinite: did it diverge?")
        shown = integers("shown", self.shown)
        if len(shown) != len(self.constituents) or not (shown < len(self)).all():
            raise ValueError(
                f"constituents of {len(self.constituents)} jets, but {len(shown)} positions "
                f"among {len(self)} jets: give one position for each"
            )
        self.__dict__.update(scores=scores, shown=shown)

    @classmethod
    def from_jets(
        cls,
        jets: Jets,
        scores: Mapping[str, ArrayLike],
        shown: int = 0,
        per_score: int = PER_SCORE,
    ) -> Self:
        """Build from jets of two classes (label 1 for top) and their scores.

        Args:
            jets: N jets.
            scores: by tagger, (N,) or one row per training (K, N): log-odds ln p(top)/p(QCD), the
                difference of the two logits. They are rounded to 1 / per_score and clipped to ±300.
            shown: number of jets whose constituents are kept, half of them of each class.
            per_score: steps per unit of log-odds.
        """
        require_jets(jets)
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
        """The position of a tagger in `taggers`.

        Raises:
            ValueError: if there is no tagger of that name.
        """
        if tagger not in self.scores:
            raise ValueError(f"no tagger {tagger!r}; there are: {', '.join(self.scores)}")
        return self.taggers.index(tagger)

    def trainings(self, tagger: str | None = None) -> np.ndarray:
        """Scores (K, N) of all trainings of a tagger. Default: the first tagger."""
        return self.scores[self.taggers[0 if tagger is None else self.row(tagger)]]

    def with_tagger(self, name: str, scores: ArrayLike) -> Self:
        """The same jets with one more tagger, first in the list.

        Args:
            name: name of the tagger; an older tagger of that name is replaced.
            scores: (N,) or (K, N) log-odds of the same jets in the same order.

        Raises:
            ValueError: if the number of scores is not the number of jets.
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
        """Join samples with the same classes, taggers and trainings into one.

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
        """Write a compact .npz: mass and pT in steps of 0.02 GeV, scores in steps of 1 / per_score.

        Raises:
            ValueError: if a number is too large; the message says which.
        """
        arrays: dict[str, Any] = {**scored_jets_file.packed(self)}
        with atomic_write(path) as temporary:
            np.savez_compressed(temporary, **arrays)

    @classmethod
    def load(cls, path: str | PathLike) -> Self:
        """Read a file that `save` wrote.

        Raises:
            FileNotFoundError: if there is no file; the message names the scripts that make one.
        """
        with np.load(scored_jets_file.existing(path), allow_pickle=False) as stored:
            return cls(**scored_jets_file.unpacked(stored))


def rounded(scores: ArrayLike, per_score: int = PER_SCORE) -> np.ndarray:
    """Log-odds rounded to steps of 1 / per_score and clipped to ±300, as they are stored."""
    clipped = np.clip(np.asarray(scores, float), -SCORE_LIMIT, SCORE_LIMIT)
    return np.round(clipped * per_score) / per_score
