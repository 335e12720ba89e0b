"""OmniFold's arrays become the quantities of an unfolding pair, whatever is zero among them."""

import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import omnifold_zjets

N = 60


def arrays(seed=0):
    rng, found = np.random.default_rng(seed), {}
    for level in ("gen", "sim"):
        jets = [rng.uniform(50, 500, N), rng.normal(0, 1, N), rng.uniform(-3, 3, N)]
        jets.append(rng.uniform(0, 60, N))
        found[f"{level}_jets"] = np.stack(jets, axis=-1)
        found[f"{level}_particles"] = rng.random((N, 20, 4))
        found[f"{level}_mults"] = rng.integers(1, 60, N)
        for key in ("lhas", "widths", "ang2s", "tau2s"):
            found[f"{level}_{key}"] = rng.uniform(0.01, 0.5, N)
        found[f"{level}_sdms"] = rng.uniform(1, 40, N)
        found[f"{level}_zgs"] = rng.uniform(0.1, 0.5, N)
    found["gen_Zs"] = rng.random((N, 3))
    return found


def write(path, stored):
    np.savez_compressed(path, **stored)
    return path


@pytest.mark.parametrize(
    ("name", "source"),
    [("Pythia26_Zjet_pTZ-200GeV_0.npz", "simulation"), ("Herwig_Zjet_pTZ-200GeV_3.npz", "nature")],
)
def test_every_quantity_is_what_its_name_says(tmp_path, name, source):
    stored = arrays()
    path = write(tmp_path / name, stored)
    pair = layouts.read("omnifold_zjets", path).of_class(source)
    assert layouts.count("omnifold_zjets", path) == len(pair) == N
    for level, values in (("gen", pair.truth), ("sim", pair.measured)):
        jets = stored[f"{level}_jets"]
        expected = {
            "mass": jets[:, 3],
            "multiplicity": stored[f"{level}_mults"],
            "width": stored[f"{level}_widths"],
            "ln_rho": 2 * np.log(stored[f"{level}_sdms"] / jets[:, 0]),
            "tau21": stored[f"{level}_tau2s"] / stored[f"{level}_widths"],
            "zg": stored[f"{level}_zgs"],
            "pt": jets[:, 0],
        }
        for column, quantity in zip(values.T, pair.quantities, strict=True):
            np.testing.assert_allclose(column, expected[quantity], rtol=1e-4, err_msg=quantity)


def test_jets_of_one_particle_stay_finite(tmp_path):
    stored = arrays()
    for key in ("widths", "tau2s", "sdms", "zgs"):
        stored[f"sim_{key}"][5] = 0
    stored["sim_zgs"][6] = np.nan
    stored["gen_jets"][7] = 0
    pair = omnifold_zjets.read(write(tmp_path / "Pythia26_0.npz", stored))
    values = dict(zip(pair.quantities, pair.measured[5], strict=True))
    assert values["tau21"] == values["zg"] == 0
    assert values["ln_rho"] == omnifold_zjets.LOWEST_LN_RHO
    assert pair.measured[6, pair.quantities.index("zg")] == 0
    assert np.isfinite(pair.truth).all()


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 40), (55, None), (55, 999), (60, 70)])
def test_slices(tmp_path, start, stop):
    path = write(tmp_path / "Herwig_0.npz", arrays())
    whole, part = omnifold_zjets.read(path), omnifold_zjets.read(path, start, stop)
    np.testing.assert_array_equal(part.truth, whole.truth[start:stop])
    np.testing.assert_array_equal(part.measured, whole.measured[start:stop])


def test_particles_are_not_even_decompressed(tmp_path):
    """Nearly all of a file is particles: what happens to them does not matter here."""
    stored = arrays()
    path = write(tmp_path / "Pythia26_0.npz", stored)
    body = bytearray(path.read_bytes())
    at = body.index(b"gen_particles.npy") + 2000
    body[at : at + 200] = bytes(200)
    path.write_bytes(body)
    assert len(omnifold_zjets.read(path)) == N


def test_what_is_wrong_is_named(tmp_path):
    stored = arrays()
    with pytest.raises(ValueError, match=r"mine\.npz tells no generator.*label="):
        omnifold_zjets.read(write(tmp_path / "mine.npz", stored))
    assert len(omnifold_zjets.read(tmp_path / "mine.npz", label=1).of_class("nature")) == N
    fewer = {k: v for k, v in stored.items() if k != "sim_zgs"}
    with pytest.raises(ValueError, match=r"lacks \['sim_zgs'\]"):
        omnifold_zjets.read(write(tmp_path / "Pythia26_1.npz", fewer))
    wrong = stored | {"sim_jets": stored["sim_jets"][:, :3]}
    with pytest.raises(ValueError, match=r"sim_….*expected \(N, 4\) for jets"):
        omnifold_zjets.read(write(tmp_path / "Pythia26_2.npz", wrong))
    shorter = {k: v[:50] if k.startswith("sim") else v for k, v in stored.items()}
    with pytest.raises(ValueError, match="60 events of truth and 50 of detector"):
        omnifold_zjets.read(write(tmp_path / "Pythia26_3.npz", shorter))
    path = write(tmp_path / "Pythia26_4.npz", stored)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(ValueError, match=r"Pythia26_4\.npz cannot be read.*fetch it again"):
        omnifold_zjets.read(path)
    path = write(tmp_path / "Pythia26_5.npz", stored)
    body = bytearray(path.read_bytes())
    body[body.index(b"gen_widths.npy") + 150] ^= 0xFF
    path.write_bytes(body)
    with pytest.raises(ValueError, match=r"Pythia26_5\.npz cannot be read.*fetch it again"):
        omnifold_zjets.read(path)
