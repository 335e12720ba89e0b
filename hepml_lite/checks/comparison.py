"""Compare the numbers of an answer with the right ones and with those of typical mistakes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.checks import Wrong

Mistakes = Iterable[tuple[ArrayLike, str]]


def compare(
    found: object,
    right: ArrayLike,
    mistakes: Mistakes,
    shape: str,
    rtol: float = 1e-6,
    atol: float = 1e-9,
) -> None:
    """Raise `Wrong` with the reason of the first mistake that gives the same numbers.

    Args:
        found: what the answer gives.
        right: numbers of any shape.
        mistakes: numbers that a typical mistake gives, and what to say about it.
        shape: what is asked for in words, such as "one mass a jet, (N,)".
        rtol: relative tolerance.
        atol: absolute tolerance.
    """
    numbers = as_numbers(found, shape)
    wanted = np.asarray(right, dtype=float)
    if numbers.shape == wanted.shape and np.allclose(numbers, wanted, rtol, atol):
        require_array(found, shape)
        return
    for mistake, why in mistakes:
        same_shape = np.shape(mistake) == numbers.shape
        if same_shape and np.allclose(numbers, mistake, rtol, atol, equal_nan=True):
            raise Wrong(why)
    if numbers.shape != wanted.shape:
        raise Wrong(f"the shape is {numbers.shape}, not {wanted.shape}: give {shape}")
    if not np.isfinite(numbers).all():
        raise Wrong("some of the numbers are NaN or infinite: was something divided by zero?")
    raise Wrong(_how_far(numbers, wanted))


def as_numbers(found: object, shape: str) -> np.ndarray:
    """What the answer gives, as an array of floats.

    Raises:
        Wrong: it holds something else.
    """
    try:
        return np.asarray(found, dtype=float)
    except (TypeError, ValueError) as error:
        raise Wrong(f"this is not an array of numbers ({error}): give {shape}") from error


def require_array(found: object, shape: str) -> None:
    """Refuse a list or tuple of right numbers: the cells below compute with an array."""
    if isinstance(found, (list, tuple)):
        raise Wrong(
            f"the numbers are right, but they are in a {type(found).__name__}, with which the "
            f"cells below cannot compute: give an array, {shape}, with np.array(...)"
        )


def _how_far(numbers: np.ndarray, wanted: np.ndarray) -> str:
    """A sentence on the difference of wrong numbers, when no known mistake explains it."""
    ratio = np.divide(numbers, wanted, out=np.full(wanted.shape, np.nan), where=wanted != 0)
    factor = np.nanmedian(ratio) if np.isfinite(ratio).any() else np.nan
    if wanted.ndim == 0 and np.isfinite(factor):
        return f"you find {numbers:.4g}, right is {wanted:.4g}: that is the factor, {factor:.4g}"
    if np.isfinite(factor) and np.allclose(numbers, factor * wanted, rtol=1e-3):
        return f"all numbers are wrong by the same factor, {factor:.4g}"
    off = np.abs(numbers - wanted).max()
    example = "" if wanted.ndim else f": you find {numbers:.4g}, right is {wanted:.4g}"
    return f"the numbers differ from the right ones by up to {off:.3g}{example}"
