"""OmniFold_Big: text with a line for each jet, in numbered files of one archive (Pythia, Delphes).

A line: number of the event, `reco` or `truth`, pT of the Z, then of the hardest jet pT, rapidity,
azimuth, mass, tau_1 to tau_5 (beta = 1), soft-drop mass, zg and number of constituents; momenta and
masses in GeV. An event has a line for each level that has a jet; both are written one after the
other. Event numbers start again in every file. https://zenodo.org/records/10633065.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from data_fetch.public.layouts.omnifold_zjets import NAMES, QUANTITIES, quantities
from hepml_lite.containers.unfolding_pair import UnfoldingPair

COLUMNS = 15
LEVELS = ("truth", "reco")
PT, MASS, TAU1, TAU2, GROOMED_MASS, ZG, MULTIPLICITY = 1, 4, 5, 6, 10, 11, 12  # after the level


def read(path: Path, start: int = 0, stop: int | None = None) -> UnfoldingPair:
    """Pairs `start` to `stop` of a text file: events that have a jet at both levels.

    The width of the jet stands for tau_1, which differs only in its axis. The lines before `start`
    are read and dropped, those after `stop` are not read.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a line has another layout; the message gives its number.
    """
    with Path(path).open(encoding="ascii", errors="replace") as file:
        found = list(itertools.islice(_pairs(file, Path(path)), *_bounds(start, stop)))
    pairs = np.array(found).reshape(-1, 2, COLUMNS - 2)  # (N, 2, 13)
    truth, measured = (_quantities(pairs[:, i]) for i in range(2))
    return UnfoldingPair(truth, measured, QUANTITIES, names=NAMES)


def count(path: Path) -> int:
    """Number of pairs in a file; the whole file is read for it."""
    with Path(path).open(encoding="ascii", errors="replace") as file:
        return sum(1 for _ in _pairs(file, Path(path)))


def _bounds(start: int, stop: int | None) -> tuple[int, int | None]:
    if start < 0 or (stop is not None and stop < 0):
        raise ValueError(
            f"start {start} and stop {stop}: text is read from its beginning; count rows from 0"
        )
    return start, stop


def _pairs(file: TextIO, path: Path) -> Iterator[tuple[list[float], list[float]]]:
    """Truth and measurement of each event that has both, 13 numbers each."""
    event = None
    seen: dict[str, list[float]] = {}
    for number, line in enumerate(file, 1):
        words = line.split()
        if not words:
            continue
        try:
            if len(words) != COLUMNS or words[1] not in LEVELS:
                raise ValueError(f"expected {COLUMNS} columns, the second of them one of {LEVELS}")
            values = [float(word) for word in words[2:]]
        except ValueError as problem:
            raise ValueError(f"{path}, line {number}: {problem}") from problem
        if words[0] != event:
            event = words[0]
            seen = {}
        seen[words[1]] = values
        if len(seen) == len(LEVELS):
            yield seen["truth"], seen["reco"]
            event = None


def _quantities(rows: np.ndarray) -> np.ndarray:
    used = (PT, MASS, MULTIPLICITY, TAU1, TAU2, GROOMED_MASS, ZG)
    return quantities(*rows[:, used].T)
