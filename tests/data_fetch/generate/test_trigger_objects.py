"""The trigger objects: isolation and layout by hand, and the physics of freshly made events."""

import numpy as np
import pytest

pytest.importorskip("pythia8mc", reason="making events needs the extra `generate`")

from data_fetch import load
from data_fetch.generate import trigger_objects as recipe
from data_fetch.generate import trigger_regions
from data_fetch.generate.simulation.detector import COARSE, detect
from data_fetch.generate.simulation.pythia import Generator, Particles
from data_fetch.generate.simulation.trigger_reconstruction import (
    calorimeter_regions,
    trigger_objects,
)
from hepml_lite import kinematics
from hepml_lite.containers.trigger_events import TriggerEvents

pytestmark = pytest.mark.xdist_group("trigger_objects")  # one worker makes the events, once

PION, MUON, ELECTRON, PHOTON = 211, 13, 11, 22


def particles(*rows):
    """Particles from (event, pid, pT, eta, phi)."""
    event, pid, pt, eta, phi = np.array(rows, float).reshape(-1, 5).T
    p4 = kinematics.four_vectors(pt, eta, phi)
    return Particles(event.astype(int), p4, pid.astype(int), np.zeros(len(pt)))


def reconstruct(*rows, n_events=1):
    """Trigger events from particles given as in `particles`."""
    return TriggerEvents(objects=trigger_objects(particles(*rows), n_events))


@pytest.fixture(scope="module")
def made():
    """Some events of a few processes, by name."""
    numbers = {"QCD above 60 GeV": 250, "W -> l nu": 400, "A -> 4l": 300, "LQ -> b tau": 120}
    return {
        name: TriggerEvents(**recipe.simulate(name, n, 5, np.random.default_rng(5)))
        for name, n in numbers.items()
    }


def leptons(events):
    """The e/gamma and muons of each event in falling pT, (N, 8, 3)."""
    both = np.concatenate([events.egamma, events.muons], axis=1).astype(float)
    return np.take_along_axis(both, np.argsort(-both[..., :1], axis=1), axis=1)


@pytest.mark.parametrize(
    ("neighbour", "isolated"),
    [
        ((0, PION, 5, 0.2, 3.1), True),  # 5/20 in the cone
        ((0, PION, 7, 0.2, 3.1), False),
        ((0, PION, 7, 0.0, -3.1), False),  # near by, across phi = pi
        ((0, PION, 14, 0.31, 3.1), True),  # outside the cone
        ((1, PION, 14, 0.1, 3.1), True),  # in another event
    ],
)
@pytest.mark.parametrize(("pid", "kind"), [(MUON, "muons"), (-ELECTRON, "egamma")])
def test_an_isolated_lepton_has_less_than_0_3_of_its_pt_around_it(neighbour, isolated, pid, kind):
    event = reconstruct((0, pid, 20, 0.0, 3.1), neighbour, n_events=2)
    assert bool(getattr(event, kind)[0, 0, 0]) is isolated
    # a lepton that is not isolated is part of a jet; one that is, is not used twice
    assert bool(event.jets[0, 0, 0] > 15) is not isolated


def test_the_lepton_keeps_its_momentum_and_a_jet_is_the_sum_of_its_particles():
    event = reconstruct(
        (0, MUON, 20, 1.0, 2.0), (0, PION, 30, -1.0, 0.1), (0, PHOTON, 10, -1.0, -0.1)
    )
    np.testing.assert_allclose(event.muons[0, 0], (20, 1, 2), rtol=1e-6)
    expected = np.hypot(40 * np.cos(0.1), 20 * np.sin(0.1))
    assert event.jets[0, 0, 0] == pytest.approx(expected, rel=1e-6)
    assert not event.egamma.any()


@pytest.mark.parametrize(
    ("kind", "pid", "lowest_pt", "highest_eta"),
    [("egamma", PHOTON, 3, 3), ("muons", MUON, 3, 2.1), ("jets", PION, 15, 4)],
)
def test_acceptance(kind, pid, lowest_pt, highest_eta):
    inside = (1.01 * lowest_pt, highest_eta - 0.01, 1.0)
    for place in (inside, (inside[0], -inside[1], 1.0)):
        assert getattr(reconstruct((0, pid, *place)), kind)[0, 0, 0] > 0
    for outside in ((0.99 * lowest_pt, 0.0, 1.0), (2 * lowest_pt, highest_eta + 0.01, 1.0)):
        assert not getattr(reconstruct((0, pid, *outside)), kind).any()


def test_only_the_leading_objects_are_kept_in_falling_pt():
    event = reconstruct(*((0, MUON, 3 + k, 0, 0.5 * k) for k in range(6)))
    np.testing.assert_allclose(event.muons[0, :, 0], (8, 7, 6, 5), rtol=1e-6)


def test_events_without_particles_are_zeros():
    assert not reconstruct(n_events=3).objects.any()
    events = reconstruct((1, MUON, 10, 0.0, 1.0), n_events=3)
    assert np.flatnonzero(events.objects.any(axis=(1, 2))).tolist() == [1]


