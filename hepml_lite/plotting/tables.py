"""Tables for a notebook: numbers stay numbers in the data frame, and are text only where shown."""

import math
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from hepml_lite.statistics.intervals import Interval

LOOK = [("text-align", "right"), ("white-space", "nowrap")]


class StyledTable(Styler):
    """A styled data frame that is readable where there is no HTML, too."""

    def __repr__(self) -> str:
        return self.data.to_string()


def styled(
    frame: pd.DataFrame,
    formats: Mapping[str, str] | None = None,
    as_printed: Collection[str] = (),
) -> StyledTable:
    """The frame as one reads it: a value and its error in one cell, thousands apart, no NaN.

    A column "x" with columns "x low" and "x high" beside it becomes one column of texts such as
    "304 ± 21". To sort or to export, take the frame itself.

    Args:
        frame: numbers and texts.
        formats: by column, as "{:.3f}"; default: whole numbers as "12,345", others with four
            digits.
        as_printed: columns of published numbers, shown with the digits that the paper gives.

    Raises:
        ValueError: a column that the frame does not have.
    """
    formats = formats or {}
    unknown = [name for name in (*formats, *as_printed) if name not in frame.columns]
    if unknown:
        raise ValueError(f"no columns {unknown}: there are {list(frame.columns)}")
    texts = {}
    ends = {f"{name} {end}" for name in frame.columns for end in ("low", "high")}
    for name in frame.columns:
        if name in ends:
            continue
        column = frame[name]
        if {f"{name} low", f"{name} high"} <= set(frame.columns):
            rows = zip(column, frame[f"{name} low"], frame[f"{name} high"], strict=True)
            texts[name] = [_with_error(*row, printed=name in as_printed) for row in rows]
        else:
            texts[name] = [_text(value, formats.get(name)) for value in column]
    shown = pd.DataFrame(texts, index=frame.index)
    # one name for all tables: they look alike, and a notebook run twice has the same outputs
    table = StyledTable(shown, uuid="styled", cell_ids=False)
    return table.set_table_styles([{"selector": "td", "props": LOOK}])


def _with_error(value: float, low: float, high: float, printed: bool) -> str:
    """As an `Interval` prints, but with two digits of the error."""
    if pd.isna(value):
        return ""
    if pd.isna(low) or pd.isna(high):
        return f"{value:g}"
    down, up = value - low, high - value
    error = (down + up) / 2
    if not math.isfinite(error) or error <= 0:
        return str(Interval(value, low, high))
    if printed:
        return f"{value:g} ± {error:g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    if abs(up - down) <= 0.25 * error:
        return f"{value:.{digits}f} ± {error:.{digits}f}"
    return f"{value:.{digits}f} +{up:.{digits}f} −{down:.{digits}f}"


def _text(value: object, pattern: str | None) -> str:
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return ""
    if pattern:
        return pattern.format(value)
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    return f"{value:.4g}"
