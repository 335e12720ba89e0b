"""Stored models and results: hashes, conserved energies, conditions, published numbers."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.generation import published, results, trained
from hepml_lite.generation.showers.profiles import log_energy


def test_models_are_small_and_their_hashes_are_right():
    assert sum(path.stat().st_size for path in trained.FOLDER.glob("*")) < 8e6
    for name in trained.NAMES:
        if (trained.FOLDER / f"{name}.safetensors").is_file():
            trained._density(name)


def test_profiles_follow_the_energy_scan():
    """Ratio of the means of model and cascades in four ranges of energy, within its error."""
    test = load("calo_profiles", split="test")
    energy = test["energy"].astype(float)
    made = trained.profiles().sample(energy, rng=1)
    true = test.columns("depth_mean", "radius_mean")
    for low, high in ((1, 3), (3, 10), (10, 30), (30, 100)):
        inside = (energy >= low) & (energy < high)
        for column, of_true in ((20, true[inside, 0]), (22, true[inside, 1])):
            of_made = made[inside, column]
            error = np.hypot(of_true.std(), of_made.std()) / np.sqrt(inside.sum())
            allowed = 4 * error + 0.005 * of_true.mean()
            assert abs(of_made.mean() - of_true.mean()) < allowed


def test_voxels_conserve_energy():
    geometry = load("calo_showers").geometry
    model = trained.voxels(geometry)
    energy = np.geomspace(1, 100, 40)
    layers = model.sample_layers(energy, 1)
    made = model.sample_voxels(layers, energy, 2)
    assert made.min() >= 0
    assert made.reshape(40, 20, -1).sum(axis=2) == pytest.approx(layers)
    assert (made.sum(axis=1) <= energy).all()


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    (tmp_path / "profiles.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="git restore"):
        trained.profiles()


def test_results_are_written_and_read(tmp_path):
    rows = [
        results.Result("voxels", "two_steps", seed, {"auc": 0.7 + seed}, 3.0) for seed in (0, 2)
    ]
    path = tmp_path / "results.json"
    results.write_results(results.Results({"voxels": "few"}, tuple(rows)), path)
    read = results.read_results(path)
    assert read.rows == tuple(rows)
    assert read.mean("voxels", "two_steps", "auc").value == pytest.approx(1.7)
    assert read.mean("voxels", "two_steps", "auc").error == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"benchmarks/generation\.py"):
        read.mean("voxels", "two_steps", "width")
    shown = read.shown("voxels", ["auc", "width"]).loc["two_steps"]
    assert shown.tolist() == ["1.700 ± 1.414", "–", "3", "2"]


def test_the_stored_table_has_its_floors_and_several_trainings():
    """Real rows are the best, the resampler copies, and flow matching is near the real rows."""
    found = results.read_results()
    for part in ("profiles", "voxels"):
        assert len(found.chosen(part, "real")) >= 3
        real = found.mean(part, "real", "auc").value
        assert min(found.table(part)["auc"]) == pytest.approx(real)
        assert found.mean(part, "resampler", "copies").value > 0.99
    assert found.mean("profiles", "flow_matching", "auc").value < 0.57
    assert found.mean("profiles", "flow_matching", "response_width").value == pytest.approx(
        1, abs=0.05
    )


def test_the_strongest_judge_sorts_the_published_table():
    table = published.table()
    assert table.index[0] == "Geant4"
    assert table.loc["conv. L2LFlows", "auc"] == 0.941  # its dense judge says 0.708
    assert (np.diff(table["auc"]) >= 0).all()
    assert log_energy([1.0]) == 0
