"""The stored results of the outlier detectors: one row for each training, and their means.

benchmarks/anomaly_outliers.py writes the files. The error of a mean has two parts, which are added
in squares: the spread over trainings, over the root of their number, and the error of the test
sample, which all trainings share.
"""

from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent / "stored"
PARTS = ("images", "normalised", "observables", "scans", "events", "dark")
GROUP = ["part", "method", "rows", "background", "signal", "setting"]


def path(part: str) -> Path:
    """The file of one part of the results.

    Raises:
        ValueError: an unknown part.
    """
    if part not in PARTS:
        raise ValueError(f"no part {part!r}: choose one of {', '.join(PARTS)}")
    return FOLDER / f"{part}.csv"


def trainings(*parts: str) -> pd.DataFrame:
    """One row for each training: method, rows, background, signal, setting, seed, figures.

    Args:
        parts: such as "images"; default: all.

    Raises:
        FileNotFoundError: a part has not been run.
    """
    tables = []
    for part in parts or PARTS:
        file = path(part)
        if not file.is_file():
            raise FileNotFoundError(
                f"no results at {file}: run python benchmarks/anomaly_outliers.py --part {part}"
            )
        tables.append(pd.read_csv(file))
    return pd.concat(tables, ignore_index=True)


def means(*parts: str) -> pd.DataFrame:
    """Mean AUC and max SIC over the seeds with their errors, one row for each method and signal.

    Columns: `GROUP`, n_seeds, auc, auc_error, max_sic, max_sic_error, largest_possible_sic,
    score_of_background, score_of_signal, cpu_seconds. The error of max SIC is that of the
    trainings alone: a maximum over noise has no error that a bootstrap would give.
    """
    groups = trainings(*parts).groupby(GROUP, dropna=False, sort=False)
    table = groups.mean(numeric_only=True).drop(columns=["seed", "auc_test_error"])
    n_seeds = groups.size()
    spread = groups["auc"].std() / np.sqrt(n_seeds)
    table["auc_error"] = np.hypot(spread, groups["auc_test_error"].mean())
    table["max_sic_error"] = groups["max_sic"].std() / np.sqrt(n_seeds)
    table["n_seeds"] = n_seeds
    return table.reset_index()
