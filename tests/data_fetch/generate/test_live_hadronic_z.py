"""Live Z decays: the events of the recipe, whatever the number of processes."""

import sys

import numpy as np
import pytest

from data_fetch.generate import ee_shapes
from data_fetch.generate.live_hadronic_z import LiveHadronicZ
from hepml_lite.inference import hadronic_z


def test_interface_is_that_of_the_inference():
    assert LiveHadronicZ.features == hadronic_z.SHAPES
    assert LiveHadronicZ.parameters == hadronic_z.PARAMETERS
    assert LiveHadronicZ().prior.low == pytest.approx(hadronic_z.PRIOR.low)
    assert LiveHadronicZ().prior.high == pytest.approx(hadronic_z.PRIOR.high)


def test_without_pythia_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pythia8mc"):
        LiveHadronicZ(workers=2).simulate([0.118, 0.7], 10)


def test_events_are_those_of_the_recipe():
    pytest.importorskip("pythia8mc")
    seed = int(np.random.default_rng(5).integers(2**31, size=1)[0])
    found = LiveHadronicZ().simulate([0.12, 0.7], 30, rng=5)
    expected = ee_shapes.simulate(0.12, 30, seed, 0.7).columns(*LiveHadronicZ.features)
    assert found == pytest.approx(expected)


def test_workers_do_not_change_the_events():
    pytest.importorskip("pythia8mc")
    theta, alone = LiveHadronicZ().training_sets(3, 20, rng=1)
    same_theta, together = LiveHadronicZ(workers=2).training_sets(3, 20, rng=1)
    assert (theta == same_theta).all()
    assert (alone == together).all()
    assert alone.shape == (3, 20, 5)


def test_rows_come_back_at_their_points():
    """More coupling makes more particles: five in the mean between the ends of the prior."""
    pytest.importorskip("pythia8mc")
    theta = np.tile([[0.145, 0.7], [0.100, 0.7]], (100, 1))
    found = LiveHadronicZ().events(theta, np.random.default_rng(0))
    assert found[::2, 0].mean() - found[1::2, 0].mean() > 2.5


def test_a_hidden_setting_changes_the_events():
    pytest.importorskip("pythia8mc")
    wide = LiveHadronicZ(settings=("StringPT:sigma = 0.6",))
    counts = [
        each.simulate([0.12, 0.7], 150, rng=0)[:, 0].mean() for each in (LiveHadronicZ(), wide)
    ]
    assert counts[1] < counts[0] - 1.5
    with pytest.raises(ValueError, match="does not accept"):
        LiveHadronicZ(settings=("StringPT:sgma = 1",)).simulate([0.12, 0.7], 1)
