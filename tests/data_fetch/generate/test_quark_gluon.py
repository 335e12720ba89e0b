"""The quark and gluon jets: window, identities, and the differences that QCD predicts."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.statistics import metrics

HADRONS_AND_LEPTONS = {11, 13, 22, 130, 211, 321, 2112, 2212}


@pytest.fixture(scope="module")
def jets():
    return load("quark_gluon")


def test_numbers_and_window(jets):
    assert np.bincount(jets.label).tolist() == [10_000, 10_000]
    assert jets.names == ("gluon", "quark")
    whole = jets[jets.n_constituents < 120]
    assert whole.pt.min() > 499
    assert whole.pt.max() < 551


def test_every_particle_has_an_identity_that_a_detector_could_see(jets):
    assert set(np.abs(jets.pid[jets.mask]).tolist()) == HADRONS_AND_LEPTONS
    assert not jets.pid[~jets.mask].any()


def test_gluons_radiate_more(jets):
    """Asymptotically by C_A/C_F = 9/4; at 500 GeV by about 1.5 (arXiv:1810.05165, figure 1)."""
    gluon, quark = (jets.of_class(name) for name in jets.names)
    ratio = gluon.n_constituents.mean() / quark.n_constituents.mean()
    assert 1.4 < ratio < 1.7
    assert np.median(gluon.mass) > np.median(quark.mass)


def test_multiplicity_separates_as_published(jets):
    """An AUC of 0.84 for the multiplicity alone is what others find on the public sample."""
    auc = metrics.auc(jets.label, -jets.n_constituents.astype(float))
    assert auc == pytest.approx(0.843, abs=0.02)


def test_charged_pions_are_the_most_and_as_many_of_either_sign(jets):
    plus, minus = ((jets.pid == sign * 211).sum() for sign in (1, -1))
    assert plus + minus > 0.3 * jets.mask.sum()
    assert abs(plus - minus) / (plus + minus) < 0.02


def test_up_quarks_leave_a_positive_charge(jets):
    """q g -> Z q is mostly u: quark jets carry charge on average, gluon jets none."""
    charge = np.sign(jets.pid) * np.isin(np.abs(jets.pid), (211, 321, 2212))
    total = charge.sum(axis=1)
    quark, gluon = (total[jets.label == k] for k in (1, 0))
    assert quark.mean() / (quark.std() / len(quark) ** 0.5) > 5
    assert abs(gluon.mean()) / (gluon.std() / len(gluon) ** 0.5) < 4
