"""Public counterparts: whole splits without overlap, mixed classes, and only what is asked for."""

import itertools
import socket
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from data_fetch.public import counterparts, layouts, registry
from data_fetch.public.counterparts import COUNTERPARTS, turns
from data_fetch.public.layouts import adc2021
from data_fetch.splits import SPLITS
from hepml_lite.containers.events import Events

COURSE = {
    "top_tagging": "Jets",
    "quark_gluon": "Jets",
    "jet_classes": "Jets",
    "zjets_unfolding": "UnfoldingPair",
    "dijet_resonance": "Events",
    "trigger_objects": "TriggerEvents",
    "calo_showers": "Showers",
    "cms_dimuon": "Events",
    "cms_l1_anomaly": "TriggerEvents",
}
NUMBERS = {
    name: i
    for i, name in enumerate(f.name for s in registry.public_sets().values() for f in s.files)
}


@pytest.fixture
def files(monkeypatch, tmp_path):
    """Files of some sizes in place of all public ones; a row says where it comes from."""
    sizes, asked = {}, SimpleNamespace(fetched=[], read=[])

    def fetch(name, patterns):
        chosen = registry.dataset(name).choose(patterns)
        asked.fetched += [file.name for file in chosen]
        return [tmp_path / file.name for file in chosen]

    def read(layout, path, start, stop):
        asked.read.append((path.name, start, stop))
        number = NUMBERS[path.name]
        row = np.arange(start, min(stop, count(layout, path)))
        values = np.column_stack([np.full(len(row), number), row])
        return Events(
            values, ("file", "row"), label=np.full(len(row), number % 2), names=("a", "b")
        )

    def count(layout, path):
        return sizes.get(path.name, 100)

    monkeypatch.setattr(counterparts, "READABLE", (*counterparts.READABLE, ".tar"))
    for module, function in ((registry, fetch), (layouts, read), (layouts, count)):
        monkeypatch.setattr(module, function.__name__, function)
    asked.sizes = sizes
    return asked


def test_every_sample_but_one_has_a_counterpart_of_its_kind():
    """And real collisions, which no sample of the course corresponds to."""
    assert COUNTERPARTS.keys() == COURSE.keys()
    for sample, splits in COUNTERPARTS.items():
        assert splits.keys() == SPLITS.keys()
        for part in (part for parts in splits.values() for part in parts):
            entry = registry.dataset(part.dataset)
            assert entry.choose(part.files)
            assert layouts.LAYOUTS[entry.layout] == COURSE[sample]


def test_no_rows_are_in_two_splits(files):
    """Splits of the same file take different rows of it, all splits together every row."""
    for sample in COUNTERPARTS:
        seen = [{tuple(row) for row in counterparts.load(sample, split).values} for split in SPLITS]
        whole = counterparts.load(sample)
        assert sum(map(len, seen)) == len(set.union(*seen)) == len(whole) > 0


def test_published_splits_are_kept(files):
    counterparts.load("top_tagging", "val")
    assert files.fetched == ["val.h5"]
    assert files.read == [("val.h5", 0, 100)]
    files.read.clear()
    counterparts.load("calo_showers", "val")
    counterparts.load("calo_showers", "test")
    assert files.read == [("dataset_2_1.hdf5", 80, 100), ("dataset_2_2.hdf5", 0, 100)]
    files.fetched.clear()
    counterparts.load("jet_classes", "test")
    assert files.fetched == ["JetClass_Pythia_test_20M.tar"]


def test_the_simulation_and_nature_of_the_paper(files):
    counterparts.load("zjets_unfolding", "train")
    assert {name.split("_")[0] for name in files.fetched} == {"Pythia26", "Herwig"}
    counterparts.load("zjets_unfolding", "train", files="Pythia21*_[01].npz")
    assert files.fetched[-2:] == [f"Pythia21_Zjet_pTZ-200GeV_{i}.npz" for i in (0, 1)]


def test_slices_join_to_the_whole_and_mix_the_files(files):
    files.sizes |= {"QG_jets.npz": 100, "QG_jets_1.npz": 50, "QG_jets_2.npz": 7}
    chosen = {"files": ["QG_jets.npz", "QG_jets_[12].npz"]}
    whole = counterparts.load("quark_gluon", "train", **chosen)
    assert len(whole) == 60 + 30 + 4
    edges = [0, 1, 2, 3, 20, 47, 90, None]
    pieces = [
        counterparts.load("quark_gluon", "train", slice(*pair), **chosen).values
        for pair in itertools.pairwise(edges)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), whole.values)
    _, counts = np.unique(whole["file"][:47], return_counts=True)
    np.testing.assert_allclose(counts / 47, np.array([60, 30, 4]) / 94, atol=0.02)


def test_only_the_rows_asked_for_are_read(files):
    part = counterparts.load("trigger_objects", "test", slice(10, 20))
    assert len(part) == 10
    assert sum(stop - start for _, start, stop in files.read) == 10
    assert all(start >= 80 for _, start, _ in files.read)
    assert len(counterparts.load("trigger_objects", "test", slice(0, 0))) == 0
    assert len(counterparts.load("trigger_objects", "test", slice(-3, None))) == 3
    assert len(counterparts.load("trigger_objects", "test", slice(90, 10))) == 0


