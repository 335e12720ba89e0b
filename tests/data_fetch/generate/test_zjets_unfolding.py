"""Z + jet before and after the detector: pairs that belong together, within physical bounds."""

import warnings

import awkward as ak
import numpy as np
import pytest
import vector

from data_fetch import load
from data_fetch.generate import zjets_unfolding as recipe
from data_fetch.generate.simulation.pythia import pythia_seed
from data_fetch.generate.zjets_unfolding import LeadingJets, matched, observables
from hepml_lite import kinematics

pytestmark = pytest.mark.xdist_group("zjets_unfolding")  # one worker makes the events, once

SIZE = 222  # six times the shares of the classes


def leading(*jets, events=None):
    """LeadingJets from lists of (pT, rapidity, phi), one list a jet."""
    vector.register_awkward()
    p4 = kinematics.four_vectors(*np.concatenate(jets).T)
    sizes = [len(jet) for jet in jets]
    sums = np.add.reduceat(p4, np.cumsum([0, *sizes[:-1]]))
    constituents = ak.unflatten(momenta(p4), sizes)
    events = range(len(jets)) if events is None else events
    return LeadingJets(np.array(events), momenta(sums), constituents)


def momenta(p4):
    columns = dict(zip(("E", "px", "py", "pz"), p4.T, strict=True))
    return ak.zip(columns, with_name="Momentum4D")


def by_name(one):
    """The observables of the only jet."""
    (row,) = observables(one)
    return dict(zip(recipe.QUANTITIES, row, strict=True))


def column(table, quantity):
    return table[:, recipe.QUANTITIES.index(quantity)]


@pytest.fixture(scope="module")
def rows():
    pytest.importorskip("pythia8mc")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return recipe.chunk(seed=3, number=2, size=SIZE)


@pytest.fixture(scope="module")
def pairs(rows):
    return rows.matched


def test_two_constituents_by_hand():
    """All but the pT on the axis of the harder one: width, mass, zg and rho have closed forms."""
    near, far = 150 * 0.2 / 400, 250 * 0.2 / 400  # distances of the axis, Delta R = 0.2
    mass = np.sqrt(2 * 250 * 150 * (1 - np.cos(0.2)))
    found = by_name(leading([(250, 0, 0), (150, 0, 0.2)]))
    pt = np.sqrt(250**2 + 150**2 + 2 * 250 * 150 * np.cos(0.2))
    assert found["mass"] == pytest.approx(mass)
    assert found["multiplicity"] == 2
    assert found["width"] == pytest.approx((250 * near + 150 * far) / 400 / 0.4, rel=1e-2)
    assert found["ln_rho"] == pytest.approx(2 * np.log(mass / pt))
    assert found["tau21"] == pytest.approx(0, abs=1e-6)
    assert found["zg"] == pytest.approx(150 / 400)
    assert found["pt"] == pytest.approx(pt)


def test_one_constituent_has_floor_values_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = by_name(leading([(200, 0.5, -1)]))
    assert found["multiplicity"] == 1
    assert found["ln_rho"] == recipe.LOWEST_LN_RHO
    assert (found["tau21"], found["zg"]) == (0, 0)
    assert (found["mass"], found["width"]) == pytest.approx((0, 0), abs=1e-4)


def test_only_the_same_jet_at_both_levels_matches():
    """Events 0 and 3: same direction, also across phi = pi. 1: another jet. 2, 4: at one level."""
    true = leading(
        [(200, 0, 1)], [(200, 1, 1)], [(200, 0, 1)], [(200, 2, 3.1)], events=[0, 1, 2, 3]
    )
    seen = leading(
        [(210, 0.1, 1)], [(190, -1, -2)], [(200, 2, -3.1)], [(200, 0, 1)], events=[0, 1, 3, 4]
    )
    assert matched(true, seen).tolist() == [0, 3]


def test_jets_without_a_partner_make_rows_of_their_own():
    """Event 0: a pair. 1: two jets that are not the same one. 2: a miss. 3: a fake."""
    true = leading([(200, 0, 1)], [(200, 1, 1)], [(60, 0, 1)], events=[0, 1, 2])
    seen = leading([(210, 0.1, 1)], [(190, -1, -2)], [(55, 2, 3)], events=[0, 1, 3])
    truth, measured = np.arange(3.0)[:, None], 10 + np.arange(3.0)[:, None]
    found = recipe.paired(true, truth, seen, measured)
    nan = np.nan
    expected = [[0, 10], [1, nan], [nan, 11], [2, nan], [nan, 12]]
    np.testing.assert_array_equal(found, expected)


