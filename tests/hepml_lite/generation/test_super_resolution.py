"""Super-resolution: sums stay, the order of voxels is that of the container, places are known."""

import numpy as np
import pytest

from hepml_lite.containers.showers import Geometry
from hepml_lite.densities import FlowMatching, TrainingPlan
from hepml_lite.generation.showers.super_resolution import SuperResolution, voxel_coordinates

GEOMETRY = Geometry.regular(np.arange(4.0), 4, np.arange(5.0), "X0", "mm")


def showers(n, rng):
    """Three layers of four angles and four rings; the inner one of two has three times as much."""
    grid = rng.gamma(2.0, size=(n, 3, 4, 4)) * np.array([3.0, 1.0, 3.0, 1.0])
    energy = grid.sum(axis=(1, 2, 3))
    return grid.reshape(n, -1), energy


def test_coarse_voxels_are_sums_of_neighbours():
    model = SuperResolution(GEOMETRY)
    voxels = np.arange(48.0)[None]
    # layer 0, angles 0 and 1, rings 0 and 1: voxels 0, 1, 4 and 5; then rings 2 and 3
    assert model.coarse(voxels)[0, :3].tolist() == [10, 18, 42]
    children = model._children(voxels)
    assert model._fine(children).tolist() == voxels.tolist()


def test_fine_voxels_keep_the_sums_and_learn_the_rings():
    rng = np.random.default_rng(0)
    voxels, energy = showers(1500, rng)
    plan = TrainingPlan(epochs=6, batch_size=256, learning_rate=3e-3, progress=False)
    density = FlowMatching(
        change=voxel_coordinates(0.01), width=32, sampler="midpoint", n_steps=6, plan=plan
    )
    model = SuperResolution(GEOMETRY, threshold=0.01, density=density).fit(voxels, energy, rng=1)
    coarse = model.coarse(voxels[:300])
    made = model.sample(coarse, energy[:300], rng=2)
    assert model.coarse(made) == pytest.approx(coarse)
    assert made.min() >= 0
    rings = made.reshape(-1, 3, 4, 2, 2).mean(axis=(0, 1, 2, 3))
    assert rings[0] / rings.sum() == pytest.approx(0.75, abs=0.05)


def test_numbers_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="divisors"):
        SuperResolution(GEOMETRY, n_angles=3)
    with pytest.raises(RuntimeError, match="call fit"):
        SuperResolution(GEOMETRY).sample(np.ones((1, 12)), [1.0])
