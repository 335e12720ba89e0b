"""Numbers in few bits, as whole steps or in half precision, never beyond what these hold."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike


def whole_steps(
    values: ArrayLike, what: str, *dtypes: DTypeLike, per_unit: float = 1
) -> np.ndarray:
    """Values in whole steps of 1 / per_unit, in the first of the integer types that holds them.

    Args:
        values: numbers of any shape.
        what: their name in an error message, with the unit.
        dtypes: integer types, the smallest first.
        per_unit: steps a unit.

    Raises:
        ValueError: values that are NaN or infinite, or too large for the last type.
    """
    values = np.asarray(values)
    if not np.isfinite(values).all():
        raise ValueError(f"{what} has values that are NaN or infinite: remove these rows first")
    steps = np.round(values * per_unit)
    low, high = steps.min(initial=0), steps.max(initial=0)
    for dtype in dtypes:
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return steps.astype(dtype)
    limits = np.iinfo(dtypes[-1])
    worst = low if low < limits.min else high
    raise ValueError(
        f"{what} reaches {worst / per_unit:g}, but only {limits.min / per_unit:g} to "
        f"{limits.max / per_unit:g} can be packed: remove these rows or check the unit"
    )


def half_precision(values: ArrayLike, what: str) -> np.ndarray:
    """Values in 16 bits, to three digits.

    Args:
        values: numbers of any shape.
        what: their name in an error message, with the unit.

    Raises:
        ValueError: values that are NaN, infinite or beyond 65504.
    """
    values = np.asarray(values, float)
    limit = float(np.finfo(np.float16).max)
    beyond = ~(np.abs(values) <= limit)
    if beyond.any():
        raise ValueError(
            f"{what} reaches {values[beyond][0]:g}; at most {limit:g} can be packed: remove these "
            "rows or check the unit"
        )
    return values.astype(np.float16)
