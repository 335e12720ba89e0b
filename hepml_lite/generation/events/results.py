"""How well each method makes events, in each set of coordinates, over several trainings.

`benchmarks/event_generators.py` makes the table: one row for each training on 20 000 events.
"""

from pathlib import Path

import pandas as pd

from hepml_lite.statistics.intervals import Interval, mean_of_seeds

STORED = Path(__file__).parent / "stored" / "events.csv"
COLUMNS = ("method", "coordinates", "seed", "auc", "auc_error", "gap", "gap_error", "cpu_seconds")


def read() -> pd.DataFrame:
    """The stored trainings.

    Columns: `auc` of boosted trees and its error; `gap`, the mean of log q/p over
    true events [nats], NaN where there is no log_prob; CPU seconds of the training.
    """
    return pd.read_csv(STORED)


def summary(trainings: pd.DataFrame) -> pd.DataFrame:
    """Mean over the trainings with its error: their spread, and that of one test sample.

    Args:
        trainings: as from `read`.
    """
    rows = []
    trainings = trainings.sort_values("coordinates", kind="stable")  # those of 3 numbers first
    for (method, coordinates), group in trainings.groupby(["method", "coordinates"], sort=False):
        rows.append(
            {
                "method": method,
                "numbers": coordinates,
                "AUC of the judge": str(_mean(group["auc"], group["auc_error"])),
                "mean log q/p": str(_mean(group["gap"], group["gap_error"]))
                if group["gap"].notna().all()
                else "no density",
                "CPU s": f"{group['cpu_seconds'].mean():.0f}",
                "trainings": len(group),
            }
        )
    return pd.DataFrame(rows)


def _mean(values: pd.Series, errors: pd.Series) -> Interval:
    """All trainings share one test sample, whose error does not shrink with their number."""
    return mean_of_seeds(values, float(errors.mean()))
