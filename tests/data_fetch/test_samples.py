"""The bundled sample: intact, physical, split for good, offline; and what happens if it is not."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data_fetch import load, samples
from data_fetch.packing import storage
from data_fetch.public import layouts, registry
from data_fetch.public.layouts import hdf5
from data_fetch.splits import SPLITS
from hepml_lite.statistics import metrics

TOP_MASS = 172.5  # GeV, Pythia's setting; 173.34 is the mass of the generator-level resonance


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging")


@pytest.fixture
def copy_of_bundled(tmp_path, monkeypatch):
    for path in samples.BUNDLED.glob("top_tagging.*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(samples, "BUNDLED", tmp_path)
    return tmp_path / "top_tagging.npz"


def test_numbers_and_window(jets):
    assert np.bincount(jets.label).tolist() == [25_000, 25_000]
    assert jets.names == ("QCD", "top")
    assert jets.constituents.shape[1] <= 100
    whole = jets[jets.n_constituents < 100]  # truncation takes pT away
    assert whole.pt.min() > 548
    assert whole.pt.max() < 652
    assert np.abs(whole.eta).max() < 2.01


def test_tops_weigh_as_much_as_tops(jets):
    mass = jets.of_class("top").mass
    counts, edges = np.histogram(mass, bins=np.arange(140, 210, 2.0))
    peak = edges[np.argmax(counts)] + 1
    assert abs(peak - TOP_MASS) < 4
    assert np.quantile(jets.of_class("QCD").mass, 0.5) < 90


def test_tops_have_more_particles(jets):
    top, qcd = (jets.of_class(name).n_constituents.mean() for name in ("top", "QCD"))
    assert top > 1.2 * qcd


def test_the_mass_cut_performs_as_at_generation(jets):
    auc = metrics.auc(jets.label, -np.abs(jets.mass - TOP_MASS))
    assert 0.93 < auc < 0.96


def test_classes_are_mixed_in_every_split():
    for split in SPLITS:
        share = load("top_tagging", split=split).label.mean()
        assert 0.48 < share < 0.52


def test_splits_are_disjoint_complete_and_fixed(jets):
    parts = [load("top_tagging", split=split) for split in SPLITS]
    assert [len(part) for part in parts] == [30_000, 10_000, 10_000]
    together = np.concatenate([part.mass for part in parts])
    np.testing.assert_array_equal(together, jets.mass)


def test_smoke_is_the_beginning_of_each_split():
    small, whole = (load("top_tagging", profile, "test") for profile in ("smoke", "lesson"))
    assert len(small) == 1000
    np.testing.assert_array_equal(small.mass, whole.mass[:1000])


@pytest.mark.parametrize("name", samples.bundled())
def test_every_sample_loads_without_a_network_in_disjoint_splits(name, monkeypatch):
    def refuse(*_):
        raise AssertionError("load opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    rows = load(name)
    assert type(rows).__name__ == rows.card["container"]
    assert len(rows) == sum(rows.card["rows"].values())
    first = rows.ARRAYS[0]
    parts = [load(name, split=split).arrays()[first] for split in SPLITS]
    np.testing.assert_array_equal(np.concatenate(parts), rows.arrays()[first])


@pytest.mark.parametrize("name", samples.bundled())
def test_every_card_tells_origin_and_citation(name):
    card = samples.bundled()[name].card
    for key in (
        *("title", "process", "detector", "selection", "generation_cuts", "units", "citation"),
        *("generator", "seed", "recipe", "command", "platform", "licence", "split", "sha256"),
    ):
        assert card[key], key


def test_everything_bundled_fits_into_a_clone():
    total = sum(sample.path.stat().st_size for sample in samples.bundled().values())
    assert total < 90e6
    assert max(s.path.stat().st_size for s in samples.bundled().values()) < 15e6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("quarks",), r"unknown sample 'quarks'.*top_tagging"),
        (("top_tagging", "huge"), r"unknown profile 'huge'.*smoke, lesson, paper"),
        (("top_tagging", "lesson", "dev"), r"unknown split 'dev'.*train, val, test"),
        (("top_tagging", "lesson", None, "web"), r"unknown source 'web'.*'public'"),
    ],
)
def test_unknown_names_list_the_known_ones(arguments, message):
    with pytest.raises(ValueError, match=message):
        load(*arguments)


def test_a_flipped_bit_is_found(copy_of_bundled):
    content = bytearray(copy_of_bundled.read_bytes())
    content[len(content) // 2] ^= 1
    copy_of_bundled.write_bytes(content)
    expected = json.loads(copy_of_bundled.with_suffix(".json").read_text())["sha256"]
    with pytest.raises(ValueError, match=rf"top_tagging\.npz is damaged.*{expected}.*git restore"):
        load("top_tagging")


def test_a_truncated_file_is_found(copy_of_bundled):
    copy_of_bundled.write_bytes(copy_of_bundled.read_bytes()[:1000])
    with pytest.raises(ValueError, match="is damaged"):
        load("top_tagging")


def test_a_missing_file_says_how_to_get_it(copy_of_bundled):
    copy_of_bundled.unlink()
    with pytest.raises(FileNotFoundError, match="git restore"):
        load("top_tagging")


def test_paper_profile_without_its_sample_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HEPML_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="hepml data generate top_tagging"):
        load("top_tagging", "paper")


def test_public_source_comes_in_the_same_container(monkeypatch, jets):
    asked = []

    def fetch(name, names):
        asked.append((name, names))
        return [Path(name) for name in names]

    monkeypatch.setattr(registry, "fetch", fetch)
    monkeypatch.setattr(layouts, "read", lambda layout, path, start, stop: jets[start:stop])
    monkeypatch.setattr(layouts, "count", lambda layout, path: 3)
    published = load("top_tagging", source="public", split="val")
    assert asked == [("top_landscape", ["val.h5"])]
    assert published.names == jets.names
    assert "zenodo.org" in published.card["page"]
    assert len(load("top_tagging", source="public")) == 9


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", r"is damaged \(.*git restore data_fetch/bundled/top_tagging\.json"),
        ('{"rows": {}}', r"lacks classes, container, sha256, title; restore it"),
        ("[]", "lacks classes, container"),
    ],
)
def test_a_broken_card_is_named_with_its_remedy(copy_of_bundled, content, words):
    copy_of_bundled.with_suffix(".json").write_text(content)
    with pytest.raises(ValueError, match=rf"card .*top_tagging\.json {words}") as raised:
        load("top_tagging")
    assert "\n" not in str(raised.value)


def test_a_locked_file_is_called_locked_and_not_damaged(tmp_path):
    path = tmp_path / "sample.h5"
    writer = f"import h5py; f = h5py.File({str(path)!r}, 'w'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", writer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"open\n"
        for read in (lambda: storage.read(path, {}), lambda: hdf5.opened(path).__enter__()):
            with pytest.raises(BlockingIOError, match="is locked, because another program") as told:
                read()
            assert "delete" not in str(told.value)
        process.communicate(b"\n")
