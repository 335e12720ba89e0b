"""Numbers of an answer are compared: right, a known mistake, or how far from right."""

import numpy as np
import pytest

from hepml_lite.checks import Wrong
from hepml_lite.checks.comparison import compare

RIGHT = np.array([1.0, 2.0, 4.0])
MISTAKES = [(RIGHT**2, "squared"), (RIGHT.sum(), "one number")]


def test_right_numbers_pass_within_rounding():
    compare(RIGHT * (1 + 1e-9), RIGHT, MISTAKES, "(N,)")
    compare(7, np.array(7.0), [], "one number")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (RIGHT**2, "squared"),
        (7.0, "one number"),
        (3 * RIGHT, "same factor, 3"),
        (RIGHT + np.array([0, 0, 0.5]), "up to 0.5"),
        (RIGHT[:2], r"shape is \(2,\), not \(3,\): give numbers, \(N,\)"),
        ([np.nan, 2, 4], "NaN or infinite"),
        (list(RIGHT), "right, but they are in a list"),
        ([1, "two", 4], "not an array of numbers"),
    ],
)
def test_wrong_numbers_are_told_apart(found, message):
    with pytest.raises(Wrong, match=message):
        compare(found, RIGHT, MISTAKES, "numbers, (N,)")


def test_the_factor_of_one_number_is_told():
    with pytest.raises(Wrong, match=r"right is .*factor, 1\.5"):
        compare(3.0, np.array(2.0), [], "one number")
