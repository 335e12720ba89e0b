"""Z + jet against dijets: the window, the shares of quarks that QCD gives, and how jets look."""

import numpy as np
import pytest

from data_fetch import load
from data_fetch.generate.quark_gluon_mixtures import NAMES
from hepml_lite.statistics import metrics


@pytest.fixture(scope="module")
def jets():
    return load("quark_gluon_mixtures")


def classes(jets):
    return {name: jets.of_class(name) for name in NAMES}


def test_half_of_the_jets_are_of_each_process_in_the_window_of_quark_gluon(jets):
    assert jets.names == NAMES
    assert np.bincount(jets.label // 2).tolist() == [len(jets) // 2] * 2
    assert jets.pt.min() > 499
    assert jets.pt.max() < 551
    assert np.abs(jets.rapidity).max() < 1.71


def test_quarks_lead_beside_a_z_and_gluons_in_dijets(jets):
    """At 500 GeV and 14 TeV about 86 and 45 % of the jets are u, d and s quarks."""
    shares = [np.mean(jets.label[jets.label // 2 == k] % 2) for k in (0, 1)]
    assert shares == pytest.approx([0.86, 0.45], abs=0.03)


@pytest.mark.parametrize("process", ["Z", "dijet"])
def test_gluons_radiate_more_in_both(jets, process):
    gluon, quark = (classes(jets)[f"{process} {name}"] for name in ("gluon", "quark"))
    assert 1.4 < gluon.n_constituents.mean() / quark.n_constituents.mean() < 1.9
    assert np.median(gluon.mass) > 1.2 * np.median(quark.mass)
    label = np.repeat([0, 1], [len(gluon), len(quark)])
    count = np.concatenate([gluon.n_constituents, quark.n_constituents])
    assert metrics.auc(label, -count.astype(float)) == pytest.approx(0.85, abs=0.04)


@pytest.mark.parametrize("kind", ["quark", "gluon"])
def test_the_same_parton_gives_about_the_same_jet_in_both(jets, kind):
    beside_z, of_dijets = (classes(jets)[f"{name} {kind}"] for name in ("Z", "dijet"))
    ratio = beside_z.n_constituents.mean() / of_dijets.n_constituents.mean()
    assert ratio == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("kind", ["quark", "gluon"])
def test_without_multiple_interactions_a_jet_has_fewer_particles(jets, kind):
    """An R = 0.4 jet has a few particles of the underlying event."""
    other = load("quark_gluon", split="test").of_class(kind).n_constituents
    here = classes(jets)[f"Z {kind}"].n_constituents
    error = np.hypot(other.std() / len(other) ** 0.5, here.std() / len(here) ** 0.5)
    assert 0.5 < other.mean() - here.mean() < 6
    assert other.mean() - here.mean() > 2 * error


def test_spectrum_of_pt_falls_as_steeply_in_both(jets):
    """In one power law both mixtures would have the same; so pT tells little about the process."""
    z, dijet = (jets[jets.label // 2 == k].pt for k in (0, 1))
    assert z.mean() < 525
    assert dijet.mean() < 525
    assert z.mean() == pytest.approx(dijet.mean(), abs=2)
