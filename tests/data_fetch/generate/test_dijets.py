"""The dijet samples: masses and window, a smooth background, a signal with two prongs a jet."""

import awkward as ak
import numpy as np
import pytest
import vector

from data_fetch import load
from data_fetch.generate.simulation import dijets
from hepml_lite.containers.jets import Jets
from hepml_lite.statistics import metrics

MJJ, HEAVIER, LIGHTER = 3500.0, 500.0, 100.0  # GeV: W', X, Y


@pytest.fixture(scope="module")
def events():
    return load("dijet_resonance")


@pytest.fixture(scope="module")
def jets():
    return load("dijet_jets")


def test_numbers_and_window(events):
    assert np.bincount(events.label).tolist() == [400_000, 20_000]
    assert events.names == ("QCD", "signal")
    assert 2499 < events["mjj"].min() < events["mjj"].max() < 5001
    assert (events["m1"] <= events["m2"]).all()
    for name in ("tau21_1", "tau32_1", "tau21_2", "tau32_2"):
        assert 0 <= events[name].min() < events[name].max() < 1.3


def test_signal_region_holds_enough_for_a_weak_excess(events):
    """S / sqrt(B) = 2 must leave about five hundred signal events to learn from."""
    inside = events[(events["mjj"] > 3300) & (events["mjj"] < 3700)]
    background, signal = np.bincount(inside.label)
    assert background > 60_000
    assert signal > 16_000
    assert 2 * background**0.5 > 480


def test_signal_has_the_masses_that_it_was_given(events):
    signal = events.of_class("signal")
    assert np.median(signal["mjj"]) == pytest.approx(MJJ, rel=0.02)
    for name, mass in (("m1", LIGHTER), ("m2", HEAVIER)):
        values = signal[name]
        counts, edges = np.histogram(values, bins=np.linspace(0.5 * mass, 1.5 * mass, 31))
        peak = (edges[np.argmax(counts)] + edges[np.argmax(counts) + 1]) / 2
        assert peak == pytest.approx(mass, rel=0.1)


def test_background_falls_smoothly(events):
    """No bump and no edge: a smooth function describes the spectrum behind the turn-on."""
    edges = np.geomspace(2700, 5000, 26)
    counts, _ = np.histogram(events.of_class("QCD")["mjj"], edges)
    x = np.log(np.sqrt(edges[1:] * edges[:-1]) / 3500)
    weights = np.sqrt(counts)
    fit = np.polynomial.Polynomial.fit(x, np.log(counts / np.diff(edges)), 3, w=weights)
    pulls = (np.log(counts / np.diff(edges)) - fit(x)) * weights
    assert (pulls**2).sum() < 21 + 4 * np.sqrt(2 * 21)
    assert (np.diff(counts / np.diff(edges)) < 0).all()


def test_both_jets_of_the_signal_have_two_prongs(events):
    for name in ("tau21_1", "tau21_2"):
        assert metrics.auc(events.label, -events[name]) > 0.6


def test_jets_come_in_pairs_of_the_same_event(jets):
    assert len(jets) == 20_000
    lighter, heavier = jets[0::2], jets[1::2]
    np.testing.assert_array_equal(lighter.label, heavier.label)
    assert (lighter.mass <= heavier.mass * 1.02 + 1).mean() > 0.99  # but for truncated ones
    total = lighter.four_momentum + heavier.four_momentum
    mjj = np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(axis=1))
    assert 2350 < mjj.min() < mjj.max() < 5050
    assert np.median(mjj[lighter.label == 1]) == pytest.approx(MJJ, rel=0.02)
    assert lighter.label.mean() == pytest.approx(0.2, abs=0.001)


def test_quantities_of_the_jets_agree_with_those_of_the_table(events, jets):
    """The same physics in both samples: compare the masses of the background jets."""
    table = events.of_class("QCD")["m2"]
    pairs = jets[1::2].of_class("QCD").mass
    difference = np.median(pairs) - np.median(table)
    assert abs(difference) < 6 * table.std() / len(pairs) ** 0.5


def test_quantities_of_a_planted_event():
    """Two jets of two particles each: masses and distance known in closed form."""
    vector.register_awkward()
    pt = np.array([[800.0, 800.0], [700.0, 700.0]])
    eta, phi = np.array([[0.1, -0.1], [0.3, -0.3]]), np.array([[0.0, 0.0], [3.0, 3.0]])
    constituents = ak.zip(
        {"pt": pt[None], "eta": eta[None], "phi": phi[None], "mass": 0 * pt[None]},
        with_name="Momentum4D",
    )
    jets = ak.sum(constituents, axis=2)
    found = dijets.dijet_quantities(dijets.Dijets(jets, constituents, np.array([1000.0])))[0]
    values = dict(zip(dijets.QUANTITIES, found, strict=True))
    for name, p, gap in (("m1", 800, 0.2), ("m2", 700, 0.6)):
        assert values[name] == pytest.approx(np.sqrt(2 * p * p * (np.cosh(gap) - 1)), rel=1e-6)
    assert values["delta_r"] == pytest.approx(3.0, abs=1e-6)
    # the winner-takes-all axis is one of the two equal particles until it is minimised
    assert 0.05 < values["tau1_1"] < 0.21
    assert values["tau21_1"] == pytest.approx(0, abs=1e-6)
    assert values["tau32_1"] == 0


def test_a_pair_is_the_unit_of_a_chunk():
    from data_fetch.generate import dijet_jets

    with pytest.raises(ValueError, match="7 jets a chunk"):
        dijet_jets.chunk(1, 0, 7)


def test_smoke_keeps_pairs_together():
    for split in ("train", "val", "test"):
        part = load("dijet_jets", "smoke", split)
        np.testing.assert_array_equal(part.label[0::2], part.label[1::2])
        assert isinstance(part, Jets)
