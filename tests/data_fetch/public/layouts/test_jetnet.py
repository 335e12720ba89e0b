"""JetNet's files: relative coordinates become those of the laboratory."""

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import jetnet


def write(path, n=40, slots=30, seed=0):
    rng = np.random.default_rng(seed)
    real = np.arange(slots) < rng.integers(3, slots + 1, n)[:, None]
    pt = np.sort(rng.exponential(0.05, (n, slots)), axis=1)[:, ::-1]
    particles = np.stack([rng.normal(0, 0.1, (n, slots)), rng.normal(0, 0.1, (n, slots)), pt], -1)
    particles = np.concatenate([particles * real[..., None], real[..., None]], axis=-1)
    jet = np.stack([rng.normal(1000, 50, n), rng.normal(0, 1, n), rng.normal(80, 9, n)], -1)
    jet = np.concatenate([jet, real.sum(axis=1, keepdims=True)], axis=-1)
    with h5py.File(path, "w") as file:
        file["particle_features"], file["jet_features"] = particles, jet
    return particles, jet


def test_relative_becomes_absolute(tmp_path):
    particles, jet = write(tmp_path / "t.hdf5")
    jets = layouts.read("jetnet", tmp_path / "t.hdf5")
    assert jets.names[jets.label[0]] == "top"
    np.testing.assert_array_equal(jets.n_constituents, jet[:, 3])
    pt, eta, phi = np.moveaxis(jets.constituents, -1, 0)
    real = jets.mask
    np.testing.assert_allclose((pt / jet[:, :1])[real], particles[..., 2][real], rtol=1e-5)
    np.testing.assert_allclose((eta - jet[:, 1:2])[real], particles[..., 0][real], atol=1e-6)
    np.testing.assert_allclose(phi[real], particles[..., 1][real], rtol=1e-5)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("g.hdf5", "gluon"),
        ("q150.hdf5", "light quark"),
        ("t150.hdf5", "top"),
        ("w.hdf5", "W"),
        ("z.hdf5", "Z"),
    ],
)
def test_the_file_tells_the_class(tmp_path, file, name):
    write(tmp_path / file, n=3)
    jets = jetnet.read(tmp_path / file)
    assert len(jets.of_class(name)) == 3


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 30), (35, None), (40, 50)])
def test_slices(tmp_path, start, stop):
    write(tmp_path / "g.hdf5")
    whole, part = jetnet.read(tmp_path / "g.hdf5"), jetnet.read(tmp_path / "g.hdf5", start, stop)
    np.testing.assert_array_equal(part.constituents, whole[start:stop].constituents)


def test_what_is_wrong_is_named(tmp_path):
    write(tmp_path / "mine.hdf5")
    with pytest.raises(ValueError, match=r"mine\.hdf5 tells no class.*label="):
        jetnet.read(tmp_path / "mine.hdf5")
    assert len(jetnet.read(tmp_path / "mine.hdf5", label=4).of_class("Z")) == 40
    with h5py.File(tmp_path / "t.hdf5", "w") as file:
        file["particle_features"], file["jet_features"] = np.ones((5, 30, 3)), np.ones((5, 4))
    with pytest.raises(ValueError, match=r"expected \(N, P, 4\)"):
        jetnet.read(tmp_path / "t.hdf5")