def test_missing_momentum_balances_everything_that_is_seen():
    run = Generator(recipe.PROCESSES["W -> l nu"], 3, recipe.BEAM_ENERGY)
    seen = detect(run.visible(run.batch(30)), np.random.default_rng(3), COARSE)
    pt, _, phi = trigger_objects(seen, 30)[:, 0].T
    for k in range(30):
        _, px, py, _ = seen.p4[seen.event == k].sum(axis=0)
        assert (pt[k] * np.cos(phi[k]), pt[k] * np.sin(phi[k])) == pytest.approx((-px, -py))


@pytest.mark.parametrize(
    ("kind", "min_pt", "max_eta"), [("egamma", 3, 3), ("muons", 3, 2.1), ("jets", 15, 4)]
)
def test_layout(made, kind, min_pt, max_eta):
    objects = np.concatenate([getattr(events, kind) for events in made.values()])
    assert (np.diff(objects[..., 0], axis=1) <= 0).all()
    present = objects[..., 0] > 0
    assert objects[present][:, 0].min() > min_pt
    assert np.abs(objects[present][:, 1]).max() < max_eta
    assert not objects[~present].any()


def test_four_leptons_have_the_mass_of_a(made):
    """Photons radiated off the leptons, and jets in their place, make a tail below 50 GeV."""
    four = leptons(made["A -> 4l"])[:, :4]
    four = four[four[:, 3, 0] > 0]
    total = kinematics.four_vectors(*np.moveaxis(four, -1, 0)).sum(axis=1)
    mass = kinematics.pt_eta_phi_mass(total)[3]
    assert len(mass) > 0.2 * len(made["A -> 4l"])
    assert np.median(mass) == pytest.approx(50, abs=0.5)
    assert np.mean(np.abs(mass - 50) < 2) > 0.7


def test_w_bosons_have_their_jacobian_edge(made):
    """The transverse mass of lepton and missing momentum ends at m_W (Barger, Phillips)."""
    events = made["W -> l nu"]
    lepton = leptons(events)[:, 0]
    pt, _, phi = events.met[:, 0].T
    hard = lepton[:, 0] > 20
    mass = np.sqrt(2 * lepton[:, 0] * pt * (1 - np.cos(lepton[:, 2] - phi)))[hard]
    assert hard.mean() > 0.25
    below, above = (np.mean((mass > low) & (mass < low + 20)) for low in (60, 90))
    assert below > 0.4
    assert above < 0.3 * below


def test_signals_show_where_they_should(made):
    lepton, jet = (
        {name: (kind(e)[..., 0] > 0).sum(axis=1).mean() for name, e in made.items()}
        for kind in (leptons, lambda events: events.jets)
    )
    assert lepton["A -> 4l"] > 3 * lepton["W -> l nu"] > 3 * lepton["QCD above 60 GeV"]
    assert jet["LQ -> b tau"] > 2 * max(jet["A -> 4l"], jet["W -> l nu"])
    # two particles of 80 GeV make more jets than two quarks or gluons of 60 GeV and more
    assert jet["LQ -> b tau"] > jet["QCD above 60 GeV"]


def test_no_direction_is_preferred(made):
    """Of one object an event, so that they are independent; both statistics below 4 sigma."""
    for kind in ("met", "jets"):
        first = np.concatenate([getattr(e, kind)[:, 0] for e in made.values()])
        first = first[first[:, 0] > 0].astype(float)
        resultant = np.abs(np.exp(1j * first[:, 2]).sum())
        assert resultant**2 / len(first) < 8  # exponentially distributed with mean 1
        assert abs(np.sign(first[:, 1]).sum()) < 4 * len(first) ** 0.5


def test_minimum_bias_is_soft_and_told_apart_by_its_objects():
    busy, empty = (
        TriggerEvents(**recipe.simulate(name, 40, 5, np.random.default_rng(5)))
        for name in (recipe.BUSY, recipe.EMPTY)
    )
    assert recipe.has_object(busy.objects).all()
    assert not recipe.has_object(empty.objects).any()
    assert busy.jets[..., 0].max() < 40
    assert np.median(empty.met[:, 0, 0]) < 5


def test_minimum_bias_leaves_hard_scattering_to_the_other_processes(monkeypatch):
    hardest, visible = [], Generator.visible

    def watched(self, batch):
        hardest.extend(np.sqrt(batch.info.pT2Hat).tolist())
        return visible(self, batch)

    monkeypatch.setattr(Generator, "visible", watched)
    monkeypatch.setattr(recipe, "SOFT_PT_HAT", 5.0)  # about half of the events are harder
    seen = recipe.simulate(recipe.EMPTY, 60, 5, np.random.default_rng(5))
    assert seen["objects"].shape == (60, 19, 3)
    assert max(hardest) < 5


def test_offline_pt_follows_the_trigger_with_noise_of_its_own(made):
    events = made["LQ -> b tau"]
    trigger, offline = events.jets[:, 0, 0], events.offline_pt[:, 3]
    both = (trigger > 30) & (offline > 30)
    ratio = trigger[both] / offline[both]
    assert np.median(ratio) == pytest.approx(1, abs=0.02)
    assert 0.02 < np.quantile(ratio, 0.84) - np.quantile(ratio, 0.16) < 0.3


