"""Top pairs as objects: masses of W and top from the jets and leptons that the roles name."""

import numpy as np
import pytest

from data_fetch import load
from data_fetch.generate import ttbar_events as recipe
from hepml_lite import kinematics

MOMENTUM = ("pt", "eta", "phi", "mass")


@pytest.fixture(scope="module")
def events():
    return load("ttbar_events")


def jets(events, *what):
    """Some columns of all six jets, (N, 6, number of them)."""
    columns = [[f"jet{i}_{name}" for name in what] for i in range(1, recipe.N_JETS + 1)]
    return np.stack([events.columns(*names) for names in columns], axis=1).astype(float)


def mass_of(events, role_numbers, *others):
    """Mass of all jets of some roles, with other momenta (N, 4), for events that have them all."""
    role = jets(events, "role")[..., 0]
    p4 = kinematics.four_vectors(*np.moveaxis(jets(events, *MOMENTUM), -1, 0))
    chosen = np.isin(role, role_numbers)
    total = (p4 * chosen[..., None]).sum(axis=1) + sum(others)
    needed = sum(2 if number == recipe.W_QUARK else 1 for number in role_numbers)
    complete = chosen.sum(axis=1) == needed
    return kinematics.pt_eta_phi_mass(total)[3][complete]


def single(events, name):
    columns = [events[f"{name}_{key}"].astype(float) for key in ("pt", "eta", "phi")]
    return kinematics.four_vectors(*columns)


def test_classes_and_objects(events):
    assert np.bincount(events.label).tolist() == [50_000, 20_000]
    top, multijet = (events.of_class(name) for name in events.names)
    assert (jets(events, "pt")[:, recipe.N_LEAST - 1] >= recipe.JET_PT).all()
    assert (top["lepton_pt"] >= recipe.LEPTON_PT).all()
    plus = (top["lepton_charge"] > 0).sum()
    assert plus == pytest.approx(25_000, abs=10)  # a few leptons are of a b hadron
    assert not multijet["neutrino_pt"].any()
    assert not jets(multijet, "role").any()


def test_roles_lead_to_the_masses_of_w_and_top(events):
    top = events.of_class("top pair")
    assert np.median(mass_of(top, [recipe.W_QUARK])) == pytest.approx(80, abs=6)
    assert np.median(mass_of(top, [recipe.W_QUARK, recipe.HADRONIC_B])) == pytest.approx(
        170, abs=12
    )
    boson = single(top, "lepton") + single(top, "neutrino")
    assert np.median(kinematics.pt_eta_phi_mass(boson)[3]) == pytest.approx(80, abs=2)
    other = mass_of(top, [recipe.LEPTONIC_B], boson)
    assert np.median(other) == pytest.approx(170, abs=10)


def test_jets_of_b_quarks_are_tagged_more_often(events):
    role, tagged = np.moveaxis(jets(events.of_class("top pair"), "role", "tagged"), -1, 0)
    of_b = (role == recipe.LEPTONIC_B) | (role == recipe.HADRONIC_B)
    assert tagged[of_b].mean() == pytest.approx(0.7, abs=0.1)
    assert tagged[role == recipe.W_QUARK].mean() < 0.15
