"""The stored tables of all unfolding methods, and how to look at them.

`benchmarks/unfolding_methods.py` and `benchmarks/unfolding_constituents.py` write them, with the
functions of `comparison`; notebooks and dashboards read them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from hepml_lite.statistics.intervals import Interval

STORED = Path(__file__).parent / "stored" / "comparison.csv"
STORED_QUALITY = Path(__file__).parent / "stored" / "quality.csv"
STORED_CONSTITUENTS = Path(__file__).parent / "stored" / "constituents.csv"
CHANCE = "nature again"  # the row of the second table that shows what chance makes


def stored_comparison() -> pd.DataFrame:
    """The table of `benchmarks/unfolding_methods.py`: one row a method, seed and observable.

    Columns: method, seed, observable, closed (share of the gap; NaN below five floors), error (of
    the test events), after (distance × 1000), floor (× 1000), moved and moved_floor (share of
    simulated events that move to a wrong bin, and its chance level; NaN for weights), seconds (of
    CPU, for fit and unfold).
    """
    return pd.read_csv(STORED)


def stored_quality() -> pd.DataFrame:
    """The second table of the same script: one row a method and seed, all observables together.

    Columns: method, seed, and those of `quality_row`. The row "simulation" has no unfolding, and
    `CHANCE` has other events of nature in its place.
    """
    return pd.read_csv(STORED_QUALITY)


def stored_constituents(iterations: int = 4) -> pd.DataFrame:
    """OmniFold on particles beside MultiFold, from `benchmarks/unfolding_constituents.py`.

    Columns: those of `stored_comparison`, and iterations. The observables are computed from the 30
    leading particles of each jet. Weights move no event, so `moved` is NaN.

    Args:
        iterations: after which the spectra are compared, 1 or 4.

    Raises:
        ValueError: another number of iterations.
    """
    table = pd.read_csv(STORED_CONSTITUENTS)
    stored = sorted(table["iterations"].unique().tolist())
    if iterations not in stored:
        raise ValueError(f"iterations={iterations!r} is not stored: choose one of {stored}")
    return table[table["iterations"] == iterations].assign(moved=np.nan, moved_floor=np.nan)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """A table of methods to look at, one row a method, from that of `stored_comparison`.

    Columns: each observable with its closed share, the mean over seeds ± the standard deviation of
    one seed ("-" where the gap is below five floors); moved, the mean over observables, with its
    chance level in brackets; seconds of CPU.
    """
    methods = list(dict.fromkeys(table["method"]))
    observables = list(dict.fromkeys(table["observable"]))
    rows = []
    for method in methods:
        of_method = table[table["method"] == method]
        row = {}
        for name in observables:
            row[name] = _mean_and_spread(of_method.loc[of_method["observable"] == name, "closed"])
        moved = of_method["moved"].mean()
        floor = of_method["moved_floor"].mean()
        row["moved"] = "-" if np.isnan(moved) else f"{moved:.3f} ({floor:.3f})"
        row["CPU s"] = f"{of_method['seconds'].mean():.0f}"
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(methods, name="method"))


def quality_summary(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `stored_quality` to look at: mean over seeds ± the standard deviation of one."""
    rows = {}
    for method in dict.fromkeys(table["method"]):
        of_method = table[table["method"] == method]
        rows[method] = {
            "AUC": _mean_and_spread(of_method["auc"]),
            "correlations off by": _mean_and_spread(of_method["correlation"]),
            "Wasserstein / width": _mean_and_spread(of_method["wasserstein"]),
        }
    return pd.DataFrame.from_dict(rows, "index").rename_axis("method")


def paired_differences(table: pd.DataFrame, reference: str) -> pd.DataFrame:
    """How much more of the gap each method closes than a reference, on the same events.

    Columns: method, observable, difference (mean over the seeds), spread (standard deviation of one
    seed), and resolved: the difference exceeds twice the spread. Observables without a gap are left
    out.

    Args:
        table: that of `stored_comparison`.
        reference: the method that the others are compared with.

    Raises:
        ValueError: the table does not have the reference.
    """
    methods = list(dict.fromkeys(table["method"]))
    if reference not in methods:
        raise ValueError(f"no method {reference!r} in this table: choose one of {methods}")
    closed = table.pivot(index=["observable", "seed"], columns="method", values="closed").dropna()
    others = [method for method in methods if method != reference]
    differences = closed[others].sub(closed[reference], axis=0).groupby("observable", sort=False)
    rows = pd.DataFrame(
        {"difference": differences.mean().stack(), "spread": differences.std().stack()}
    ).reset_index()
    rows["resolved"] = rows["difference"].abs() > 2 * rows["spread"]
    return rows


def _mean_and_spread(shares: pd.Series) -> str:
    known = shares.dropna()
    if len(known) < 2:
        return "-"
    return str(Interval.symmetric(float(known.mean()), float(known.std())))
