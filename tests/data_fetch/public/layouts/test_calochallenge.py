"""CaloChallenge files: MeV become GeV, and every voxel finds its place."""

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import calochallenge

PHOTONS = {  # layers of binning_dataset_1_photons.xml: edges and angles
    "0": ("0,5,10,30,50,100,200,400,600", 1),
    "1": ("0,2,4,6,8,10,12,15,20,30,40,50,70,90,120,150,200", 10),
    "2": ("0,2,5,10,15,20,25,30,40,50,60,80,100,130,160,200,250,300,350,400", 10),
    "3": ("0,50,100,200,400,600", 1),
    "4": ("0", 1),
    "12": ("0,100,200,400,1000,2000", 1),
}


def write(path, n=20, n_voxels=6480, seed=0):
    rng = np.random.default_rng(seed)
    showers = rng.exponential(1.0, (n, n_voxels)) * (rng.random((n, n_voxels)) < 0.2)
    energy = 10 ** rng.uniform(3, 6, (n, 1))
    with h5py.File(path, "w") as file:
        file.create_dataset("showers", data=showers, compression="gzip", chunks=(2, n_voxels))
        file.create_dataset("incident_energies", data=energy, compression="gzip")
    return path, showers, energy


def write_binning(path, layers):
    lines = [
        f'<Layer id="{i}" r_edges="{edges}" n_bin_alpha="{n}" />'
        for i, (edges, n) in layers.items()
    ]
    path.write_text(f'<Bins><Bin pid="22" name="photon">{"".join(lines)}</Bin></Bins>')
    return path


def test_data_set_2_is_a_grid_in_gev(tmp_path):
    path, stored, energy = write(tmp_path / "dataset_2_1.hdf5")
    showers = layouts.read("calochallenge", path)
    assert layouts.count("calochallenge", path) == len(showers) == 20
    assert showers.names == ("electron",)
    np.testing.assert_allclose(showers.grid(), stored.reshape(-1, 45, 16, 9) / 1000, rtol=1e-6)
    np.testing.assert_allclose(showers.energy, energy[:, 0] / 1000, rtol=1e-6)
    assert showers.geometry.layers[44].radii[1] == pytest.approx(4.65)
    assert showers.geometry.layers[0].radii[-1] == 41.85


def test_data_set_3(tmp_path):
    path, stored, _ = write(tmp_path / "dataset_3_1.hdf5", n=2, n_voxels=40500)
    showers = calochallenge.read(path)
    np.testing.assert_allclose(showers.grid(), stored.reshape(-1, 45, 50, 18) / 1000, rtol=1e-6)
    assert showers.geometry.layers[0].radii[1] == pytest.approx(2.325)


def test_data_set_1_takes_its_geometry_from_the_file_beside_it(tmp_path):
    path, stored, _ = write(tmp_path / "dataset_1_photons_1.hdf5", n_voxels=368)
    with pytest.raises(FileNotFoundError, match=r"hepml data fetch calochallenge_1 --files binn"):
        calochallenge.read(path)
    write_binning(tmp_path / "binning_dataset_1_photons.xml", PHOTONS)
    showers = calochallenge.read(path)
    assert showers.names == ("photon",)
    assert [layer.shape for layer in showers.geometry.layers] == [
        (1, 8),
        (10, 16),
        (10, 19),
        (1, 5),
        (1, 5),
    ]
    second = stored[:, 8 : 8 + 160].reshape(-1, 10, 16) / 1000  # the rings change fastest
    np.testing.assert_allclose(showers.layer(1), second, rtol=1e-6)
    np.testing.assert_allclose(showers.deposited, stored.sum(axis=1) / 1000, rtol=1e-5)


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 18), (15, None), (18, 99), (20, 30)])
def test_slices(tmp_path, start, stop, monkeypatch):
    monkeypatch.setattr(calochallenge, "BLOCK", 3)
    path, stored, energy = write(tmp_path / "dataset_2_1.hdf5")
    part = calochallenge.read(path, start, stop)
    np.testing.assert_allclose(part.voxels, stored[start:stop] / 1000, rtol=1e-6)
    np.testing.assert_allclose(part.energy, energy[start:stop, 0] / 1000, rtol=1e-6)


def test_what_is_wrong_is_named(tmp_path):
    path, _, _ = write(tmp_path / "x.hdf5", n_voxels=100)
    with pytest.raises(ValueError, match=r"has 100 voxels, not \[368, 533, 6480, 40500\]"):
        calochallenge.read(path)
    binning = write_binning(tmp_path / "b.xml", PHOTONS)
    with pytest.raises(ValueError, match=r"has 368 voxels, but .* has 100"):
        calochallenge.read(path, binning=binning)
    path, stored, _ = write(tmp_path / "y.hdf5", n_voxels=6480)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"y\.hdf5"):
        calochallenge.read(path)
    with h5py.File(tmp_path / "z.hdf5", "w") as file:
        file["showers"], file["incident_energies"] = stored, np.ones(20)
    with pytest.raises(ValueError, match=r"expected\s+\(N, V\) and \(N, 1\)"):
        calochallenge.read(tmp_path / "z.hdf5")


@pytest.mark.parametrize(
    "text", ["<html>", "<Bins/>", '<Bins><Bin><Layer r_edges="a,b"/></Bin></Bins>']
)
def test_a_geometry_that_is_none(tmp_path, text):
    (tmp_path / "b.xml").write_text(text)
    with pytest.raises(ValueError, match=r"b\.xml .*fetch it again"):
        calochallenge.read_binning(tmp_path / "b.xml")