def test_contents(rows):
    assert len(rows) == SIZE
    assert np.bincount(rows.label).tolist() == [90, 90, 30, 12]
    assert np.bincount(rows.label[: SIZE // 2], minlength=4).min() > 1  # mixed
    assert rows.quantities == tuple(recipe.CARD["precision"])
    assert (rows.true_ok & rows.measured_ok).mean() > 0.95


def test_window(pairs):
    for table in (pairs.truth, pairs.measured):
        assert column(table, "pt").min() > recipe.MIN_PT
    assert 200 < np.median(column(pairs.truth, "pt")) < 250  # the jet balances the Z


def test_physical_ranges(pairs):
    for table in (pairs.truth, pairs.measured):
        zg = column(table, "zg")
        assert ((zg == 0) | ((zg >= recipe.Z_CUT) & (zg <= 0.5))).all()
        assert ((column(table, "tau21") >= 0) & (column(table, "tau21") < 1.05)).all()
        assert ((column(table, "width") >= 0) & (column(table, "width") < 1.2)).all()
        assert (column(table, "multiplicity") >= 1).all()


def test_grooming_takes_mass_away(pairs):
    """m_SD <= m, so ln rho is at most that of the whole jet, or at its floor."""
    for table in (pairs.truth, pairs.measured):
        whole = 2 * np.log(column(table, "mass") / column(table, "pt"))
        excess = column(table, "ln_rho") - np.maximum(whole, recipe.LOWEST_LN_RHO)
        assert excess.max() < 1e-3
        assert np.median(excess) < -0.1


def test_the_two_levels_belong_together(pairs):
    """Pairs in a wrong order would have no correlation at all."""
    expected = {"pt": 0.97, "mass": 0.8, "multiplicity": 0.8, "width": 0.8}
    for quantity, least in expected.items():
        truth, measured = (c[:, 0] for c in pairs.columns(quantity))
        assert np.corrcoef(truth, measured)[0, 1] > least


def test_what_the_detector_does(pairs):
    """Losses and cells take a sixth of the constituents and leave the momentum."""
    truth, measured = pairs.columns("multiplicity", "pt")
    loss, scale = measured.mean(axis=0) / truth.mean(axis=0)
    assert loss == pytest.approx(0.85, abs=0.04)
    assert scale == pytest.approx(1, abs=0.02)


def test_a_chunk_is_the_same_again(rows):
    """Its first class, made once more; a chunk only mixes the classes."""
    first = recipe.NAMES[0]
    rng, seed = np.random.default_rng([3, 2]), pythia_seed(3, 2, 0)
    truth, *_ = recipe.select(first, recipe.rows_of_each(SIZE)[0], seed, rng)
    before = rows.of_class(first).truth
    new = truth.astype(np.float32)
    np.testing.assert_array_equal(before[np.lexsort(before.T)], new[np.lexsort(new.T)])


def triangular_distance(first, second, edges):
    """Of two samples, without the factor that some papers leave out (values outside count)."""
    counts = [np.histogram(np.clip(x, edges[0], edges[-1]), edges)[0] for x in (first, second)]
    p, q = (n / n.sum() for n in counts)
    return 0.5 * ((p - q) ** 2 / (p + q)).sum()


def test_nature_differs_in_every_observable():
    """Five times what the statistics of two equal samples would give."""
    pairs = load("zjets_unfolding").matched
    simulation, nature = (pairs.of_class(name) for name in ("simulation", "nature"))
    for quantity in recipe.QUANTITIES[:6]:
        first, second = column(simulation.truth, quantity), column(nature.truth, quantity)
        edges = np.unique(np.quantile(first, np.linspace(0, 1, 51)))
        floor = (len(edges) - 1) / 4 * (1 / len(first) + 1 / len(second))
        assert triangular_distance(first, second, edges) > 5 * floor, quantity


def test_weaker_coupling_means_fewer_particles_and_the_detector_loses_some():
    rows = load("zjets_unfolding")
    assert np.bincount(rows.label).tolist() == [150_000, 150_000, 50_000, 20_000]
    pairs = rows.matched
    means = {}
    for name in pairs.names:
        truth, measured = pairs.of_class(name).columns("multiplicity")
        means[name] = truth.mean()
        assert measured.mean() < 0.9 * truth.mean()
    error = 15 / 20_000**0.5
    assert means["simulation"] > means["nature_a14"] + 5 * error
    assert means["nature_a14"] > means["nature"] + 5 * error
