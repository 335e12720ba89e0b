"""The landscape as a table: our results with errors, beside the published ones."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from hepml_lite.plotting.tables import StyledTable, styled
from hepml_lite.tagging.landscape import PUBLISHED, Figure, Row
from hepml_lite.tagging.published import PublishedTagger, top_tagger

REJECTION = "1/ε_B (ε_S = {:g})"
TRAINING = "training [s]"
SCORING = "scoring [µs/jet]"
PUBLISHED_AUC = "published AUC"
PUBLISHED_REJECTION = "published 1/ε_B (ε_S = 0.3)"
PUBLISHED_PARAMETERS = "published parameters"


def table(
    rows: Iterable[Row], published: Mapping[str, PublishedTagger] | None = None
) -> pd.DataFrame:
    """A table with one row for each tagger, best AUC first, indexed by name.

    A figure of merit has three columns: "AUC", "AUC low" and "AUC high" are the value and both ends
    of its error. The error is that of one training and includes the test sample. A rejection that
    rests on a few jets has its 95 % limit as the low end, and no high end (inf). Numbers that were
    not measured or not published are NaN.

    Args:
        rows: see `landscape.Row`.
        published: published rows by our names, see `published_rows`; None: no such columns.

    Raises:
        ValueError: there are no rows.
    """
    lines = []
    for row in sorted(rows, key=lambda row: -row.auc.value):
        line: dict[str, Any] = {"tagger": row.name, "parameters": row.parameters}
        line |= _with_ends("AUC", row.auc)
        line |= _with_ends("accuracy", row.accuracy)
        line |= _with_ends(REJECTION.format(0.3), row.rejection_30)
        line |= _with_ends(REJECTION.format(0.5), row.rejection_50)
        line[TRAINING] = row.train_seconds
        line[SCORING] = row.microseconds
        if published is not None:
            line |= _published(published.get(row.name))
        lines.append(line)
    if not lines:
        raise ValueError("no rows: give one or more, such as read_landscape().values()")
    frame = pd.DataFrame(lines).set_index("tagger")
    measured = [name for name in frame.columns if "parameters" not in name]
    frame[measured] = frame[measured].astype(float)
    if published is not None:
        frame[PUBLISHED_PARAMETERS] = frame[PUBLISHED_PARAMETERS].astype("Int64")
    return frame


def shown(frame: pd.DataFrame) -> StyledTable:
    """The result of `table` to read: values with their errors in one cell."""
    formats = {TRAINING: "{:,.0f}", SCORING: "{:.0f}", PUBLISHED_AUC: "{:g}"}
    return styled(
        frame,
        formats={name: text for name, text in formats.items() if name in frame.columns},
        as_printed=[name for name in (PUBLISHED_REJECTION,) if name in frame.columns],
    )


def published_rows(names: Iterable[str]) -> dict[str, PublishedTagger]:
    """Published rows of the taggers of these names, where there are any."""
    return {name: top_tagger(PUBLISHED[name]) for name in names if name in PUBLISHED}


def _with_ends(name: str, figure: Figure) -> dict[str, float]:
    value, low, high = figure.interval
    if figure.limit is not None:
        low, high = figure.limit, math.inf
    return {name: value, f"{name} low": low, f"{name} high": high}


def _published(paper: PublishedTagger | None) -> dict[str, Any]:
    names = (
        PUBLISHED_AUC,
        PUBLISHED_REJECTION,
        f"{PUBLISHED_REJECTION} low",
        f"{PUBLISHED_REJECTION} high",
        PUBLISHED_PARAMETERS,
    )
    if paper is None:
        return dict.fromkeys(names)
    value, low, high = paper.rejection
    ends = (low, high) if low < high else (None, None)  # not every paper gives an error
    return dict(zip(names, (paper.auc, value, *ends, paper.parameters), strict=True))
