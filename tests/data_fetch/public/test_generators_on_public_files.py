"""The generators of the course on files in the layouts of CaloChallenge and JetNet.

The files are small and made up: what is tested is that a published file goes through reading,
training, sampling and judging without a line that is special to it.
"""

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts
from hepml_lite.densities import SetFlowMatching, TrainingPlan
from hepml_lite.generation.jets import CloudMatching, clouds
from hepml_lite.generation.showers import (
    TwoStepVoxels,
    high_level_features,
    judge_showers,
    profiles,
)
from tests.data_fetch.public.layouts.test_calochallenge import PHOTONS, write_binning

PLAN = TrainingPlan(epochs=1, batch_size=64, patience=None, progress=False)
THRESHOLD = 0.0005  # GeV
N = 160


def calochallenge_file(path, n_voxels):
    """Showers of 2 to 100 GeV that leave half of their energy in a fifth of the voxels."""
    rng = np.random.default_rng(1)
    energy = np.exp(rng.uniform(np.log(2e3), np.log(1e5), (N, 1)))
    showers = rng.gamma(0.5, size=(N, n_voxels)) * (rng.random((N, n_voxels)) < 0.2)
    showers *= rng.uniform(0.4, 0.6, (N, 1)) * energy / showers.sum(axis=1, keepdims=True)
    with h5py.File(path, "w") as file:
        file.create_dataset("showers", data=showers)
        file.create_dataset("incident_energies", data=energy)
    return layouts.read("calochallenge", path)


def fitted_layers(showers):
    """The first step, flow matching of the energies of the layers."""
    shares = showers.layer_energies() / showers.energy[:, None]
    model = profiles.layers_by("flow_matching", shares.shape[1], THRESHOLD / 100)
    model.density.plan = PLAN
    return model.fit(shares, showers.energy, rng=0)


def test_data_set_1_with_layers_of_different_cells(tmp_path):
    write_binning(tmp_path / "binning_dataset_1_photons.xml", PHOTONS)
    showers = calochallenge_file(tmp_path / "dataset_1_photons_1.hdf5", 368)
    made = fitted_layers(showers).sample(showers.energy, rng=1)
    assert made.shape == (N, 5)
    assert (made.sum(axis=1) <= 1).all()
    features = high_level_features(showers.voxels, showers.geometry)
    energies = features.filter(like="energy").to_numpy()
    assert energies == pytest.approx(showers.layer_energies(), rel=1e-5)
    half = N // 2
    voxels = [showers.voxels[:half], showers.voxels[half:]]
    energy = [showers.energy[:half], showers.energy[half:]]
    verdict = judge_showers(*voxels, *energy, showers.geometry, rng=0)
    assert set(verdict.areas) == {"features", "voxels", "trees"}
    with pytest.raises(ValueError, match="divided in different ways"):
        TwoStepVoxels(showers.geometry).fit(showers.voxels, showers.energy)


def test_data_set_2_in_two_steps(tmp_path):
    showers = calochallenge_file(tmp_path / "dataset_2_1.hdf5", 6480)
    model = TwoStepVoxels(showers.geometry, THRESHOLD, n_copies=1)
    model.layers = fitted_layers(showers)
    model.shapes.plan = PLAN
    model.fit_shapes(showers.voxels, showers.energy, rng=0)
    model.shapes.n_steps = 1
    layers = model.sample_layers(showers.energy, 1)
    made = model.sample_voxels(layers, showers.energy, 2)
    assert made.shape == (N, 6480)
    assert made.reshape(N, 45, -1).sum(axis=2) == pytest.approx(layers)
    assert len(high_level_features(made, showers.geometry)) == N


def test_jetnet_as_clouds(tmp_path):
    rng = np.random.default_rng(2)
    mask = np.arange(30) < rng.integers(3, 31, (N, 1))
    share = rng.gamma(1.0, size=(N, 30)) * mask
    share = -np.sort(-share / share.sum(axis=1, keepdims=True), axis=1)
    angles = 0.1 * rng.normal(size=(2, N, 30)) * mask
    jet = np.column_stack(
        [rng.uniform(800, 1200, N), rng.normal(size=N), np.full(N, 173), mask.sum(1)]
    )
    with h5py.File(tmp_path / "t.hdf5", "w") as file:
        file.create_dataset("particle_features", data=np.stack([*angles, share, mask], axis=-1))
        file.create_dataset("jet_features", data=jet)
    cloud = clouds.cloud_of(layouts.read("jetnet", tmp_path / "t.hdf5"))
    assert cloud.mask.sum(axis=1) == pytest.approx(jet[:, 3])
    of_jet = cloud.particles[..., 0].sum(axis=1, keepdims=True)  # above 1: a scalar sum of pT
    assert cloud.particles[..., 0] / of_jet == pytest.approx(share, abs=1e-5)
    density = SetFlowMatching(width=16, n_layers=1, n_steps=2, plan=PLAN)
    made = CloudMatching(density).fit(cloud, rng=1).sample(N, 2)
    assert np.isfinite(clouds.in_batches(clouds.w1_mass, cloud, made).value)
