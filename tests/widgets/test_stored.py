"""Damaged or missing stored data: named, with a remedy, and without harm to other dashboards."""

import shutil

import pytest

from hepml_lite.tagging import trained
from widgets import app, catalogue
from widgets.shared.stored import verified
from widgets.start_here import state


@pytest.fixture
def copy(tmp_path):
    """A stored file and its card in a folder of their own."""
    folder = tmp_path / "start_here"
    folder.mkdir()
    for path in (state.STORED, state.STORED.with_suffix(".json")):
        shutil.copy(path, folder)
    return folder / "stored.npz"


def flip(path):
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_good_file_passes(copy):
    assert verified(copy) == copy


@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_missing_file_is_named_with_a_remedy(copy, ending):
    copy.with_suffix(ending).unlink()
    with pytest.raises(FileNotFoundError, match=rf"stored\{ending} is missing; restore it: git"):
        verified(copy)


def test_flipped_byte_is_seen(copy):
    flip(copy)
    with pytest.raises(ValueError, match=r"stored\.npz is damaged: .*; restore it: git restore"):
        verified(copy)


def test_broken_card_is_seen(copy):
    copy.with_suffix(".json").write_text("{")
    with pytest.raises(ValueError, match=r"stored\.json is damaged .* restore it: git restore"):
        verified(copy)


def test_one_broken_dashboard_does_not_stop_the_others(copy, monkeypatch, capsys):
    flip(copy)
    monkeypatch.setattr(state, "STORED", copy)
    state.stored_results.cache_clear()
    found = {name: app.working(name) for name in catalogue.names()}
    state.stored_results.cache_clear()
    broken = [name for name, one in found.items() if isinstance(one, app.Broken)]
    assert broken == ["start_here"]
    assert "stored.npz is damaged" in found["start_here"].sentence
    assert "stored.npz is damaged" in app.index(found)
    assert "stored.npz is damaged" in capsys.readouterr().err


def test_flipped_byte_in_trained_weights_is_seen(tmp_path, monkeypatch):
    for name in ("pfn.safetensors", "landscape.json"):
        shutil.copy(trained.FOLDER / name, tmp_path)
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    trained.trained_tagger("PFN")
    flip(tmp_path / "pfn.safetensors")
    with pytest.raises(ValueError, match=r"pfn\.safetensors is damaged: .* git restore"):
        trained.trained_tagger("PFN")
