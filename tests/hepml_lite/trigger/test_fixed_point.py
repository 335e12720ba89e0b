"""Fixed point: the headers of ap_fixed are the judge, number for number, in all modes."""

import importlib.util
import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hepml_lite.trigger.fixed_point import (
    AT_ONCE,
    GOES_UP,
    OVERFLOWS,
    FixedPoint,
    integer_bits,
    quantise,
    rounded_by_rule,
)

FORMATS = [(10, 4, True), (6, 3, True), (6, 8, True), (5, -1, True), (1, 1, True)]
FORMATS += [(10, 6, False), (4, 0, False), (3, 5, False), (1, 1, False), (32, 12, True)]
ALL = [
    FixedPoint(*form, rounding=rounding, overflow=overflow)
    for form, rounding, overflow in itertools.product(FORMATS, GOES_UP, OVERFLOWS)
]

PROGRAM = """
#include <cstdio>
#include <vector>
#include "ap_fixed.h"
template <class T> void convert(const std::vector<double>& x) {
    std::vector<double> y;
    for (double one : x) y.push_back(T(one).to_double());
    fwrite(y.data(), sizeof(double), y.size(), stdout);
}
int main() {
    std::vector<double> x;
    double one;
    while (fread(&one, sizeof(double), 1, stdin)) x.push_back(one);
    CONVERSIONS
}
"""


def dense_grid():
    """All halves of the finest step near zero, the edges of all formats, and random numbers."""
    rng = np.random.default_rng(1)
    fine = np.arange(-40 * 128, 40 * 128) / 128
    halves = np.arange(-64, 64) / 4096
    powers = 2.0 ** np.arange(-14, 21)
    edges = np.concatenate([powers, np.nextafter(powers, 0), np.nextafter(powers, np.inf)])
    spread = rng.normal(size=2000) * 2.0 ** rng.integers(-12, 18, 2000)
    return np.concatenate([fine, halves, edges, -edges, spread])


@pytest.mark.parametrize("rounding", AT_ONCE)
def test_one_call_rounds_as_the_rule_says(rounding):
    steps = np.concatenate([dense_grid() * 4096, [0.0, -0.0, 2.0**52 - 0.5, 0.5 - 2.0**52]])
    at_once = FixedPoint(32, 12, True, rounding).rounded(steps)
    by_rule = rounded_by_rule(rounding, steps)
    np.testing.assert_array_equal(at_once, by_rule)
    assert not np.signbit(at_once[at_once == 0]).any()


@pytest.fixture(scope="module")
def ap_types() -> Path:
    """Folder of the open headers of ap_fixed, which hls4ml carries."""
    found = importlib.util.find_spec("hls4ml")
    if found is None or shutil.which("g++") is None:
        pytest.skip("hls4ml (pip install hls4ml) or g++ is missing: no headers of ap_fixed")
    return Path(found.origin).parent / "templates" / "vivado" / "ap_types"


def test_every_mode_equals_the_headers(ap_types, tmp_path):
    kinds = {
        kind: f"ap_{'' if kind.signed else 'u'}fixed<{kind.width}, {kind.integer}, "
        f"AP_{kind.rounding}, AP_{kind.overflow}>"
        for kind in ALL
    }
    lines = "\n".join(f"convert<{name}>(x);" for name in kinds.values())
    source = tmp_path / "convert.cpp"
    source.write_text(PROGRAM.replace("CONVERSIONS", lines))
    program = tmp_path / "convert"
    subprocess.run(
        ["g++", "-O0", "-w", "-std=c++14", f"-I{ap_types}", "-o", program, source], check=True
    )
    x = dense_grid()
    answer = subprocess.run([program], input=x.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    theirs = np.frombuffer(answer).reshape(len(ALL), len(x))
    for kind, expected in zip(ALL, theirs, strict=True):
        wrong = kind.quantise(x) != expected
        assert not wrong.any(), (str(kind), x[wrong][:5], kind.quantise(x)[wrong][:5])


def test_the_example_of_the_first_exercise():
    assert quantise(8.99, 10, 4) == -7.015625
    assert quantise(8.99, 10, 4, overflow="SAT") == 7.984375
    assert quantise(8.99, 10, 4, overflow="SAT_ZERO") == 0


def test_numbers_of_the_type_stay_and_others_move_by_less_than_a_step():
    for kind in ALL:
        lowest = kind.lowest_code + (kind.overflow == "SAT_SYM" and kind.signed and kind.width > 1)
        own = np.linspace(lowest, kind.highest_code, 50).round() * kind.step
        np.testing.assert_array_equal(kind.quantise(own), own)
        between = np.linspace(kind.lowest + kind.step, kind.highest - kind.step, 77)
        if kind.width > 2:
            assert np.abs(kind.quantise(between) - between).max() <= kind.step


def test_wrapping_is_arithmetic_modulo_the_range():
    """A sum of wrapped numbers, wrapped, is the wrapped sum: why an accumulator may overflow."""
    kind = FixedPoint(8, 8)
    parts = np.random.default_rng(2).integers(-1000, 1000, (500, 20))
    wrapped = kind.quantise(kind.quantise(parts).sum(axis=1))
    np.testing.assert_array_equal(wrapped, kind.quantise(parts.sum(axis=1)))


@pytest.mark.parametrize(("largest", "bits"), [([-8, 7.9], 4), ([8.0], 5), ([-4], 3), ([0.2], -1)])
def test_integer_bits_are_the_fewest(largest, bits):
    assert integer_bits(largest) == bits
    assert not FixedPoint(40, bits).overflows(largest).any()
    assert FixedPoint(40, bits - 1).overflows(largest).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: quantise(np.nan, 8, 4), "NaN"),
        (lambda: quantise(1, 0, 4), "width is 0"),
        (lambda: quantise(1, 64, 4), "width is 64"),
        (lambda: quantise(1, 8.5, 4), "8.5"),
        (lambda: quantise(1, 8, 4, rounding="AP_RND"), "AP_RND"),
        (lambda: quantise(1, 8, 4, overflow="CLIP"), "CLIP"),
        (lambda: integer_bits([-1.0], signed=False), "negative"),
        (lambda: integer_bits([]), "at least one"),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
