"""Checks of the arrays of containers, with messages that say what is wrong."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

Seed = np.random.Generator | int | None


def plain_array(name: str, values: Any) -> np.ndarray:
    """The values as an ordinary array of numbers.

    Raises:
        ValueError: for a masked array, whose hidden numbers must not count, or for values that
            are not numbers.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array, and the container would read its hidden numbers; "
            "pass array.filled(0), and mask=~np.ma.getmaskarray(array) where there is a mask"
        )
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} cannot become an array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} holds {array.dtype}, not real numbers")
    return array


def real_numbers(name: str, values: Any) -> np.ndarray:
    """The values as a read-only float32 array that belongs to the container.

    Raises:
        ValueError: as `plain_array`.
    """
    array = plain_array(name, values)
    with np.errstate(over="ignore"):  # too large numbers become infinite; later checks refuse them
        return own(array, np.float32)


def integers(name: str, values: Any, kind: type[np.integer] = np.int64) -> np.ndarray:
    """The values as a read-only array of this type of integer.

    Raises:
        ValueError: for a number that is not an integer or is too large; the message names it.
    """
    array = plain_array(name, values)
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.floor(array))
        _refuse_entry(name, array, ~whole, "is not an integer")
    limits = np.iinfo(kind)
    outside = (array < limits.min) | (array > limits.max)
    _refuse_entry(name, array, outside, f"does not fit between {limits.min} and {limits.max}")
    return own(array, kind)


def booleans(name: str, values: Any) -> np.ndarray:
    """The values as a read-only array of booleans.

    Raises:
        ValueError: for any other type: the number 0.5 is neither true nor false.
    """
    array = plain_array(name, values)
    if array.dtype != bool and array.size:
        raise ValueError(
            f"{name} holds {array.dtype}; it must be boolean: write, for example, {name} > 0.5"
        )
    return own(array, bool)


def own(array: np.ndarray, kind: DTypeLike) -> np.ndarray:
    """A read-only copy of this type, or the array itself if it is already read-only."""
    if array.dtype == kind and _is_read_only(array):
        return array
    return read_only(np.array(array, kind))


def read_only(array: np.ndarray) -> np.ndarray:
    """The same array, made read-only."""
    array.flags.writeable = False
    return array


def require_shape(name: str, array: np.ndarray, shape: tuple[int, ...], each: str) -> None:
    """Raise ValueError unless `array` has one entry for each of something, such as "jet"."""
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; expected {shape}: one entry a {each}")


def require_finite(values: np.ndarray, quantities: Sequence[str] = ()) -> None:
    """Raise ValueError, naming the first row (and quantity) that is NaN or infinite.

    Args:
        values: (N, F).
        quantities: names of the F columns, if they have any.
    """
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        of = f" of {quantities[column]!r}" if quantities else ""
        raise ValueError(
            f"{bad.any(axis=1).sum()} of {len(values)} rows have NaN or infinite values{of}, the "
            f"first is row {row}; remove them first"
        )


def require_names(label: np.ndarray, names: tuple[str, ...]) -> None:
    """Raise ValueError unless every label is the position of a class name."""
    if len(label) and not (label.min() >= 0 and label.max() < len(names)):
        raise ValueError(
            f"labels run from {label.min()} to {label.max()}, but there are {len(names)} "
            f"class names {names}: pass names=(...) with one name a class"
        )


def texts(name: str, names: Any) -> tuple[str, ...]:
    """The names of classes, columns or processes as a tuple.

    Raises:
        ValueError: for one text, which would become its letters, or for anything but texts.
    """
    if isinstance(names, str):
        raise ValueError(f"{name} is {names!r}, one text: give a tuple, ({names!r},)")
    if not isinstance(names, Iterable):
        raise ValueError(f"{name} is {names!r}: give a tuple of texts, such as ('QCD', 'top')")
    given = tuple(names)
    if not all(isinstance(one, str) for one in given):
        raise ValueError(f"{name} is {given}: give a tuple of texts, such as ('QCD', 'top')")
    return given


def table(name: str, values: Any) -> np.ndarray:
    """The values as `real_numbers` (N, F).

    Raises:
        ValueError: as `real_numbers`, or for another number of axes.
    """
    array = real_numbers(name, values)
    if array.ndim != 2:
        raise ValueError(f"{name} has shape {array.shape}; expected (rows, columns)")
    return array


def require_both_classes(label: np.ndarray, names: tuple[str, ...]) -> None:
    """Raise ValueError unless there are rows of labels 0 and 1, and of no other."""
    found = np.unique(label)
    if found.tolist() != [0, 1]:
        raise ValueError(
            f"labels are {found}: both 0 ({names[0]}) and 1 ({names[1]}) are needed, and no others"
        )


def require_weights(weight: np.ndarray, n: int) -> None:
    """Raise ValueError unless there is one finite weight, not below zero, for each of n rows."""
    require_shape("weight", weight, (n,), each="row")
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        row = np.argmax(bad)
        raise ValueError(
            f"{bad.sum()} of {n} weights are negative, NaN or infinite, the first is "
            f"{weight[row]} in row {row}: remove these rows, or give them weight 0"
        )


def checked_rng(rng: Seed) -> np.random.Generator:
    """The generator, or one of this seed.

    Raises:
        ValueError: neither a generator nor a whole number from 0 on.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(
            f"rng is {rng!r}: give a seed (a whole number from 0 on), a numpy.random.Generator, or "
            "None"
        ) from None


def _is_read_only(array: np.ndarray) -> bool:
    """Whether this array and the array that owns its memory are both read-only."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None


def _refuse_entry(name: str, array: np.ndarray, bad: np.ndarray, problem: str) -> None:
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        where = place[0] if len(place) == 1 else place
        raise ValueError(
            f"{bad.sum()} of {bad.size} entries of {name} cannot be kept, the first at {where}: "
            f"{array[place]:.10g} {problem}"
        )
