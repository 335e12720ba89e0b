import numpy as np
import pytest

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.lund import lund_tree, primary_lund_plane
from hepml_lite.statistics.two_sample import effective_sample_size
from hepml_lite.tagging.lund_reweighting import (
    ANGLE_EDGES,
    KT_EDGES,
    Emissions,
    LundRatio,
    emissions,
)


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", "smoke", "test")[:60]


def sorted_points(points, mask):
    return np.sort(np.round(points[mask], 6), axis=0)


def test_one_prong_is_the_primary_plane(jets):
    found = emissions(jets)
    assert np.array_equal(found.mask, lund_tree(jets).primary)
    values, mask = primary_lund_plane(jets)
    assert np.allclose(
        sorted_points(found.points, found.mask), sorted_points(values[..., :2], mask)
    )


def test_each_prong_more_gives_one_branch_and_takes_its_splitting(jets):
    one, two, three = (emissions(jets, prongs).mask.sum(axis=1) for prongs in (1, 2, 3))
    assert np.all(two >= one - 1)
    assert np.all(three >= two - 1)
    assert three.mean() > one.mean()


def narrow_jet(eta, phi, seed):
    """A hard particle with three softer ones close to it, (4, 3)."""
    rng = np.random.default_rng(seed)
    pt = np.array([100.0, 5.0, 2.0, 1.0])
    shift = rng.normal(0, 0.03, (4, 2)) * np.array([[0], [1], [1], [1]])
    return np.column_stack([pt, eta + shift[:, 0], phi + shift[:, 1]])


def test_prongs_far_apart_have_the_planes_of_jets_of_their_own():
    first, second, third = narrow_jet(0, 0, 1), narrow_jet(0.5, 0, 2), narrow_jet(0, 0.6, 3)
    together = emissions(Jets(np.concatenate([first, second, third])[None]), prongs=3)
    alone = [primary_lund_plane(Jets(each[None])) for each in (first, second, third)]
    expected = np.concatenate([values[mask][:, :2] for values, mask in alone])
    found = together.points[together.mask]
    assert np.allclose(np.sort(found, axis=0), np.sort(expected, axis=0), atol=1e-3)


def toy(rate, n, rng):
    """Independent emissions: in each cell a Poisson number of this mean (A, K)."""
    numbers = rng.poisson(rate, (n, *rate.shape)).reshape(n, -1)
    slots = numbers.sum(axis=1).max()
    at = np.arange(slots) < numbers.sum(axis=1)[:, None]
    cells = np.concatenate([np.repeat(np.arange(rate.size), row) for row in numbers])
    a, k = np.unravel_index(cells, rate.shape)
    points = np.zeros((n, slots, 2))
    middle = [(edges[1:] + edges[:-1]) / 2 for edges in (ANGLE_EDGES, KT_EDGES)]
    points[at] = np.column_stack([middle[0][a], middle[1][k]])
    return Emissions(points, at)


def test_independent_emissions_are_reweighted_exactly():
    """Mean and variance of the number of emissions, whose exact values are those of Poisson."""
    rng = np.random.default_rng(0)
    shape = (len(ANGLE_EDGES) - 1, len(KT_EDGES) - 1)
    simulated, true = np.full(shape, 0.15), np.full(shape, 0.15)
    true[1:3, 2:4] = 0.3
    true[3, :] = 0.1
    simulation, data = toy(simulated, 20_000, rng), toy(true, 20_000, rng)
    ratio = LundRatio.fit(simulation, data)
    pulls = (ratio.ratio - true / simulated) / ratio.error
    assert np.abs(pulls).max() < 4
    fresh = toy(simulated, 20_000, rng)
    weights = ratio.weights(fresh)
    number = fresh.mask.sum(axis=1)
    mean = np.average(number, weights=weights)
    error = true.sum() ** 0.5 / effective_sample_size(weights) ** 0.5
    assert abs(simulated.sum() - true.sum()) > 10 * error
    assert abs(mean - true.sum()) < 4 * error
    variance = np.average((number - mean) ** 2, weights=weights)
    assert variance == pytest.approx(true.sum(), rel=0.06)
    assert weights.mean() == pytest.approx(1, abs=0.03)


def test_equal_samples_get_weights_of_one(jets):
    found = emissions(jets, 3)
    assert np.allclose(LundRatio.fit(found, found).weights(found), 1)


def test_what_cannot_be_used_is_refused(jets):
    with pytest.raises(ValueError, match="prongs=0: a jet has one"):
        emissions(jets, 0)
    found = emissions(jets[:3])
    empty = Emissions(found.points[:0], found.mask[:0])
    with pytest.raises(ValueError, match="0 simulated jets, 3 in data"):
        LundRatio.fit(empty, found)
