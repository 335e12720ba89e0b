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

SIZE = 210


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
def pairs():
    pytest.importorskip("pythia8mc")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return recipe.chunk(seed=3, number=2, size=SIZE)


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


def test_contents(pairs):
    assert len(pairs) == SIZE
    assert np.bincount(pairs.label).tolist() == [SIZE // 3] * 3
    assert np.bincount(pairs.label[: SIZE // 2], minlength=3).min() > SIZE / 12  # mixed
    assert pairs.quantities == tuple(recipe.CARD["precision"])


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
    """Losses and cells take a quarter of the constituents and leave the momentum."""
    truth, measured = pairs.columns("multiplicity", "pt")
    loss, scale = measured.mean(axis=0) / truth.mean(axis=0)
    assert loss == pytest.approx(0.72, abs=0.05)
    assert scale == pytest.approx(1, abs=0.02)


def test_a_chunk_is_the_same_again(pairs):
    """Its first class, made once more; a chunk only mixes the classes."""
    first = recipe.NAMES[0]
    rng, seed = np.random.default_rng([3, 2]), pythia_seed(3, 2, 0)
    again = recipe.select(first, SIZE // 3, seed, rng)
    before = pairs.of_class(first)
    for old, new in zip((before.truth, before.measured), again, strict=True):
        new = new.astype(np.float32)
        np.testing.assert_array_equal(old[np.lexsort(old.T)], new[np.lexsort(new.T)])


def test_weaker_coupling_means_fewer_particles_and_the_detector_loses_some():
    pairs = load("zjets_unfolding")
    assert np.bincount(pairs.label).tolist() == [20_000] * 3
    means = {}
    for name in pairs.names:
        truth, measured = pairs.of_class(name).columns("multiplicity")
        means[name] = truth.mean()
        assert measured.mean() < 0.85 * truth.mean()
    error = 15 / 20_000**0.5
    assert means["simulation"] > means["nature_a14"] + 5 * error
    assert means["nature_a14"] > means["nature"] + 5 * error
