"""The file of scored jets: small integers in whole steps, and how older files are read."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hepml_lite.containers.whole_steps import half_precision, whole_steps

if TYPE_CHECKING:
    from hepml_lite.containers.scored_jets import ScoredJets

PER_GEV = 50  # steps per GeV of mass and pT: far finer than any resolution
UNSIGNED = (np.uint16, np.uint32)  # the first type that holds all values is used


def packed(jets: "ScoredJets") -> dict[str, np.ndarray]:
    """The jets as arrays of small integers.

    Raises:
        ValueError: if there are more than two classes, or a number is too large.
    """
    if len(jets.names) > 2:
        raise ValueError(f"{len(jets.names)} classes {jets.names}: only two can be packed")
    momenta = [jets.mass] if jets.pt is None else [jets.mass, jets.pt]
    arrays = {
        "names": np.array(jets.taggers),
        "trainings": np.array([len(rows) for rows in jets.scores.values()]),
        "classes": np.array(jets.names),
        "per_gev": np.array(PER_GEV),
        "per_score": np.array(jets.per_score),
        "labels": np.packbits(jets.label.astype(bool)),
        "momenta": whole_steps(momenta, "mass or pT [GeV]", *UNSIGNED, per_unit=PER_GEV),
        "scores": whole_steps(
            np.concatenate(list(jets.scores.values())),
            "score [log-odds]",
            np.int16,
            np.int32,
            per_unit=jets.per_score,
        ),
    }
    if len(jets.shown):
        flat = np.concatenate(jets.constituents)  # (sum P_i, 3)
        arrays["shown"] = whole_steps(jets.shown, "position of a shown jet", *UNSIGNED)
        counts = [len(jet) for jet in jets.constituents]
        arrays["counts"] = whole_steps(counts, "constituents of a shown jet", *UNSIGNED)
        arrays["constituents"] = half_precision(flat, "constituents of a shown jet")
    return arrays


def unpacked(stored: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The fields of `ScoredJets` from the arrays of `packed`, or from those of older files.

    Older files do not store their steps. Those of "Cut or learn?" hold one network and no pT, in
    steps of 0.1 GeV and 0.001. Those of the tagging dashboard hold one training of each tagger, in
    steps of 0.02 GeV and 0.01.
    """
    if "momenta" in stored:
        momenta = stored["momenta"]
        per_gev = PER_GEV
        per_score = 100
    else:
        momenta = stored["mass"][None]
        per_gev = 10
        per_score = 1000
    per_gev = int(stored.get("per_gev", per_gev))
    per_score = int(stored.get("per_score", per_score))
    taggers = tuple(map(str, stored.get("names", ("network",))))
    # a division by 10 or 1000 gives the same number as its decimal text in a URL
    mass, *pt = momenta / per_gev
    rows = stored["scores"] / per_score  # all trainings of all taggers
    each = stored.get("trainings", np.full(len(taggers), len(rows) // len(taggers)))
    blocks = np.split(rows, np.cumsum(each)[:-1])
    shown: dict[str, Any] = {}
    if "shown" in stored:
        ends = np.cumsum(stored["counts"], dtype=int)[:-1]
        shown["shown"] = stored["shown"].astype(int)
        shown["constituents"] = tuple(np.split(stored["constituents"].astype(float), ends))
    return {
        "mass": mass,
        "pt": pt[0] if pt else None,
        "label": np.unpackbits(stored["labels"], count=len(mass)).astype(int),
        "names": tuple(map(str, stored.get("classes", ("QCD", "top")))),
        "scores": dict(zip(taggers, blocks, strict=True)),
        "per_score": per_score,
        **shown,
    }


def existing(path: str | PathLike) -> Path:
    """The path of a file of scored jets, after a check that the file exists.

    Raises:
        FileNotFoundError: if there is no file; the message names the scripts that make one.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"no scored jets at {path}: run widgets/start_here/make_stored.py or "
            "widgets/tagging/make_stored.py, whichever dashboard they are for"
        )
    return Path(path)
