"""JetClass: ROOT files of 100 000 jets of one class, with a tree of jagged branches.

part_px, part_py, part_pz, part_energy [GeV], part_charge, flags part_is… of the kind of particle,
and flags label_… of the class. Qu, Li, Qian, arXiv:2202.03772; https://zenodo.org/records/6619768.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from hepml_lite.containers.jets import Jets

TREE = "tree"
CLASSES = {  # flag and name
    "label_QCD": "QCD",
    "label_Hbb": "H -> bb",
    "label_Hcc": "H -> cc",
    "label_Hgg": "H -> gg",
    "label_H4q": "H -> 4q",
    "label_Hqql": "H -> l nu qq",
    "label_Zqq": "Z -> qq",
    "label_Wqq": "W -> qq",
    "label_Tbqq": "t -> bqq",
    "label_Tbl": "t -> bl",
}
NAMES = tuple(CLASSES.values())
MOMENTUM = ("part_px", "part_py", "part_pz", "part_energy")
NEUTRAL = {"part_isPhoton": 22, "part_isNeutralHadron": 130}  # flag and PDG number
# PDG number of positive charge: electron and muon carry the sign of the particle, not the charge
CHARGED = {"part_isChargedHadron": 211, "part_isElectron": -11, "part_isMuon": -13}
BRANCHES = (*MOMENTUM, "part_charge", *NEUTRAL, *CHARGED, *CLASSES)


def read(path: Path, start: int = 0, stop: int | None = None) -> Jets:
    """Jets `start` to `stop`, padded to the longest of them; ten classes.

    The detector tells kinds of particles apart, not hadrons: charged ones are named pi+- (211),
    neutral ones K_L (130), as in the quark and gluon jets.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, has another layout, or a jet without exactly one class.
    """
    with _tree(path) as tree, _explained(path):
        first, last, _ = slice(start, stop).indices(tree.num_entries)
        arrays = tree.arrays(list(BRANCHES), entry_start=first, entry_stop=max(first, last))
    flags = np.stack([ak.to_numpy(arrays[flag]) for flag in CLASSES], axis=1)  # (N, 10)
    flags = flags.astype(int).reshape(-1, len(CLASSES))
    if (flags.sum(axis=1) != 1).any():
        row = first + np.argmax(flags.sum(axis=1) != 1)
        raise ValueError(f"{path}: jet {row} does not have exactly one class")
    particles = ak.zip(
        {key.removeprefix("part_"): arrays[key] for key in MOMENTUM} | {"pid": _pid(arrays)},
        with_name="Momentum4D",
    )
    return Jets.from_awkward(particles, pid="pid", label=flags.argmax(axis=1), names=NAMES)


def count(path: Path) -> int:
    """Number of jets in a file."""
    with _tree(path) as tree:
        return tree.num_entries


def _pid(arrays: ak.Array) -> ak.Array:
    """PDG numbers, 0 for a particle without a flag."""
    pid = sum(code * arrays[flag] for flag, code in NEUTRAL.items())
    charge = np.sign(arrays["part_charge"])
    return pid + sum(code * charge * arrays[flag] for flag, code in CHARGED.items())


def _tree(path: Path) -> uproot.TTree:
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is missing")
    with _explained(path):
        file = uproot.open(Path(path))
        found, tree = file.keys(), file.get(TREE)
    if tree is None:
        raise ValueError(f"{path} has {found} but no {TREE!r}: another layout")
    missing = [branch for branch in BRANCHES if branch not in tree]
    if missing:
        raise ValueError(f"{path} lacks the branches {', '.join(missing)}: another layout")
    return tree


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as broken:  # a damaged file fails in many places, with different errors
        reason = str(broken).strip().partition("\n")[0]
        raise ValueError(f"{path} cannot be read as ROOT ({reason}); fetch it again") from broken
