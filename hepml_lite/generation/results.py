"""Results of all generators of showers and jets, from a file that a script has written.

`benchmarks/generation.py` writes it: each method with several seeds, all judged alike.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hepml_lite.files import write_text
from hepml_lite.statistics.intervals import Interval, mean_of_seeds

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Result:
    """One method with one seed.

    Attributes:
        part: "profiles", "voxels", "refinement", "jets" or "times".
        method: its short name.
        seed: of the training, the sampling and the judges.
        numbers: what was measured, by name.
        seconds: of CPU time, training included.
    """

    part: str
    method: str
    seed: int
    numbers: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Results:
    """All results of the file.

    Attributes:
        setup: sizes of the samples, by part.
        rows: one for each method and seed.
    """

    setup: dict[str, str]
    rows: tuple[Result, ...]

    def methods(self, part: str) -> list[str]:
        """Methods of a part, in the order of the file."""
        return list(dict.fromkeys(row.method for row in self.rows if row.part == part))

    def chosen(self, part: str, method: str) -> list[Result]:
        """Rows of one method, in the order of the seeds."""
        rows = [row for row in self.rows if (row.part, row.method) == (part, method)]
        return sorted(rows, key=lambda row: row.seed)

    def mean(self, part: str, method: str, number: str) -> Interval:
        """Mean of a number over the seeds, with its standard error; none for one seed.

        Raises:
            ValueError: the file has no such rows.
        """
        rows = [row for row in self.chosen(part, method) if number in row.numbers]
        if not rows:
            raise ValueError(
                f"no {number!r} of {method!r} in {part!r}: there are {self.methods(part)}; run "
                "benchmarks/generation.py"
            )
        return mean_of_seeds([row.numbers[number] for row in rows])

    def shown(self, part: str, numbers: Sequence[str], digits: int = 3) -> pd.DataFrame:
        """Mean and standard deviation over the trainings, as text; one training has no spread.

        All trainings of a part share one test sample: the error of an area from that, `auc_error`,
        comes on top and is the same for all of them.

        Args:
            part: of the file.
            numbers: columns; a method that lacks one shows a dash.
            digits: after the point.
        """
        table = {}
        for method in self.methods(part):
            rows = self.chosen(part, method)
            row = {}
            for name in numbers:
                row[name] = _spread([r.numbers[name] for r in rows if name in r.numbers], digits)
            row["CPU s"] = f"{np.mean([r.seconds for r in rows]):.0f}"
            row["trainings"] = str(len(rows))
            table[method] = row
        return pd.DataFrame.from_dict(table, orient="index")

    def table(self, part: str) -> pd.DataFrame:
        """Means over the seeds as numbers: one row a method, one column a number."""
        rows = [
            {"method": row.method, **row.numbers, "seconds": row.seconds}
            for row in self.rows
            if row.part == part
        ]
        return pd.DataFrame(rows).groupby("method", sort=False).mean()


def _spread(values: list[float], digits: int) -> str:
    """Mean ± standard deviation."""
    if not values:
        return "–"
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def read_results(path: Path = RESULTS) -> Results:
    """Read the file of the script.

    Raises:
        FileNotFoundError: there is none.
    """
    stored = json.loads(Path(path).read_text(encoding="utf-8"))
    return Results(stored["setup"], tuple(Result(**row) for row in stored["rows"]))


def write_results(results: Results, path: Path = RESULTS) -> None:
    """Write the file, one row a line, whole or not at all."""
    rows = ",\n".join(f"  {json.dumps(vars(row))}" for row in results.rows)
    setup = json.dumps(results.setup, indent=1)
    write_text(path, f'{{"setup": {setup},\n"rows": [\n{rows}\n]}}\n')
