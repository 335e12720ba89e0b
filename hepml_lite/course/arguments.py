"""Types of numbers on the command line; argparse makes one line of their errors."""

import argparse
import math
from collections.abc import Callable


def whole_number(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """Return a type for argparse: a whole number from `lowest` to `highest`, both allowed.

    >>> whole_number(1, 65535)("5006")
    5006
    """
    allowed = f"from {lowest} to {highest}" if highest is not None else f"{lowest} or more"

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}: give a whole number, {allowed}") from None
        if number < lowest or (highest is not None and number > highest):
            raise argparse.ArgumentTypeError(f"{text}: allowed is a whole number, {allowed}")
        return number

    return convert


tcp_port = whole_number(1, 65535)
seed = whole_number(0, 2**32 - 1)  # what NumPy's and torch's generators take alike


def seconds(text: str) -> float:
    """Return a time limit [s], a type for argparse: a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: give seconds, a number above 0")
    return value
