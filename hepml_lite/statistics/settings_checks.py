"""The checks of settings: a number in a range, a whole number, a seed, things by name, a function.

Every function returns the setting in its type and raises ValueError with the argument, its value,
and what is allowed.
"""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hepml_lite.containers.validation import Seed as Seed  # for whoever checks settings
from hepml_lite.containers.validation import checked_rng as checked_rng

MOST = 10**15  # of anything that is counted: more than any sample has jets


def checked_number(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    ends: str = "[]",
    example: str = "",
) -> float:
    """A number between `low` and `high`, as a float; NaN is none.

    Args:
        name: of the argument, for the message.
        value: anything that may have been given.
        low: smallest value.
        high: largest value.
        ends: "[" or "]" where the end itself is allowed, else "(" or ")": "(]" for (low, high].
        example: a value that would do, for the message.

    Raises:
        ValueError: no number, NaN, or a number outside.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = math.nan
    above = number >= low if ends[0] == "[" else number > low
    below = number <= high if ends[1] == "]" else number < high
    if isinstance(value, str | bytes) or not (above and below):
        advice = f", as {example}" if example else ""
        raise ValueError(
            f"{name} is {value!r}: give a number in {ends[0]}{low:g}, {high:g}{ends[1]}{advice}"
        )
    return number


def checked_count(name: str, value: Any, fewest: int = 1, why: str = "") -> int:
    """A whole number from `fewest` to `MOST`; 3.0 is 3.

    Args:
        name: of the argument, for the message.
        value: anything that may have been given.
        fewest: the smallest number allowed.
        why: what it is needed for, for the message.

    Raises:
        ValueError: no whole number, or one outside.
    """
    whole = None
    try:
        is_float = isinstance(value, float | np.floating)
        whole = int(value) if is_float and value == int(value) else operator.index(value)
    except (TypeError, ValueError, OverflowError):
        pass
    if whole is None or isinstance(value, bool) or not fewest <= whole <= MOST:
        reason = f": {why}" if why else ""
        shown = value.item() if isinstance(value, np.generic) else value
        limit = f"{MOST:.0e} at most" if whole and whole > MOST else f"{fewest} or more"
        raise ValueError(f"{name} is {shown!r:.40}: give a whole number, {limit}{reason}")
    return whole


def checked_by_name(name: str, values: Any, example: str) -> Mapping[str, Any]:
    """What is given by name, such as {"met": met}; a table of pandas has names, too.

    Args:
        name: of the argument, for the message.
        values: anything that may have been given.
        example: what would do, for the message.

    Raises:
        ValueError: no mapping, such as a list.
    """
    if not hasattr(values, "keys") or not hasattr(values, "__getitem__"):
        raise ValueError(f"{name} is {values!r:.60}: give them by name, as {example}")
    return values


def checked_function(name: str, value: Any, example: str) -> Callable[..., Any]:
    """A function.

    Args:
        name: of the argument, for the message.
        value: anything that may have been given.
        example: what it takes and gives, for the message.

    Raises:
        ValueError: anything that cannot be called, such as the result of a function.
    """
    if not callable(value):
        raise ValueError(
            f"{name} is {value!r:.60}: give a function, {example}; its name alone, without calling "
            "it"
        )
    return value
