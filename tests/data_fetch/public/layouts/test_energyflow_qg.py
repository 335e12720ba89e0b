"""Quark and gluon jets in the layout of EnergyFlow's files."""

import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import energyflow_qg

PIDS = [22, 211, -211, 130, 11, -11, 13, -13, 321, -321, 2212, -2212, 2112, -2112]


@pytest.fixture
def published(tmp_path):
    rng = np.random.default_rng(0)
    n = rng.integers(3, 30, 60)
    x = np.stack(
        [
            rng.exponential(20, (60, 40)),
            rng.normal(0, 0.2, (60, 40)),
            rng.uniform(0, 2 * np.pi, (60, 1)) + rng.normal(0, 0.2, (60, 40)),
            rng.choice(PIDS, (60, 40)),
        ],
        axis=-1,
    )
    x[np.arange(40) >= n[:, None]] = 0
    y = rng.integers(0, 2, 60).astype(float)
    path = tmp_path / "QG_jets.npz"
    np.savez_compressed(path, X=x, y=y)
    return path, x, y


def test_what_is_published_arrives(published):
    path, x, y = published
    jets = layouts.read("energyflow_qg", path)
    width = jets.constituents.shape[1]
    real = x[:, :width, 0] > 0
    assert jets.names == ("gluon", "quark")
    np.testing.assert_array_equal(jets.label, y)
    np.testing.assert_array_equal(jets.mask, real)
    np.testing.assert_array_equal(jets.pid[real], x[:, :width, 3][real])
    np.testing.assert_allclose(jets.constituents[..., 0], x[:, :width, 0], rtol=1e-6)
    rapidity = x[:, :width, 1][real]
    np.testing.assert_allclose(jets.constituent_rapidity[real], rapidity, rtol=1e-5, atol=1e-6)
    protons = np.abs(jets.pid) == 2212
    np.testing.assert_allclose(jets.constituent_mass[protons], 0.93827)
    assert not jets.constituent_mass[jets.pid == 22].any()
    turns = (jets.constituents[..., 2] - x[:, :width, 2])[real] / (2 * np.pi)
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-6)
    assert np.abs(jets.constituents[..., 2]).max() <= np.pi + 1e-6
    assert width == (x[..., 0] > 0).sum(axis=1).max()


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 40), (55, None), (55, 999), (60, 70)])
def test_slices(published, start, stop):
    path, x, y = published
    part = energyflow_qg.read(path, start, stop)
    np.testing.assert_array_equal(part.label, y[start:stop])
    np.testing.assert_array_equal(part.n_constituents, (x[start:stop, :, 0] > 0).sum(axis=1))


def test_files_of_different_width_can_be_joined(published, tmp_path):
    path, x, y = published
    np.savez_compressed(tmp_path / "QG_jets_1.npz", X=x[:, :20], y=y)
    parts = [energyflow_qg.read(p) for p in (path, tmp_path / "QG_jets_1.npz")]
    assert len(type(parts[0]).concatenate(parts)) == 120


def test_what_is_wrong_is_named(published, tmp_path):
    path, x, y = published
    with pytest.raises(FileNotFoundError):
        energyflow_qg.read(tmp_path / "no.npz")
    for arrays, message in (
        ({"X": x}, r"lacks \['y'\]"),
        ({"X": x, "y": y[:5]}, r"expected \(N, M, 4\)"),
        ({"X": x[..., :3], "y": y}, r"expected \(N, M, 4\)"),
        ({"X": np.asfortranarray(x), "y": y}, "no plain array"),
        ({"X": np.array([{"evil": 1}], dtype=object), "y": y[:1]}, "no plain array"),
    ):
        np.savez_compressed(tmp_path / "x.npz", **arrays)
        with pytest.raises(ValueError, match=message):
            energyflow_qg.read(tmp_path / "x.npz")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"QG_jets\.npz cannot be read.*fetch it again"):
        energyflow_qg.read(path)
