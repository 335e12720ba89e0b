"""Figures of the methods of inference: trained once by a script, read by notebooks and dashboard.

Each row of `results.csv` is one number: of which part, problem, method and number of simulations,
and of which repetition. The card `results.json` says which script makes a part, and has the hash of
the table, so that a damaged file is named.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from hepml_lite.files import write_text
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval

RESULTS = Path(__file__).parent / "results.csv"
LIBRARIES = ("numpy", "torch", "scikit-learn", "zuko")
PARTS = {
    "tasks": "python benchmarks/inference.py tasks",
    "tasks of sbibm": "python benchmarks/inference.py tasks --references FOLDER",
    "methods": "python benchmarks/inference.py methods",
    "race": "python benchmarks/inference.py race",
    "alpha_s": "python benchmarks/inference_sets.py alpha_s",
    "sets": "python benchmarks/inference_sets.py sets",
    "ratio": "python benchmarks/inference_gold.py ratio",
    "gold": "python benchmarks/inference_gold.py gold",
}
KEYS = ["case", "method", "n_simulations", "figure"]


@dataclass(frozen=True)
class Result:
    """One number.

    Attributes:
        part: one of `PARTS`.
        case: the problem, such as "two_moons".
        method: its short name.
        n_simulations: of the training.
        repetition: number of the observation or of the seed.
        figure: what is measured, such as "C2ST" or "R2".
        value: the number.
        seconds: of CPU time on one core, of the training.
    """

    part: str
    case: str
    method: str
    n_simulations: int
    repetition: int
    figure: str
    value: float
    seconds: float


class Store:
    """The rows of the file, written after each, so that a script can go on where it was stopped.

    Args:
        path: of the table; there may be none yet.
    """

    def __init__(self, path: Path = RESULTS) -> None:
        self.path = path
        self.rows = read_results(path) if path.is_file() else []

    def has(self, part: str, case: str, method: str, n_simulations: int, repetition: int) -> bool:
        """Whether there is a row of this kind."""
        wanted = (part, case, method, n_simulations, repetition)
        return any(
            (row.part, row.case, row.method, row.n_simulations, row.repetition) == wanted
            for row in self.rows
        )

    def add(self, row: Result) -> None:
        """Add a row, and write the file."""
        self.rows.append(row)
        write_results(self.rows, self.path)
        print(*vars(row).values(), flush=True)


def read_results(path: Path = RESULTS) -> list[Result]:
    """Read the table.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is not the one of the card, or holds something else.
    """
    path = Path(path)
    restore = f"restore it: git restore {RESULTS.name}, or reinstall the course"
    found = _hash(path)
    try:
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the card of {path} is damaged: {error!r}; {restore}") from None
    if found != expected:
        raise ValueError(f"{path} is damaged: its hash is {found}, not {expected}; {restore}")
    rows = pd.read_csv(path).to_dict("records")
    return [Result(**{str(name): value for name, value in row.items()}) for row in rows]


def write_results(results: Iterable[Result], path: Path = RESULTS) -> None:
    """Write the table and its card, each whole or not at all.

    Raises:
        ValueError: a row of a part that is not in `PARTS`.
    """
    rows = [vars(result) for result in results]
    for row in rows:
        _require_part(row["part"])
    columns = [field.name for field in fields(Result)]
    table_of_rows = pd.DataFrame(rows, columns=columns)
    write_text(path, table_of_rows.to_csv(index=False, float_format="%.5g"))
    parts = {name: PARTS[name] for name in table_of_rows["part"].unique()}
    card = {
        "content": "figures of the methods of inference, one number a row",
        "commands": parts,
        "versions": {name: version(name) for name in LIBRARIES},
        "sha256": _hash(path),
    }
    write_text(path.with_suffix(".json"), json.dumps(card, indent=2) + "\n")


def table(results: Iterable[Result], part: str) -> pd.DataFrame:
    """Means over the repetitions, one row for each case, method, size and figure.

    Returns:
        `value`, an `Interval` of the mean and its standard error, `repetitions`, and `seconds` of
        CPU time.

    Raises:
        ValueError: no row of this part.
    """
    groups = _rows(results, part).groupby(KEYS, sort=False)
    return pd.DataFrame(
        {
            "value": groups["value"].agg(mean_of),
            "repetitions": groups["value"].size(),
            "seconds": groups["seconds"].mean(),
        }
    )


def trainings(results: Iterable[Result], part: str) -> pd.DataFrame:
    """One row for each case, method, size and repetition, with a column for each figure.

    Raises:
        ValueError: no row of this part.
    """
    rows = _rows(results, part)
    keys = ["case", "method", "n_simulations", "repetition", "seconds"]
    wide = rows.pivot_table(index=keys, columns="figure", values="value", sort=False)
    return wide.rename_axis(columns=None).reset_index()


def times_fewer(
    results: Iterable[Result], part: str, case: str, method: str, than: str = "carl"
) -> np.ndarray:
    """How many times fewer simulations a method needs for the error of another with its most.

    The error is 1 - R² of the log ratio. The number of simulations that reach it is interpolated,
    both on logarithmic scales. Where the smallest training is good enough already, the factor is
    that of the largest to the smallest: a lower bound.

    Args:
        results: of `read_results`.
        part: "gold" or "ratio".
        case: the simulator.
        method: such as "alice".
        than: the method whose largest training sets the error.

    Returns:
        One factor for each seed that both have, (S,); 1 where the method is no better.

    Raises:
        ValueError: no such rows.
    """
    rows = trainings(results, part)
    rows = rows[rows["case"] == case]
    factors = []
    for _, of_seed in rows.groupby("repetition"):
        errors = {
            name: (1 - one.set_index("n_simulations")["R2"]).sort_index()
            for name, one in of_seed.groupby("method")
        }
        if method in errors and than in errors:
            factors.append(_factor(errors[method], errors[than]))
    if not factors:
        raise ValueError(f"no seed of {case!r} in {part!r} has both {method!r} and {than!r}")
    return np.array(factors)


def _factor(cheap: pd.Series, dear: pd.Series) -> float:
    """The ratio of the numbers of simulations at the last error of the dear method."""
    best_so_far = np.minimum.accumulate(cheap.to_numpy())
    log_n = np.interp(
        -np.log(dear.iloc[-1]), -np.log(best_so_far), np.log(cheap.index.to_numpy(float))
    )
    return float(max(dear.index[-1] / np.exp(log_n), 1.0))


def _hash(path: Path) -> str:
    """Of the text, so that the line ends of a Windows checkout do not matter."""
    return hashlib.sha256(path.read_text(encoding="utf-8").encode()).hexdigest()


def _rows(results: Iterable[Result], part: str) -> pd.DataFrame:
    """The rows of one part."""
    _require_part(part)
    rows = [vars(row) for row in results if row.part == part]
    if not rows:
        raise ValueError(f"no results of {part!r}: run {PARTS[part]}")
    return pd.DataFrame(rows)


def _require_part(part: str) -> None:
    if part not in PARTS:
        raise ValueError(f"no part {part!r} of the results; there are: {', '.join(PARTS)}")


def mean_of(values: Iterable[float]) -> Interval:
    """The mean with its standard error; without an error for one value.

    Raises:
        ValueError: no value, or NaN.
    """
    numbers = checked_finite("values", list(values), n_axes=1)
    if not len(numbers):
        raise ValueError("values is empty: a mean needs at least one")
    error = numbers.std(ddof=1) / len(numbers) ** 0.5 if len(numbers) > 1 else 0.0
    return Interval.symmetric(float(numbers.mean()), float(error))
