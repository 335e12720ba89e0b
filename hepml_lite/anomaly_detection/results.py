"""Results of the searches on the bundled sample, from a file that a script has written.

`benchmarks/anomaly_detection.py` writes it: each method on the same seeds, judged on events that no
method has seen.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepml_lite.anomaly_detection.reports import (
    PairedDifference,
    WithoutSignal,
    paired_differences,
    without_signal,
)
from hepml_lite.files import write_text
from hepml_lite.statistics.intervals import Interval, mean_of_seeds

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class SearchResult:
    """One method on one seed.

    Attributes:
        case: which features and data, such as "baseline" or "delta_r".
        significance: S/√B of the injected signal in the region.
        seed: of the events and of the training.
        method: its short name.
        max_improvement: largest significance improvement on the test events.
        largest_possible: that of a perfect score on as many events.
        auc: signal against background of the test.
        numbers: what else the method tells, such as "template_auc" or "flatness".
        seconds: of CPU time.
    """

    case: str
    significance: float
    seed: int
    method: str
    max_improvement: float
    largest_possible: float
    auc: float
    numbers: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Results:
    """All results of the file.

    Attributes:
        setup: sizes of the samples and versions, by name.
        searches: one row for each method, case and seed.
        p_values: global p-values of runs without signal, by name.
    """

    setup: dict[str, str]
    searches: tuple[SearchResult, ...]
    p_values: dict[str, tuple[float, ...]]

    def chosen(self, case: str, significance: float, method: str) -> list[SearchResult]:
        """Rows of one method, in the order of the seeds."""
        rows = [
            row
            for row in self.searches
            if (row.case, row.significance, row.method) == (case, significance, method)
        ]
        return sorted(rows, key=lambda row: row.seed)

    def methods(self, case: str, significance: float) -> list[str]:
        """Methods of a case, in the order of the file."""
        names = [
            row.method
            for row in self.searches
            if (row.case, row.significance) == (case, significance)
        ]
        return list(dict.fromkeys(names))

    def max_improvements(
        self, case: str, significance: float, methods: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Largest improvements (S,) of some methods, on the seeds that all of these have.

        Raises:
            ValueError: the file has no such case, or no seed that all have.
        """
        of_method = {}
        for method in methods:
            rows = self.chosen(case, significance, method)
            of_method[method] = {row.seed: row.max_improvement for row in rows}
        common = sorted(set.intersection(*(set(seeds) for seeds in of_method.values())))
        if not common:
            known = sorted({(row.case, row.significance, row.method) for row in self.searches})
            raise ValueError(
                f"no seed has {list(methods)} of {case!r} at {significance:g}: choose from {known}"
            )
        return {
            method: np.array([seeds[seed] for seed in common])
            for method, seeds in of_method.items()
        }

    def mean(self, case: str, significance: float, method: str) -> Interval:
        """Mean of the largest improvement over the seeds, with its standard error."""
        return mean_of([row.max_improvement for row in self.chosen(case, significance, method)])

    def against(self, case: str, significance: float, method: str) -> list[PairedDifference]:
        """Each other method minus this one, paired over the seeds that both have."""
        found = []
        for other in self.methods(case, significance):
            if other != method:
                pair = self.max_improvements(case, significance, [other, method])
                found += paired_differences(pair, method)
        return found

    def without_signal(self, name: str) -> WithoutSignal:
        """The test of the p-values of runs without signal.

        Raises:
            ValueError: the file has no such runs.
        """
        if name not in self.p_values:
            raise ValueError(f"no runs {name!r}: choose one of {', '.join(self.p_values)}")
        return without_signal(self.p_values[name])


def mean_of(values: Sequence[float]) -> Interval:
    """The mean with its standard error; without an error for one value.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("there are no results to average: run benchmarks/anomaly_detection.py")
    return mean_of_seeds(values)


def read_results(path: Path = RESULTS) -> Results:
    """Read the file of the script.

    Raises:
        FileNotFoundError: there is none.
    """
    stored = json.loads(Path(path).read_text(encoding="utf-8"))
    return Results(
        stored["setup"],
        tuple(SearchResult(**row) for row in stored["searches"]),
        {name: tuple(values) for name, values in stored["p_values"].items()},
    )


def write_results(results: Results, path: Path = RESULTS) -> None:
    """Write the file, one row a line, whole or not at all."""
    searches = ",\n".join(f"  {json.dumps(vars(row))}" for row in results.searches)
    text = (
        f'{{"setup": {json.dumps(results.setup, indent=1)},\n"searches": [\n{searches}\n],\n'
        f'"p_values": {json.dumps(results.p_values)}}}\n'
    )
    write_text(path, text)
