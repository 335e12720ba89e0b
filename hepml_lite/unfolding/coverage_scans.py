"""A stored study: how often the intervals of an unfolding hold the truth, by its strength.

`benchmarks/unfolding_coverage.py` makes `stored/coverage.json` and its card from pseudo-experiments
in two worlds with a known truth. Binned methods have a response that is exactly right, so that
each failure is the bias of the regularisation.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import checked_number

STORED = Path(__file__).parent / "stored" / "coverage.json"
LEVEL = 0.6827  # of an interval of one standard deviation
N_ERRORS = 3.0  # binomial errors: a bin that is further away from the level fails


@dataclass(frozen=True)
class CoverageScan:
    """The coverage of one method in one world, at S strengths from strong to weak and in B bins.

    Attributes:
        world: "Gaussian", or "peak and edge".
        method: such as "iterative Bayes".
        edges: (B + 1,) of the true bins.
        truth: (B,), events of nature in each bin.
        experiments: E, the number of pseudo-experiments.
        strengths: (S,), iterations, k or τ.
        covered: (S, B), share of the intervals that hold the truth.
        bias: (S, B), mean of (unfolded − truth) / error.
        errors: (S, B), mean quoted error, in events.
        mean: S coverages, each the mean over the bins, with the error over the experiments.
        default: the strength that a user would take without a thought.
        undersmoothed: one step weaker than the strongest that covers in every bin; None where none
            covers in every bin.
        again: (B,), coverage at `undersmoothed` in E other experiments, which did not choose it;
            None where there is no such strength.
    """

    world: str
    method: str
    edges: np.ndarray
    truth: np.ndarray
    experiments: int
    strengths: np.ndarray
    covered: np.ndarray
    bias: np.ndarray
    errors: np.ndarray
    mean: tuple[Interval, ...]
    default: float
    undersmoothed: float | None
    again: np.ndarray | None

    @property
    def binomial_error(self) -> float:
        """Of the coverage of one bin, where the intervals are honest."""
        return float(np.sqrt(LEVEL * (1 - LEVEL) / self.experiments))

    def row(self, strength: float) -> int:
        """The row of a strength.

        Raises:
            ValueError: this strength was not studied.
        """
        wanted = checked_number("strength", strength)
        found = np.flatnonzero(self.strengths == wanted)
        if not len(found):
            raise ValueError(f"strength {wanted:g} was not studied: {self.strengths.tolist()}")
        return int(found[0])

    def failing(self, strength: float) -> np.ndarray:
        """Whether each bin (B,) is more than three binomial errors from the level."""
        return fails(self.covered[self.row(strength)], self.experiments)


def fails(covered: np.ndarray, experiments: int) -> np.ndarray:
    """Whether coverages (...) are more than three binomial errors from that of one sigma."""
    error = np.sqrt(LEVEL * (1 - LEVEL) / experiments)
    return np.abs(covered - LEVEL) > N_ERRORS * error


@lru_cache(maxsize=1)
def coverage_study() -> dict[tuple[str, str], CoverageScan]:
    """All scans, by world and method.

    Raises:
        ValueError: the file is damaged: its hash is not that of its card.
    """
    _require_hash(STORED)
    scans = {}
    for row in json.loads(STORED.read_text("utf8")):
        again = row["again"]
        scans[row["world"], row["method"]] = CoverageScan(
            world=row["world"],
            method=row["method"],
            edges=np.array(row["edges"]),
            truth=np.array(row["truth"]),
            experiments=row["experiments"],
            strengths=np.array(row["strengths"]),
            covered=np.array(row["covered"]),
            bias=np.array(row["bias"]),
            errors=np.array(row["errors"]),
            mean=tuple(Interval.symmetric(value, error) for value, error in row["mean"]),
            default=row["default"],
            undersmoothed=row["undersmoothed"],
            again=None if again is None else np.array(again),
        )
    return scans


def _require_hash(path: Path) -> None:
    card = json.loads(path.with_name("card.json").read_text("utf8"))
    expected = card["sha256"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its SHA-256 should be {expected}, but is {found}; "
            f"restore it: git restore {path}"
        )
