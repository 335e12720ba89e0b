"""ADC2021 files: the last column says what an object is, and must agree with its place."""

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import adc2021

CODES = [1] + 4 * [2] + 4 * [3] + 10 * [4]
FILES = {
    "background_for_training.h5": "background",
    "Ato4l_lepFilter_13TeV_filtered.h5": "A -> 4l",
    "hToTauTau_13TeV_PU20_filtered.h5": "h0 -> tau tau",
    "hChToTauNu_13TeV_PU20_filtered.h5": "h+- -> tau nu",
    "leptoquark_LOWMASS_lepFilter_13TeV_filtered.h5": "LQ -> b tau",
}


def particles(n=40, seed=0):
    rng = np.random.default_rng(seed)
    x = np.zeros((n, 19, 4))
    x[..., 0], x[..., 1] = rng.exponential(30, (n, 19)), rng.normal(0, 1, (n, 19))
    x[..., 2], x[..., 3] = rng.uniform(-np.pi, np.pi, (n, 19)), CODES
    for first, last in ((1, 5), (5, 9), (9, 19)):  # fewer objects than places
        x[:, first:last] *= np.arange(last - first)[:, None] < rng.integers(0, 5, (n, 1, 1))
    x[:, 0, 1] = 0
    return x


def write(path, x, columns=("Pt", "Eta", "Phi", "Class")):
    with h5py.File(path, "w") as file:
        file.create_dataset("Particles", data=x, compression="gzip")
        file["Particles_Names"] = np.array(columns, "S5")
        file["Particles_Classes"] = np.array(
            ["MET_class_1", "Four_Ele_class_2", "Four_Mu_class_3", "Ten_Jet_class_4"], "S16"
        )
    return path


@pytest.mark.parametrize(("name", "process"), FILES.items())
def test_what_is_published_arrives(tmp_path, name, process):
    x = particles()
    path = write(tmp_path / name, x)
    events = layouts.read("adc2021", path)
    assert layouts.count("adc2021", path) == len(events.of_class(process)) == 40
    np.testing.assert_allclose(events.objects, x[..., :3], atol=1e-6, rtol=1e-6)
    assert not events.objects[x[..., 0] == 0].any()
    np.testing.assert_allclose(events.muons[..., 0], x[:, 5:9, 0], rtol=1e-6)


def test_a_black_box_keeps_its_secret(tmp_path):
    x = particles()
    path = write(tmp_path / "BlackBox_13TeV_PU20.h5", x)
    assert len(adc2021.read(path).of_class("black box")) == 40


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 18), (35, None), (38, 99), (40, 50)])
def test_slices(tmp_path, start, stop, monkeypatch):
    monkeypatch.setattr(adc2021, "BLOCK", 3)
    x = particles()
    part = adc2021.read(write(tmp_path / "background.h5", x), start, stop)
    np.testing.assert_allclose(part.objects, x[start:stop, :, :3], atol=1e-6, rtol=1e-6)


def test_a_direction_of_missing_momentum_along_the_beam_is_dropped(tmp_path):
    x = particles()
    x[:, 0, 1] = 3.0
    events = adc2021.read(write(tmp_path / "background.h5", x))
    assert not events.met[..., 1].any()


def test_what_is_wrong_is_named(tmp_path):
    x = particles()
    with pytest.raises(ValueError, match=r"mine\.h5 tells no process.*label="):
        adc2021.read(write(tmp_path / "mine.h5", x))
    assert len(adc2021.read(tmp_path / "mine.h5", label=1).of_class("A -> 4l")) == 40
    swapped = x.copy()
    swapped[7, [0, 9]] = 50, 0.1, 0.1, 4
    with pytest.raises(ValueError, match="event 7 has objects of the classes"):
        adc2021.read(write(tmp_path / "background_1.h5", swapped), 3)
    with pytest.raises(ValueError, match=r"the columns are \['Eta'"):
        adc2021.read(write(tmp_path / "Ato4l.h5", x, ("Eta", "Pt", "Phi", "Class")))
    with pytest.raises(ValueError, match=r"Particles \(40, 19, 3\); expected"):
        adc2021.read(write(tmp_path / "hToTauTau.h5", x[..., :3]))
    path = write(tmp_path / "leptoquark.h5", particles(4000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"leptoquark\.h5"):
        adc2021.read(path)
