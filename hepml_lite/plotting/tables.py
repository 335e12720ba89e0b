"""Tables for a notebook: the data frame holds numbers, the styled table shows them as text."""

import math
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from hepml_lite.statistics.intervals import Interval

LOOK = [("text-align", "right"), ("white-space", "nowrap")]


class StyledTable(Styler):
    """A styled data frame that is readable without HTML, too."""

    def __repr__(self) -> str:
        return self.data.to_string()


def styled(
    frame: pd.DataFrame,
    formats: Mapping[str, str] | None = None,
    as_printed: Collection[str] = (),
) -> StyledTable:
    """A table to read: a value and its error in one cell, thousands separated, no NaN.

    A column "x" with columns "x low" and "x high" beside it becomes one column of texts such as
    "304 ± 21"; without a high end (inf) it is the limit "> 280". To sort or to export, use the
    frame itself.

    Args:
        frame: numbers and texts.
        formats: by column, such as "{:.3f}"; default: whole numbers as "12,345", others with
            four digits.
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
            texts[name] = [with_error(*row, printed=name in as_printed) for row in rows]
        else:
            texts[name] = [_text(value, formats.get(name)) for value in column]
    shown = pd.DataFrame(texts, index=frame.index)
    # one id for all tables: a notebook that runs twice has the same outputs
    table = StyledTable(shown, uuid="styled", cell_ids=False)
    return table.set_table_styles([{"selector": "td", "props": LOOK}])


def with_error(value: float, low: float, high: float, printed: bool = False) -> str:
    """The text of an `Interval`, with two digits of the error.

    Args:
        value: the number; NaN gives an empty text.
        low: lower end, or NaN if there is no error.
        high: upper end; inf makes the text a lower limit, "> 280".
        printed: of a paper: all digits as they are given.
    """
    if pd.isna(value):
        return ""
    if pd.isna(low) or pd.isna(high):
        return f"{value:g}"
    if high == math.inf:
        return f"> {float(f'{low:.2g}'):.0f}"
    down = value - low
    up = high - value
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
