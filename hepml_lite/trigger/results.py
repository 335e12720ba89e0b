"""Results of several trainings each, from two files that scripts have written.

`benchmarks/trigger.py` writes all compressions, `benchmarks/trigger_trainings.py` what the
exploration trains once: each way with several seeds, all judged alike.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hepml_lite.files import write_text
from hepml_lite.statistics.intervals import Interval, mean_of_seeds

RESULTS = Path(__file__).parent / "results.json"
TRAININGS = Path(__file__).parent / "trainings.json"


@dataclass(frozen=True)
class Result:
    """One way to do one thing, with one seed.

    Attributes:
        part: what is done. Of compressions: "anomaly" (57-28-15-8) or "tagger" (five classes of
            jets).
        method: of compressions: "float", "rounded", "trained", "pruned", "taught", "own bits".
        setting: bits, share of zeros or price, as the method has it.
        seed: of the float training and of all that follows.
        numbers: what was measured, by name.
    """

    part: str
    method: str
    setting: str
    seed: int
    numbers: dict[str, float]

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What makes it different from the other results."""
        return self.part, self.method, self.setting, self.seed


@dataclass(frozen=True)
class Results:
    """All results of the file.

    Attributes:
        setup: sizes of the samples and versions, by name.
        rows: one for each way, setting and seed.
    """

    setup: dict[str, str]
    rows: tuple[Result, ...]

    def settings(self, part: str, method: str) -> list[str]:
        """Settings of a method, in the order of the file."""
        found = [row.setting for row in self.rows if (row.part, row.method) == (part, method)]
        return list(dict.fromkeys(found))

    def mean(self, part: str, method: str, setting: str, number: str) -> Interval:
        """Mean of a number over the seeds, with its standard error; none for one seed.

        Raises:
            ValueError: the file has no such rows.
        """
        chosen = (part, method, setting)
        values = [row.numbers[number] for row in self.rows
                  if row.key[:3] == chosen and number in row.numbers]  # fmt: skip
        if not values:
            raise ValueError(
                f"no {number!r} of {chosen}: {method!r} has {self.settings(part, method)}; run "
                "benchmarks/trigger.py"
            )
        return mean_of_seeds(values)

    def difference(self, part: str, method: str, other: str, number: str) -> Interval:
        """Number of one method minus that of another, paired by seed: mean and standard error.

        Raises:
            ValueError: if fewer than two seeds have both.
        """
        of_seed: dict[str, dict[int, float]] = {method: {}, other: {}}
        for row in self.rows:
            if row.part == part and row.method in of_seed and number in row.numbers:
                of_seed[row.method][row.seed] = row.numbers[number]
        seeds = sorted(of_seed[method].keys() & of_seed[other].keys())
        if len(seeds) < 2:
            raise ValueError(
                f"{number!r} of {method!r} and {other!r} in {part!r}: {len(seeds)} seeds have "
                "both, two or more are needed."
            )
        return mean_of_seeds([of_seed[method][seed] - of_seed[other][seed] for seed in seeds])

    def table(self, part: str) -> pd.DataFrame:
        """Means over the seeds: one row a method and setting, one column a number.

        A number that some of the rows lack is the mean over those that have it; the column `seeds`
        counts all rows.
        """
        rows = [
            {"method": row.method, "setting": row.setting, "seeds": row.seed, **row.numbers}
            for row in self.rows
            if row.part == part
        ]
        groups = pd.DataFrame(rows).groupby(["method", "setting"], sort=False)
        return groups.mean().assign(seeds=groups["seeds"].nunique())


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