def test_weights_give_the_rate_of_every_process():
    """The mean of weight times selected over the background is the rate, here of a process."""
    rows = {name: share * 1000 for name, share in recipe.SHARES.items()}
    total = sum(rows.values())
    for name, n in rows.items():
        assert n * recipe.WEIGHTS[name] / total == pytest.approx(recipe.RATES[name])
    assert sum(recipe.RATES.values()) == pytest.approx(28.6e6 * 56.42 / 78.4, rel=1e-3)


def test_a_chunk_holds_every_class_in_its_share():
    events = recipe.chunk(seed=1, number=0, size=58)
    assert events.names == recipe.NAMES
    assert np.bincount(events.label).tolist() == [50, 2, 2, 2, 2]
    assert (np.diff(events.label) < 0).any()  # mixed, not one class after the other
    assert np.bincount(events.process).tolist() == list(recipe.COMPOSITION.values())
    for name, n in recipe.rows_of_each(58).items():
        chosen = events.of_process(name)
        assert len(chosen) == n
        assert set(chosen.weight) == {recipe.WEIGHTS.get(name, 1.0)}
    assert sum(recipe.SHARES.values()) == pytest.approx(1)


def test_regions_hold_the_transverse_energy_where_it_is():
    two = particles((0, PHOTON, 50, 0.1, 0.1), (0, MUON, 90, 0.1, 0.1), (1, PION, 50, -2.9, -3.1))
    regions = calorimeter_regions(two, 2, np.random.default_rng(1), COARSE)
    assert regions.shape == (2, 18, 14)
    assert np.unravel_index(regions[0].argmax(), (18, 14)) == (9, 7)
    assert np.unravel_index(regions[1].argmax(), (18, 14)) == (0, 0)
    assert regions.sum(axis=(1, 2)) == pytest.approx([50, 50], rel=0.25)


def test_the_image_has_two_thirds_of_background():
    events = trigger_regions.chunk(seed=1, number=0, size=120)
    assert np.bincount(events.label).tolist() == [80, 10, 10, 10, 10]
    assert events.regions.sum(axis=(1, 2)).max() > 50


def test_a_chunk_depends_on_its_seed_and_number_alone():
    """That the same two give the same events is seen on the bundled rows, with all recipes."""
    one, other, seed = (recipe.chunk(*which, size=13).objects for which in ((1, 0), (1, 1), (2, 0)))
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, seed)


def test_an_unknown_process_is_named():
    with pytest.raises(ValueError, match="no process 'Higgs'; choose one of minimum bias, empty"):
        recipe.simulate("Higgs", 1, 1, np.random.default_rng(1))


def test_bundled_sample_has_the_stated_shares_and_thresholds():
    bundled = load("trigger_objects")
    assert np.bincount(bundled.label).tolist() == [500_000, 20_000, 20_000, 20_000, 20_000]
    for objects, threshold in ((bundled.egamma, 3), (bundled.muons, 3), (bundled.jets, 15)):
        present = objects[..., 0][objects[..., 0] > 0]
        assert present.min() > 0.994 * threshold  # but for the rounding of the file
        assert (np.diff(objects[..., 0], axis=1) <= 0).all()
    hard = (bundled.jets[:, 0, 0] > 60)[bundled.label == 0].mean()
    assert hard == pytest.approx(0.189, abs=0.002)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_each_split_has_the_rate_of_every_process(split):
    events = load("trigger_objects", split=split)
    background = events[events.label == 0]
    for name, rate in recipe.RATES.items():
        of_process = background.process == background.processes.index(name)
        error = rate / of_process.sum() ** 0.5
        assert abs(np.mean(background.weight * of_process) - rate) < 4 * error


def test_bundled_images_agree_with_the_objects_of_their_events():
    """Most of the energy of a hard jet is in its region and the ones around it."""
    bundled = load("trigger_regions")
    assert np.bincount(bundled.label).tolist() == [20_000, 2500, 2500, 2500, 2500]
    pt, eta, phi = bundled.jets[:, 0].T
    hard = (pt > 60) & (np.abs(eta) < 2.5)
    row = ((phi + np.pi) / (2 * np.pi) * 18).astype(int).clip(0, 17)
    column = ((eta + 3) / 6 * 14).astype(int).clip(0, 13)
    near = np.zeros(len(bundled))
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            inside = (column + j >= 0) & (column + j < 14)
            place = np.clip(column + j, 0, 13)
            near += inside * bundled.regions[np.arange(len(near)), (row + i) % 18, place]
    assert np.median(near[hard] / pt[hard]) == pytest.approx(1.0, abs=0.1)


def test_ordinary_collisions_are_soft_and_balanced():
    bundled = load("minimum_bias")
    assert len(bundled) == 20_000
    assert np.median(bundled.met[:, 0, 0]) < 4
    busy = (bundled.objects[:, 1:, 0] > 0).any(axis=1).mean()
    assert 0.02 < busy < 0.06  # with diffraction, which has no objects
