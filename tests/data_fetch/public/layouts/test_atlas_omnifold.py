"""The published unbinned result of ATLAS, and its 22 quantities of a Z with two jets unfolded."""

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import atlas_omnifold
from hepml_lite import kinematics
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.unfolding import OmniFold, reports

COUNTS = ("Ntracks_trackj1", "Ntracks_trackj2")
FLOATS = tuple(name for name in atlas_omnifold.QUANTITIES if name not in COUNTS)
WEIGHTS = ("weight_mc", "weights_nominal", "weights_bootstrap_mc_0")


def write(path, floats=FLOATS, n=40):
    """As pandas writes it: a block of each type, in an order of its own."""
    rng = np.random.default_rng(0)
    blocks = {
        (*floats, *WEIGHTS): rng.random((n, len(floats) + len(WEIGHTS))).astype(np.float32),
        COUNTS: rng.integers(1, 60, (n, 2)).astype(np.int32),
    }
    columns = {}
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        for i, (names, values) in enumerate(blocks.items()):
            group[f"block{i}_items"] = np.array(names, "S")
            group.create_dataset(f"block{i}_values", data=values)
            columns |= dict(zip(names, values.T, strict=True))
    return columns


def test_every_quantity_is_what_its_name_says(tmp_path):
    path = tmp_path / "multifold.h5"
    columns = write(path)
    events = layouts.read("atlas_omnifold", path, 5, 25)
    assert layouts.count("atlas_omnifold", path) == 40
    for name in atlas_omnifold.QUANTITIES:
        np.testing.assert_allclose(events[name], columns[name][5:25], rtol=1e-6)
    np.testing.assert_allclose(events.weight, columns["weights_nominal"][5:25], rtol=1e-6)
    before = atlas_omnifold.read(path, weight="weight_mc")
    np.testing.assert_allclose(before.weight, columns["weight_mc"], rtol=1e-6)


def test_what_is_missing_is_named(tmp_path):
    path = tmp_path / "multifold.h5"
    write(path, floats=[name for name in FLOATS if name != "tau3_trackj2"])
    with pytest.raises(ValueError, match="tau3_trackj2"):
        atlas_omnifold.read(path)


def z_with_two_jets(n, rng, tracks):
    """Events with all 22 quantities; the jets have so many tracks on average."""
    values = {}
    for name in atlas_omnifold.Z_TWO_JETS:
        if name.startswith("phi"):
            values[name] = rng.uniform(-np.pi, np.pi, n)
        elif name.startswith("Ntracks"):
            values[name] = rng.poisson(tracks, n)
        elif name.startswith(("eta", "y")):
            values[name] = rng.normal(0, 1, n)
        else:
            values[name] = rng.gamma(3, 1, n)
    true = np.stack([values[name] for name in atlas_omnifold.Z_TWO_JETS], axis=1)
    measured = true * rng.normal(1, 0.1, true.shape)
    angles = [i for i, name in enumerate(atlas_omnifold.Z_TWO_JETS) if name.startswith("phi")]
    smeared = true[:, angles] + rng.normal(0, 0.05, (n, len(angles)))
    measured[:, angles] = kinematics.wrap_phi(smeared)
    return UnfoldingPair(true, measured, atlas_omnifold.Z_TWO_JETS)


def test_22_quantities_go_through_the_same_unfolding():
    assert len(atlas_omnifold.Z_TWO_JETS) == 22
    rng = np.random.default_rng(1)
    simulation = z_with_two_jets(3000, rng, tracks=15)
    nature = z_with_two_jets(3000, rng, tracks=17)
    method = OmniFold(n_iterations=2, model="trees", folds=2).fit(simulation)
    weights = method.unfold(nature.measured).weights
    edges = np.arange(5.5, 30, 3)
    for name, moved in (("Ntracks_trackj1", True), ("pT_l1", False)):
        simulated = simulation.columns(name)[0][:, 0]
        true = nature.columns(name)[0][:, 0]
        gap = reports.closed_gap(
            simulated, None, weights, true, edges if moved else np.arange(0, 9), 20
        )
        if moved:
            assert gap.share.value > 0.7
        else:
            assert gap.after < 5 * gap.floor
