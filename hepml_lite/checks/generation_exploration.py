"""Checks of the generation exploration: the share that is closer, and the shortest report."""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import compare

ALWAYS_SEEN = 3.0  # spreads above the floor
REASONS = {
    "shift": "only what compares places sees a shift: histograms, classifiers, neighbours",
    "smear": "a wider histogram keeps its mean: look at its form, or at neighbours",
    "missing tail": "the tail holds few rows: a distance of whole histograms sees it best",
    "lost correlation": "the rows of each feature are only exchanged, so no histogram changes: "
    "look at several features at once",
    "missing mode": "the region that is missing is small: ask which real rows have no neighbour",
    "copies": "copies of true rows are true: ask how near they are to the training rows",
}


def share_closer(training, fresh, generated):
    """Share of generated rows (M, D) nearer to a training row than to any fresh one."""
    to_training = cdist(generated, training).min(axis=1)
    to_fresh = cdist(generated, fresh).min(axis=1)
    return (to_training < to_fresh).mean()


@exercise("3.6", reference=share_closer)
def closer_to_training(answer, reference, **context):
    """3.6: in five dimensions, where a third of the rows are nearly copies."""
    rng = np.random.default_rng(36)
    training, fresh, generated = rng.normal(size=(3, 47, 5)) * [3, 1, 1, 1, 1]
    generated[:16] = training[5:21] + 0.01 * rng.normal(size=(16, 5))
    right = reference(training, fresh, generated)
    found = answer(training.copy(), fresh.copy(), generated.copy())
    if isinstance(found, np.ndarray) and found.dtype == bool:
        raise Wrong("these are yes or no for each row: give their mean, one share")
    compare(found, right, _mistakes(training, fresh, generated, right), "one share")
    _require_unequal(answer, reference, rng)
    return "0.5 without memory; a sample of copies has 1, whatever the other metrics say."


def _mistakes(
    training: np.ndarray, fresh: np.ndarray, generated: np.ndarray, right: float
) -> Iterable[tuple[float | np.ndarray, str]]:
    """What typical slips give, and what to say about them."""

    def share(one: np.ndarray, other: np.ndarray) -> float:
        return float((one < other).mean())

    known = cdist(generated, training)
    new = cdist(generated, fresh)
    by_feature = [np.abs(generated[:, None] - rows).min(axis=(1, 2)) for rows in (training, fresh)]
    norms = [
        np.abs(np.linalg.norm(generated, axis=1)[:, None] - np.linalg.norm(rows, axis=1)).min(1)
        for rows in (training, fresh)
    ]
    return (
        (1 - right, "this is the share that is nearer to a fresh row: were the two exchanged?"),
        (right * len(generated), "this is the number of rows: divide it by their number"),
        (100 * right, "this is in per cent: give a share between 0 and 1"),
        (2 * right - 1, "this is the excess over a half, scaled: give the share itself"),
        (right - 0.5, "this is the excess over a half: give the share itself"),
        (share(known.mean(1), new.mean(1)), "these are mean distances to all rows: a copy has one "
         "near row only, so take the smallest distance"),
        (share(known.max(1), new.max(1)), "these are the largest distances: take the smallest"),
        (share(known.min(0), new.min(0)), "this asks the training rows for their nearest generated "
         "row: ask each generated row, along the other axis"),
        (share(np.diagonal(known), np.diagonal(new)), "this compares row i with row i only: look "
         "for the nearest of all rows"),
        (share(*by_feature), "this is the smallest difference in a single feature: a distance "
         "takes all features of a row together"),
        (share(*norms), "these are differences of lengths: take the length of the difference"),
        (float((known.min(1) / new.min(1)).mean()), "this is a mean ratio of distances: count the "
         "rows where the first is smaller"),
        (float(known.min(1).mean()), "this is a mean distance: compare it with that to the fresh "
         "rows, row by row"),
        (float(known.min(1).mean() < new.min(1).mean()), "this compares two means: compare each "
         "row, then take the share"),
        (float((known.min(1) < np.median(new.min(1))).mean()), "this compares with the typical "
         "distance to a fresh row: compare with the one of the same row"),
        (known.min(1) < new.min(1), "these are yes or no for each row: give their mean"),
    )  # fmt: skip


def _require_unequal(answer: Callable, reference: Callable, rng: np.random.Generator) -> None:
    """Another number of generated rows than of the others."""
    training, fresh = rng.normal(size=(2, 20, 3))
    generated = rng.normal(size=(50, 3))
    found = answer(training, fresh, generated)
    if not np.isclose(found, reference(training, fresh, generated)):
        raise Wrong("with 50 generated rows and 20 of the others the share is another one: divide "
                    "by the number of generated rows")  # fmt: skip


def shortest_report(seen: pd.DataFrame, **context) -> list[str]:
    """The first of the shortest lists of metrics that together see all faults of a table."""
    is_seen = seen > ALWAYS_SEEN
    for length in range(1, len(seen.columns) + 1):
        for names in combinations(seen.columns, length):
            if is_seen[list(names)].any(axis=1).all():
                return list(names)
    raise ValueError("some fault is seen by no metric of the table: take a larger strength")


@exercise("3.7", reference_from=shortest_report)
def all_faults_with_few_metrics(answer, reference, seen, **context):
    """3.7: any list that sees all faults and is as short as possible."""
    names = _metric_names(answer, seen)
    is_seen = seen[names] > ALWAYS_SEEN
    missed = [fault for fault in seen.index if not is_seen.loc[fault].any()]
    if missed:
        fault = missed[0]
        also = f", nor {', '.join(missed[1:])}" if missed[1:] else ""
        raise Wrong(f"{', '.join(names)} does not see {fault}{also}. {fault}: {REASONS[fault]}")
    if len(names) > len(reference):
        raise Wrong(
            f"these {len(names)} see every fault, and {len(reference)} can be enough: leave out "
            "what sees nothing that the others do not see"
        )
    return "each alone would have let a fault pass: a report needs metrics of several kinds."


def _metric_names(answer: Any, seen: pd.DataFrame) -> list[str]:
    """The metrics of an answer."""
    if isinstance(answer, str):
        raise Wrong(f"{answer!r} is one name: give a list of names, even of one")
    if isinstance(answer, dict) or not isinstance(answer, Iterable):
        raise Wrong("give a list of names of metrics, such as ['W1', 'KPD']")
    names = [str(name) for name in answer]
    if not names:
        raise Wrong("the list is empty: without a metric no fault is seen")
    if len(set(names)) < len(names):
        raise Wrong("a metric is there twice: it sees no more the second time")
    faults = [name for name in names if name in seen.index]
    if faults:
        raise Wrong(f"{faults[0]!r} is a fault: give metrics, the columns of the table")
    for name in names:
        same = [known for known in seen.columns if known.lower() == name.lower()]
        if name not in seen.columns:
            hint = f"did you mean {same[0]!r}?" if same else f"choose among {', '.join(seen)}"
            raise Wrong(f"there is no metric {name!r}: {hint}")
    return names
