"""The six kinds of jets: window, masses of the parents, and who has prongs and who radiates."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.jet_physics.substructure import n_subjettiness, soft_drop
from hepml_lite.statistics import metrics

NAMES = ("quark", "gluon", "W", "Z", "top", "Higgs")
MASSES = {"W": 80.4, "Z": 91.2, "Higgs": 125.0, "top": 172.5}  # GeV


@pytest.fixture(scope="module")
def jets():
    return load("jet_classes")


@pytest.fixture(scope="module")
def some(jets):
    """The first 300 of each class, without padding."""
    return {name: jets.of_class(name)[:300].to_awkward() for name in NAMES}


def test_numbers_and_window(jets):
    assert jets.names == NAMES
    assert np.bincount(jets.label).tolist() == [3000] * 6
    whole = jets[jets.n_constituents < 100]
    assert whole.pt.min() > 897
    assert whole.pt.max() < 1103
    assert np.abs(whole.eta).max() < 2.01


@pytest.mark.parametrize("name", MASSES)
def test_groomed_masses_peak_where_the_parents_weigh(some, name):
    mass = soft_drop(some[name], z_cut=0.1, beta=0, radius=0.8).mass
    low, high = 0.85 * MASSES[name], 1.15 * MASSES[name]
    inside = mass[(mass > low) & (mass < high)]
    assert len(inside) > 0.5 * len(mass)
    assert np.median(inside) == pytest.approx(MASSES[name], rel=0.04)


def test_two_prongs_look_like_two_and_three_like_three(some):
    tau = {name: n_subjettiness(jets, (1, 2, 3), 0.8) + 1e-6 for name, jets in some.items()}
    tau21 = {name: np.median(t[:, 1] / t[:, 0]) for name, t in tau.items()}
    tau32 = {name: np.median(t[:, 2] / t[:, 1]) for name, t in tau.items()}
    for name in ("W", "Z", "Higgs"):  # W prongs are 0.16 apart, not far above the size of a cell
        assert tau21[name] < min(tau21["quark"], tau21["gluon"]) - 0.05
    assert tau32["top"] == min(tau32.values())


def test_gluons_radiate_more_than_quarks_as_published(jets):
    pair = jets[jets.label < 2]
    auc = metrics.auc(pair.label, pair.n_constituents)
    assert 0.8 < auc < 0.92  # at 1 TeV, R = 0.8, without multiple interactions


def test_classes_are_mixed_in_every_split():
    for split in ("train", "val", "test"):
        counts = np.bincount(load("jet_classes", split=split).label, minlength=6)
        assert counts.min() > 0.9 * counts.mean()


def test_no_class_is_given_away_by_its_momentum(jets):
    """Between any two classes, pT alone must not do the tagger's work."""
    for first in range(6):
        for second in range(first):
            pair = jets[np.isin(jets.label, (first, second))]
            auc = metrics.auc(pair.label == first, pair.pt)
            assert abs(auc - 0.5) < 0.09
