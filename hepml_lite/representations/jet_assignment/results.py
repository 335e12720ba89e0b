"""Results of all ways to assign jets, in several seeds, from a file that a script has written.

`benchmarks/jet_assignment.py` writes it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hepml_lite.files import write_text
from hepml_lite.statistics.intervals import Interval, mean_of_seeds

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Row:
    """One method with one seed.

    Attributes:
        method: its name.
        seed: of the training events and of the training.
        right: complete test events that it gets right.
        total: complete test events.
        only_this: those that it gets right and the χ² of the same seed gets wrong.
        only_chi_square: those that only the χ² gets right.
        seconds: of CPU time, training and judging.
    """

    method: str
    seed: int
    right: int
    total: int
    only_this: int
    only_chi_square: int
    seconds: float

    @classmethod
    def of(
        cls, method: str, seed: int, hits: np.ndarray, chi_square: np.ndarray, seconds: float
    ) -> "Row":
        """From what method and χ² get right, (M,) each."""
        return cls(
            method,
            seed,
            int(hits.sum()),
            len(hits),
            int((hits & ~chi_square).sum()),
            int((chi_square & ~hits).sum()),
            round(seconds, 1),
        )


@dataclass(frozen=True)
class Results:
    """All results of the file.

    Attributes:
        training_events: of each seed.
        chance: efficiency of guessing.
        rows: one for each method and seed.
    """

    training_events: int
    chance: float
    rows: Sequence[Row]

    def efficiency(self, method: str) -> Interval:
        """Mean over the seeds; its error has the spread of seeds and the one set of test events.

        Raises:
            ValueError: no row of this name.
        """
        rows = self._rows(method)
        shares = np.array([row.right / row.total for row in rows])
        of_test = float(shares.mean() * (1 - shares.mean())) / rows[0].total
        return mean_of_seeds(shares, float(np.sqrt(of_test)))

    def gain(self, method: str) -> Interval:
        """Efficiency less that of χ² on the same events, with an error as in `efficiency`.

        Raises:
            ValueError: no row of this name.
        """
        rows = self._rows(method)
        total = rows[0].total
        gains = np.array([(row.only_this - row.only_chi_square) / total for row in rows])
        discordant = float(np.mean([row.only_this + row.only_chi_square for row in rows])) / total
        return mean_of_seeds(gains, float(np.sqrt(discordant / total)))

    def table(self) -> pd.DataFrame:
        """One line a method: efficiency, gain over χ², seconds."""
        lines = {}
        for method in dict.fromkeys(row.method for row in self.rows):
            seconds = np.mean([row.seconds for row in self._rows(method)])
            lines[method] = {
                "right": str(self.efficiency(method)),
                "more than χ² with tags": str(self.gain(method)),
                "CPU [s]": round(seconds),
            }
        return pd.DataFrame(lines).T

    def _rows(self, method: str) -> list[Row]:
        rows = [row for row in self.rows if row.method == method]
        if not rows:
            known = ", ".join(dict.fromkeys(row.method for row in self.rows))
            raise ValueError(f"no method {method!r}; the results have {known}")
        return rows


def read(path: Path = RESULTS) -> Results:
    """The stored results."""
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [Row(**row) for row in found.pop("rows")]
    return Results(rows=rows, **found)


def write(results: Results, path: Path = RESULTS) -> None:
    """Store the results."""
    write_text(path, json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n")
