"""Event shapes at the Z pole: what LEP measured, and how they follow the coupling."""

import numpy as np
import pytest

from data_fetch.generate import ee_shapes

pytestmark = pytest.mark.xdist_group("ee_shapes")  # one worker makes the events, once

pytest.importorskip("pythia8mc")
MONASH = 0.1365
# Charged multiplicity: the average of the Particle Data Group; the others: OPAL at 91 GeV,
# hep-ex/0503051. Monash was tuned to such data, so what is left is a few per cent.
LEP = {
    "multiplicity": 20.76,
    "one_minus_thrust": 0.0667,
    "c_parameter": 0.2646,
    "heavy_jet_mass": 0.2106,
}


@pytest.fixture(scope="module")
def at_monash():
    return ee_shapes.simulate(MONASH, 8000, seed=1)


@pytest.fixture(scope="module")
def weak_and_strong():
    return [ee_shapes.simulate(alpha_s, 1500, seed=2) for alpha_s in (0.10, 0.16)]


@pytest.mark.parametrize("quantity", LEP)
def test_means_are_those_of_lep(at_monash, quantity):
    assert at_monash[quantity].mean() == pytest.approx(LEP[quantity], rel=0.04)


def test_y23_is_that_of_lep(at_monash):
    assert np.exp(at_monash["ln_y23"]).mean() == pytest.approx(0.0206, rel=0.08)


@pytest.mark.parametrize("quantity", ee_shapes.QUANTITIES[2:])
def test_more_coupling_more_radiation(at_monash, weak_and_strong, quantity):
    """Every mean grows with alpha_s, by more than three times its error."""
    weak, strong = (events[quantity] for events in weak_and_strong)
    middle = at_monash[quantity]
    for less, more in ((weak, middle), (middle, strong)):
        error = np.hypot(less.std() / len(less) ** 0.5, more.std() / len(more) ** 0.5)
        assert more.mean() > less.mean() + 3 * error


def test_a_seed_gives_the_same_events_and_another_seed_others():
    first, again, other = (ee_shapes.simulate(0.12, 60, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)


def test_more_events_begin_with_the_same():
    few, many = (ee_shapes.simulate(0.12, n, seed=3) for n in (80, ee_shapes.BATCH + 20))
    np.testing.assert_array_equal(few.values, many.values[:80])
    assert len(many) == ee_shapes.BATCH + 20


def test_a_chunk_depends_on_seed_and_number():
    chunks = [ee_shapes.chunk(*which, size=50) for which in ((1, 7), (1, 7), (1, 8), (2, 7))]
    np.testing.assert_array_equal(chunks[0].values, chunks[1].values)
    assert len({float(c["alpha_s"][0]) for c in chunks}) == 3
    for events in chunks:
        assert len(events) == 50
        assert np.ptp(events["alpha_s"]) == 0
    assert chunks[0].quantities == tuple(ee_shapes.CARD["precision"])


def test_points_cover_the_rectangle_evenly():
    """Of 64 points of a Sobol sequence, four lie in each of 16 equal rectangles."""
    points = np.array([ee_shapes.point(5, number) for number in range(64)])
    edges = [np.linspace(*limits, 5) for limits in ee_shapes.RANGES.values()]
    counts, *_ = np.histogram2d(*points.T, bins=edges)
    assert counts.tolist() == [[4] * 4] * 4


def test_the_nuisance_changes_the_multiplicity():
    """Softer fragmentation (larger a) makes more particles of the same shower."""
    hard, soft = (ee_shapes.simulate(MONASH, 1500, 2, a)["multiplicity"].mean() for a in (0.3, 1.2))
    assert soft > hard + 1


@pytest.mark.parametrize("alpha_s", [0.01, 0.3, float("nan")])
def test_a_coupling_that_pythia_does_not_take(alpha_s):
    with pytest.raises(ValueError, match=r"alpha_s is .*\[0\.06, 0\.25\]"):
        ee_shapes.simulate(alpha_s, 10, seed=1)


def test_an_a_that_pythia_does_not_take():
    with pytest.raises(ValueError, match=r"a_lund is .*\[0, 2\]"):
        ee_shapes.simulate(0.12, 10, seed=1, a_lund=3)


def test_no_events():
    with pytest.raises(ValueError, match="1 or more"):
        ee_shapes.simulate(0.12, 0, seed=1)
