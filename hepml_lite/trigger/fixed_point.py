"""Numbers with a fixed point, as a chip computes with them, and all their roundings and overflows.

A number of `width` bits, `integer` of them in front of the point (the sign counts as one), is a
whole number, its code, times the step 2^(integer - width). The names and the rules of the modes are
those of the type ``ap_fixed<width, integer, rounding, overflow>`` of high-level synthesis (AMD,
*Vitis High-Level Synthesis User Guide*, UG1399, "Arbitrary Precision Fixed-Point Data Types").
Without a sign it is ``ap_ufixed``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite

Rounding = Literal["TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"]
Overflow = Literal["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"]

LARGEST_WIDTH = 53  # bits; float64 holds each whole number up to 2^53
LARGEST_INTEGER = 256  # bits; the steps of products and sums stay within float64

#: Whether a number between two steps goes up to the upper one. `below` is the lower step, and
#: `side` says where the number lies: -1 below the middle of the two, 0 on it, 1 above it.
GOES_UP: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "TRN": lambda below, side: np.zeros(side.shape, bool),  # always down
    "TRN_ZERO": lambda below, side: below < 0,  # towards zero
    "RND": lambda below, side: side >= 0,  # to the nearest, the middle goes up
    "RND_ZERO": lambda below, side: (side > 0) | ((side == 0) & (below < 0)),
    "RND_INF": lambda below, side: (side > 0) | ((side == 0) & (below >= 0)),
    "RND_MIN_INF": lambda below, side: side > 0,
    "RND_CONV": lambda below, side: (side > 0) | ((side == 0) & (below % 2 == 1)),  # to even
}
AT_ONCE = {"TRN": np.floor, "RND_CONV": np.rint}  #: the same numbers in one call of NumPy
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")


@dataclass(frozen=True)
class FixedPoint:
    """A type of numbers with a fixed point.

    Args:
        width: all bits, 1 to 53.
        integer: bits in front of the point, the sign included; it may exceed `width` or be
            negative, then the step is above 1, or all numbers are small.
        signed: whether there are negative numbers (in two's complement).
        rounding: what happens below the last bit. `TRN` cuts off, which goes down, also for
            negative numbers.
        overflow: what happens above the first bit. `WRAP` drops the bits that do not fit, without
            a word; `SAT` gives the nearest number of the type, `SAT_SYM` the same between -highest
            and highest, `SAT_ZERO` zero.

    Raises:
        ValueError: for other widths or modes; the message names them.
    """

    width: int
    integer: int
    signed: bool = True
    rounding: Rounding = "TRN"
    overflow: Overflow = "WRAP"

    def __post_init__(self) -> None:
        for name in ("width", "integer"):
            bits = getattr(self, name)
            if isinstance(bits, bool) or not isinstance(bits, int | np.integer):
                raise ValueError(f"{name} is {bits!r}; give a whole number of bits")
            object.__setattr__(self, name, int(bits))
        if not isinstance(self.signed, bool | np.bool_):
            raise ValueError(
                f"signed is {self.signed!r}; give True or False, and the modes by their names: "
                'FixedPoint(8, 4, rounding="RND", overflow="SAT")'
            )
        if not 1 <= self.width <= LARGEST_WIDTH:
            raise ValueError(
                f"width is {self.width} bits; choose 1 to {LARGEST_WIDTH}: float64 holds no more"
            )
        if abs(self.integer) > LARGEST_INTEGER:
            raise ValueError(
                f"integer is {self.integer} bits; choose -{LARGEST_INTEGER} to {LARGEST_INTEGER}"
            )
        if self.rounding not in [*GOES_UP]:
            raise ValueError(f"unknown rounding {self.rounding!r}; choose one of {[*GOES_UP]}")
        if self.overflow not in OVERFLOWS:
            raise ValueError(f"unknown overflow {self.overflow!r}; choose one of {[*OVERFLOWS]}")

    @property
    def fraction(self) -> int:
        """Bits after the point."""
        return self.width - self.integer

    @property
    def step(self) -> float:
        """Distance of two neighbouring numbers, 2^-fraction."""
        return float(2.0**-self.fraction)

    @property
    def lowest_code(self) -> int:
        """The smallest whole number that the bits can hold."""
        return -(2 ** (self.width - 1)) if self.signed else 0

    @property
    def highest_code(self) -> int:
        """The largest whole number that the bits can hold."""
        return 2 ** (self.width - 1) - 1 if self.signed else 2**self.width - 1

    @property
    def lowest(self) -> float:
        """The smallest number."""
        return self.lowest_code * self.step

    @property
    def highest(self) -> float:
        """The largest number."""
        return self.highest_code * self.step

    def codes(self, x: ArrayLike) -> np.ndarray:
        """The codes of numbers x (any shape), whole numbers in float64 of the same shape.

        Raises:
            ValueError: for NaN or infinite numbers, which a chip does not have, and for what is
                no array of real numbers.
        """
        return self.fitted(self.rounded(self._in_steps(x)))

    def _in_steps(self, x: ArrayLike) -> np.ndarray:
        """Numbers x in units of the step, exact in float64."""
        numbers = checked_finite("x", x)
        with np.errstate(over="ignore"):  # refused below
            steps = np.ldexp(numbers, self.fraction)
        if not np.isfinite(steps).all():
            raise ValueError(
                f"x reaches {np.abs(numbers).max():g}, more than 2^1023 steps of {self}: give "
                "smaller numbers"
            )
        return steps

    def rounded(self, steps: np.ndarray) -> np.ndarray:
        """Numbers in units of the step, rounded to whole ones."""
        if self.rounding in AT_ONCE:
            return AT_ONCE[self.rounding](steps) + 0.0  # of -0.0 makes 0.0
        return rounded_by_rule(self.rounding, steps)

    def fitted(self, codes: np.ndarray) -> np.ndarray:
        """Whole numbers, brought between `lowest_code` and `highest_code`."""
        low, high = self.lowest_code, self.highest_code
        if self.overflow == "WRAP":
            wrapped = np.mod(codes, 2.0**self.width)  # exact, as `codes - low` is not
            return np.where(wrapped > high, wrapped - 2.0**self.width, wrapped)
        if self.overflow == "SAT_ZERO":
            return np.where((codes < low) | (codes > high), 0.0, codes)
        if self.overflow == "SAT_SYM" and self.signed and self.width > 1:
            low = -high  # a single bit keeps its -1, as in the headers of ap_fixed
        return np.clip(codes, low, high)

    def quantise(self, x: ArrayLike) -> np.ndarray:
        """The numbers of this type that x becomes (any shape), in float64."""
        return self.codes(x) * self.step

    def overflows(self, x: ArrayLike) -> np.ndarray:
        """Which of the numbers x do not fit, after rounding; of the shape of x.

        Raises:
            ValueError: for NaN or infinite numbers.
        """
        codes = self.rounded(self._in_steps(x))
        return (codes < self.lowest_code) | (codes > self.highest_code)

    def __str__(self) -> str:
        kind = "ap_fixed" if self.signed else "ap_ufixed"
        modes = [] if (self.rounding, self.overflow) == ("TRN", "WRAP") else [
            f"AP_{self.rounding}", f"AP_{self.overflow}"
        ]  # fmt: skip
        return f"{kind}<{', '.join([str(self.width), str(self.integer), *modes])}>"


def rounded_by_rule(rounding: Rounding, steps: np.ndarray) -> np.ndarray:
    """Numbers in units of the step, rounded to whole ones by the rule of `GOES_UP`."""
    below = np.floor(steps)
    side = np.sign(steps - (below + 0.5))  # exact: the number itself minus `below` is not
    return below + ((steps != below) & GOES_UP[rounding](below, side))


def quantise(
    x: ArrayLike,
    width: int,
    integer: int,
    signed: bool = True,
    rounding: Rounding = "TRN",
    overflow: Overflow = "WRAP",
) -> np.ndarray:
    """The numbers x (any shape) as a type with a fixed point holds them; see `FixedPoint`.

    By default 8.99 in 10 bits with 4 before the point is -7.015625: the largest number is 7.984375,
    and what exceeds it starts again at the lowest, -8.

    Raises:
        ValueError: for NaN or infinite numbers, widths beyond 1 to 53, or unknown modes.
    """
    return FixedPoint(width, integer, signed, rounding, overflow).quantise(x)


def integer_bits(x: ArrayLike, signed: bool = True) -> int:
    """The fewest bits before the point with which no number of x overflows, the sign included.

    Rounding up may still overflow: a number just below a power of two needs one bit more then.

    Raises:
        ValueError: for NaN or infinite numbers, none at all, or negative ones without a sign.
    """
    numbers = checked_finite("x", x)
    if not numbers.size:
        raise ValueError("x is empty: give at least one number")
    low, high = float(numbers.min()), float(numbers.max())
    if low < 0 and not signed:
        raise ValueError(f"the smallest number is {low:g}, and signed=False has no negative ones")
    above = int(np.frexp(high)[1]) if high > 0 else None  # 2^above exceeds the largest
    below = None
    if low < 0:
        mantissa, exponent = np.frexp(-low)
        below = int(exponent) - (mantissa == 0.5)  # -2^n itself fits
    needed = [bits for bits in (above, below) if bits is not None]
    return int(max(needed, default=0)) + signed
