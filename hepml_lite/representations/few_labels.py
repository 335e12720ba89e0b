"""What representations are worth with few labels, in several seeds, from a file.

`benchmarks/few_labels.py` has written it. A method is a representation that learned without
labels, or not at all. It is judged by the AUC of a linear probe; all methods of a seed get the same
labelled jets.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from hepml_lite.files import write_text
from hepml_lite.statistics.intervals import Interval, mean_of_seeds

RESULTS = Path(__file__).with_name("few_labels.json")


@dataclass(frozen=True)
class Trial:
    """All methods with one seed and one number of labels.

    Attributes:
        seed: of the unlabelled jets, the trainings and the labelled jets.
        n_labels: number of labelled jets.
        aucs: (M,) of the methods, mean over draws of the labelled jets.
        covariance: (M, M) of these AUCs over bootstrap samples of the test jets.
    """

    seed: int
    n_labels: int
    aucs: Sequence[float]
    covariance: Sequence[Sequence[float]]

    @classmethod
    def of(cls, seed: int, n_labels: int, aucs: np.ndarray, resampled: np.ndarray) -> Self:
        """From AUCs (M,) and those of bootstrap samples (B, M)."""
        covariance = np.atleast_2d(np.cov(resampled, rowvar=False))
        rows = [[float(f"{number:.3g}") for number in row] for row in covariance]
        return cls(seed, n_labels, [round(float(auc), 5) for auc in aucs], rows)


@dataclass(frozen=True)
class Results:
    """All results of the file.

    Attributes:
        methods: their names, M.
        unlabelled: jets to learn from without labels.
        draws: of the labelled jets, in each trial.
        trials: one for each seed and number of labels.
    """

    methods: Sequence[str]
    unlabelled: int
    draws: int
    trials: Sequence[Trial]

    def auc(self, method: str, n_labels: int) -> Interval:
        """Mean over the seeds; its error has the spread of the seeds and the one test sample."""
        return self._combined(self._weights(method), n_labels)

    def difference(self, first: str, second: str, n_labels: int) -> Interval:
        """AUC of `first` less that of `second`, on the same jets; the error is as in `auc`."""
        return self._combined(self._weights(first) - self._weights(second), n_labels)

    def table(self, reference: str) -> pd.DataFrame:
        """One line a method: AUC for each number of labels, and its difference from `reference`."""
        lines = {}
        for method in self.methods:
            line = {}
            for n in self.numbers:
                line[f"{n} labels"] = str(self.auc(method, n))
                difference = "" if method == reference else _signed(self, method, reference, n)
                line[f"{n} labels, less {reference}"] = difference
            lines[method] = line
        return pd.DataFrame(lines).T

    @property
    def numbers(self) -> list[int]:
        """Numbers of labels, ascending."""
        return sorted({trial.n_labels for trial in self.trials})

    def _weights(self, method: str) -> np.ndarray:
        """1 for this method, 0 for all others, (M,)."""
        if method not in self.methods:
            raise ValueError(f"no method {method!r}; the results have {', '.join(self.methods)}")
        return np.array([float(name == method) for name in self.methods])

    def _combined(self, weights: np.ndarray, n_labels: int) -> Interval:
        trials = [trial for trial in self.trials if trial.n_labels == n_labels]
        if not trials:
            raise ValueError(f"n_labels={n_labels}: the results have {self.numbers}")
        values = np.array([weights @ np.array(trial.aucs) for trial in trials])
        of_test = np.mean([weights @ np.array(trial.covariance) @ weights for trial in trials])
        return mean_of_seeds(values, float(np.sqrt(of_test)))


def read(path: Path = RESULTS) -> Results:
    """The stored results."""
    found = json.loads(path.read_text(encoding="utf-8"))
    trials = [Trial(**trial) for trial in found.pop("trials")]
    return Results(trials=trials, **found)


def write(results: Results, path: Path = RESULTS) -> None:
    """Store the results."""
    write_text(path, json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n")


def _signed(results: Results, method: str, reference: str, n_labels: int) -> str:
    difference = results.difference(method, reference, n_labels)
    sign = "+" if difference.value > 0 else ""
    return f"{sign}{difference}"
