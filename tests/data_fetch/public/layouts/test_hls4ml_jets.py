"""The hls4ml jets: columns are found by name, 17 names for 16 columns notwithstanding."""

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import hls4ml_jets

PARTICLE = (
    "px py pz e erel pt ptrel eta etarel etarot phi phirel phirot deltaR costheta costhetarel pdgid"
)
PARTICLE = [f"j1_{name}" for name in PARTICLE.split()]
FEATURES = [f"j_feature_{i}" for i in range(53)] + [*hls4ml_jets.FLAGS, "j_undef"]


def write(path, n=30, particle_names=PARTICLE, undefined=()):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 150, 16))
    x[..., 5] = np.abs(x[..., 5]) + 0.01
    x[np.arange(150) >= rng.integers(5, 150, n)[:, None]] = 0
    label = rng.integers(0, 5, n)
    jets = rng.normal(size=(n, 59))
    jets[:, 53:] = np.eye(6)[label]
    jets[list(undefined), 53:] = np.eye(6)[5]
    with h5py.File(path, "w") as file:
        file.create_dataset("jetConstituentList", data=x, compression="gzip", chunks=(10, 150, 16))
        file.create_dataset("jets", data=jets, compression="gzip")
        file["particleFeatureNames"] = np.array(particle_names, "S20")
        file["jetFeatureNames"] = np.array(FEATURES, "S20")
    return path, x, label


def test_columns_and_classes(tmp_path):
    path, x, label = write(tmp_path / "jetImage_7_150p_0_10000.h5")
    jets = layouts.read("hls4ml_jets", path)
    assert jets.names == ("gluon", "light quark", "W", "Z", "top")
    np.testing.assert_array_equal(jets.label, label)
    np.testing.assert_array_equal(jets.mask, x[..., 5] > 0)
    np.testing.assert_allclose(jets.constituents, x[..., [5, 7, 10]], rtol=1e-6)


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 25), (25, None), (30, 40)])
def test_slices(tmp_path, start, stop):
    path, x, label = write(tmp_path / "x.h5")
    part = hls4ml_jets.read(path, start, stop)
    np.testing.assert_array_equal(part.label, label[start:stop])
    np.testing.assert_allclose(part.constituents, x[start:stop][..., [5, 7, 10]], rtol=1e-6)


def test_what_is_wrong_is_named(tmp_path):
    path, _, _ = write(tmp_path / "x.h5", particle_names=["j1_px", "j1_py"])
    with pytest.raises(ValueError, match=r"no column 'j1_pt' among j1_px, j1_py"):
        hls4ml_jets.read(path)
    path, _, _ = write(tmp_path / "y.h5", undefined=[11])
    with pytest.raises(ValueError, match="jet 11 has no class"):
        hls4ml_jets.read(path, start=4)
