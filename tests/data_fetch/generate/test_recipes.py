"""What the recipes share: the detector, seeds, and that each made its bundled sample."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from data_fetch import packing, samples
from data_fetch.generate import run, sample_files, trigger_objects
from data_fetch.generate.simulation import detector
from data_fetch.generate.simulation.pythia import Particles, pythia_seed
from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets

needs_pythia = pytest.mark.skipif(
    importlib.util.find_spec("pythia8mc") is None, reason="pythia8mc is not installed"
)

VERSIONS = (detector.COARSE, detector.FINE)


def particles(n, energy, pid, charge, eta=(-2, 2), seed=0):
    """One particle an event."""
    rng = np.random.default_rng(seed)
    directions = rng.uniform(*eta, n), rng.uniform(-np.pi, np.pi, n)
    p4 = kinematics.four_vectors(energy / np.cosh(directions[0]), *directions)
    return Particles(np.arange(n), p4, np.full(n, pid), np.full(n, float(charge)))


def test_photon_energy_closes_with_the_stated_resolution():
    seen = detector.detect(
        particles(20_000, 50.0, 22, 0), np.random.default_rng(1), detector.COARSE
    )
    response = seen.p4[:, 0] / 50
    assert set(seen.pid) == {detector.PHOTON}
    assert abs(response.mean() - 1) < 0.001
    expected = np.hypot(
        detector.COARSE.ecal.stochastic / np.sqrt(50), detector.COARSE.ecal.constant
    )
    assert response.std() == pytest.approx(expected, rel=0.05)


def test_charged_pions_are_tracks_with_the_stated_efficiency_or_hadronic_cells():
    seen = detector.detect(
        particles(20_000, 20.0, 211, 1, eta=(-1.4, 1.4)),
        np.random.default_rng(1),
        detector.COARSE,
    )
    tracks = seen.pid == detector.CHARGED_HADRON
    assert tracks.mean() == pytest.approx(0.95, abs=0.006)
    assert set(seen.pid[~tracks]) == {detector.NEUTRAL_HADRON}


def test_cells_move_a_particle_by_less_than_their_size():
    before = particles(5000, 50.0, 130, 0)
    after = detector.detect(before, np.random.default_rng(1), detector.COARSE)
    _, eta, phi, _ = kinematics.pt_eta_phi_mass(before.p4)
    _, eta_seen, phi_seen, _ = kinematics.pt_eta_phi_mass(after.p4)
    assert np.abs(eta_seen - eta[after.event]).max() < detector.HCAL.size
    assert (
        np.abs(kinematics.delta_phi(phi_seen, phi[after.event])).max() < 1.01 * detector.HCAL.size
    )


def test_two_photons_in_one_cell_become_one():
    pair = particles(1, 10.0, 22, 0)
    two = pair[np.array([0, 0])]
    seen = detector.detect(two, np.random.default_rng(0), detector.COARSE)
    assert len(seen.pid) == 1
    assert seen.p4[0, 0] == pytest.approx(20, rel=0.2)


def test_no_particle_is_seen_beyond_the_calorimeter():
    forward = particles(100, 50.0, 22, 0, eta=(5, 6))
    assert len(detector.detect(forward, np.random.default_rng(0), detector.COARSE).pid) == 0


def test_the_fine_version_parts_two_photons_that_the_coarse_one_joins():
    pair = particles(2, 20.0, 22, 0)
    eta, phi = np.array([0.51, 0.56]), np.array([0.01, 0.01])  # in one cell of 0.1
    both = Particles(np.zeros(2, int), kinematics.four_vectors(20, eta, phi), pair.pid, pair.charge)
    seen = {v.name: detector.detect(both, np.random.default_rng(2), v) for v in VERSIONS}
    assert {name: len(found.pid) for name, found in seen.items()} == {"coarse": 1, "fine": 2}


def test_cells_are_counted_once_in_the_order_of_event_row_and_column():
    """The coarse version must stay as it is: samples and stored weights rest on it."""
    many = particles(4000, 30.0, 22, 0, seed=5)
    events = Particles(many.event // 40, many.p4, many.pid, many.charge)
    seen = detector.detect(events, np.random.default_rng(9), detector.COARSE)
    assert (np.diff(seen.event) >= 0).all()
    assert len(seen.pid) == 3972
    assert seen.p4[:3, 0] == pytest.approx([29.046773468685775, 30.2910547796402, 29.631786008935])


def test_seeds_differ_between_streams_and_fit_pythia():
    seeds = {pythia_seed(s, i, j) for s in range(5) for i in range(20) for j in range(2)}
    assert len(seeds) == 200
    assert all(1 <= seed <= 900_000_000 for seed in seeds)


def test_unknown_recipe_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no recipe for 'tops'.*top_tagging"):
        run.recipe("tops")


# Half a minute a chunk and more. A small chunk starts with the same events, but the detector of a
# later class draws other numbers: only what is made first is compared. Other classes are made again
# by samples that share them: tops by `top_tagging_vincia`, a nature by `zjets_constituents`.
IN_PART = {
    "top_tagging": lambda rows: rows.label == 0,
    "quark_gluon": lambda rows: rows.label >= 0,  # no detector
    "quark_gluon_mixtures": lambda rows: rows.label >= 0,
    "ttbar_events": lambda rows: rows["lepton_charge"] > 0,
    "zjets_unfolding": lambda rows: rows.label == 0,
}


# Their first two processes are made again, the second one in part, for the same reasons.
TRIGGER = ("trigger_objects", "trigger_regions")
WHOLE = [name for name in samples.bundled() if name not in {*IN_PART, *TRIGGER}]


@needs_pythia
@pytest.mark.parametrize("name", WHOLE)
def test_recipe_makes_the_bundled_rows_again(name):
    share = sample_files.agreement(samples.bundled()[name], run.recipe(name).CHUNK)
    # other processors may round the last bit differently; a changed recipe changes every row
    assert share > 0.99


@needs_pythia
@pytest.mark.parametrize("name", IN_PART)
def test_recipe_makes_some_of_the_bundled_rows_again(name):
    sample, recipe = samples.bundled()[name], run.recipe(name)
    few = recipe.chunk(sample.card["seed"], 0, 116)
    few = replace(few[IN_PART[name](few)], card=sample.card)
    few = packing.unpack(packing.pack(few), sample.card)
    stored = fingerprints(sample.rows()[: recipe.CHUNK])
    assert len(few) >= 30
    assert np.isin(fingerprints(few), stored).mean() > 0.9


@needs_pythia
@pytest.mark.parametrize("name", TRIGGER)
def test_recipe_makes_the_first_processes_again(name):
    sample, recipe = samples.bundled()[name], run.recipe(name)
    (first, n), (second, _), *_ = recipe.rows_of_each(recipe.CHUNK).items()
    rng, seed = np.random.default_rng([sample.card["seed"], 0]), sample.card["seed"]
    look = recipe.look if name == "trigger_regions" else recipe.seen_by_trigger
    few = trigger_objects.mixed({first: n, second: 30}, seed, 0, rng, look)
    few = packing.unpack(packing.pack(replace(few, card=sample.card)), sample.card)
    stored = fingerprints(sample.rows()[: recipe.CHUNK])
    assert np.isin(fingerprints(few), stored).mean() > 0.99


def fingerprints(rows):
    """A hash of all numbers of each row, (N,), whatever the padding is."""
    rows = rows.padded(200) if isinstance(rows, Jets) else rows
    arrays = list(rows.arrays().values())
    return np.array([hash(tuple(array[i].tobytes() for array in arrays)) for i in range(len(rows))])