def test_a_sorted_file_gives_every_split_its_classes(files, monkeypatch):
    monkeypatch.setattr(counterparts, "CYCLE", 20)
    files.sizes["events_anomalydetection_v2.features.h5"] = 95
    rows = [counterparts.load("dijet_resonance", split)["row"] for split in SPLITS]
    assert sorted(np.concatenate(rows)) == list(range(95))
    assert [len(row) for row in rows] == [60, 19, 16]
    for row in rows:
        assert row.min() < 20
        assert row.max() >= 75
    np.testing.assert_array_equal(rows[1][:5], [12, 13, 14, 15, 32])
    part = counterparts.load("dijet_resonance", "val", slice(3, 6))
    np.testing.assert_array_equal(part["row"], [15, 32, 33])


def write_adc(path, n, rng):
    objects = np.zeros((n, 19, 4))
    objects[:, [0, 1, 9], 0] = rng.exponential(50, (n, 3))
    objects[:, [0, 1, 9], 3] = 1, 2, 4
    with h5py.File(path, "w") as file:
        file["Particles"] = objects


def test_real_files_from_disk_to_container(tmp_path, monkeypatch):
    """Nothing is replaced here but the network, which must not be touched."""
    monkeypatch.setenv("HEPML_DATA", str(tmp_path))
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("a socket is opened"))
    place, rng = registry.place("adc2021"), np.random.default_rng(0)
    place.mkdir(parents=True)
    sizes = [500, 100, 100, 50, 50]
    for beginning, n in zip(adc2021.BEGINNINGS, sizes, strict=True):
        [file] = registry.dataset("adc2021").choose(f"{beginning}*")
        write_adc(place / file.name, n, rng)
    events = counterparts.load("trigger_objects", "train")
    assert np.bincount(events.label).tolist() == [300, 60, 60, 30, 30]
    first = counterparts.load("trigger_objects", "train", slice(0, 80))
    assert np.bincount(first.label).tolist() == [50, 10, 10, 5, 5]
    np.testing.assert_array_equal(first.objects, events.objects[:80])


def test_turns_never_go_back_and_always_add_up():
    rng = np.random.default_rng(0)
    for _ in range(30):
        sizes = rng.integers(0, 40, rng.integers(1, 12)).tolist()
        before = [0] * len(sizes)
        for n in range(sum(sizes) + 1):
            counts = turns(sizes, n)
            assert sum(counts) == n
            assert all(a <= b for a, b in zip(before, counts, strict=True))
            before = counts
        assert before == sizes


def test_the_card_tells_the_origin(files):
    card = counterparts.load("zjets_unfolding", "val", slice(0, 4)).card
    assert "zenodo.org" in card["page"]
    assert "Pythia 8.243" in card["title"]
    assert "Herwig 7.1.5" in card["title"]
    assert card["split"] == "val"
    assert len(card["files"]) == 2
    assert "arXiv:1911.09107" in card["citation"]


def test_a_reader_that_leaves_rows_out(files, monkeypatch):
    real = layouts.read
    monkeypatch.setattr(layouts, "read", lambda *arguments: real(*arguments)[1::2])
    assert len(counterparts.load("trigger_objects", "val", slice(0, 50))) < 50


def test_what_cannot_be_had(files):
    with pytest.raises(ValueError, match=r"'ee_shapes' has no public counterpart; those.*top_tag"):
        counterparts.load("ee_shapes")
    with pytest.raises(ValueError, match="unknown split 'dev'; choose one of: train, val, test"):
        counterparts.load("top_tagging", "dev")
    with pytest.raises(ValueError, match="only slices without a step"):
        counterparts.load("top_tagging", "val", slice(0, 10, 2))
    with pytest.raises(ValueError, match=r"has no file 'QG\.npz'"):
        counterparts.load("quark_gluon", files="QG.npz")
    with pytest.raises(ValueError, match="none of the files of 'calo_showers' holds rows"):
        counterparts.load("calo_showers", files="*.xml")


def test_the_names_of_classes_are_those_of_the_course():
    """Where the public set has the same processes, a notebook finds them under the same names."""
    from data_fetch.generate import dijet_resonance, quark_gluon, trigger_objects, zjets_unfolding
    from data_fetch.public.layouts import energyflow_qg, lhco, omnifold_zjets

    assert energyflow_qg.NAMES == quark_gluon.NAMES
    assert lhco.NAMES == dijet_resonance.NAMES
    assert adc2021.NAMES == trigger_objects.NAMES
    assert set(omnifold_zjets.NAMES) <= set(zjets_unfolding.NAMES)
    assert omnifold_zjets.QUANTITIES == zjets_unfolding.QUANTITIES
    assert omnifold_zjets.LOWEST_LN_RHO == zjets_unfolding.LOWEST_LN_RHO
