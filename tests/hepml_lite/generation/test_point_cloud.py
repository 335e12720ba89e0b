"""Showers as points: voxels come back, and what is generated follows the energy."""

import numpy as np
import pytest

from hepml_lite.containers.showers import Geometry
from hepml_lite.densities import SetFlowMatching, TrainingPlan
from hepml_lite.generation.showers.point_cloud import PointShowers

GEOMETRY = Geometry.regular(np.arange(4.0), 4, np.arange(3.0), "X0", "mm")


def showers(n, rng):
    """Three layers of eight voxels; more of them have energy at high energy."""
    energy = rng.uniform(1, 10, n)
    filled = rng.random((n, 24)) < energy[:, None] / 12
    return energy[:, None] / 24 * filled * rng.gamma(4.0, 0.25, size=(n, 24)), energy


def test_points_lead_back_to_voxels():
    voxels, _ = showers(50, np.random.default_rng(0))
    model = PointShowers(GEOMETRY, most_points=24, threshold=1e-6)
    assert model.voxels(*model.points(voxels, 1)) == pytest.approx(voxels)
    few = PointShowers(GEOMETRY, most_points=3, threshold=1e-6)
    hardest = few.voxels(*few.points(voxels, 1))
    assert ((hardest > 0).sum(1) <= 3).all()
    assert hardest.max(1) == pytest.approx(voxels.max(1))


def test_generated_showers_have_more_points_at_high_energy():
    voxels, energy = showers(600, np.random.default_rng(0))
    plan = TrainingPlan(epochs=12, batch_size=32, learning_rate=1e-2, progress=False)
    density = SetFlowMatching(width=16, n_layers=1, n_steps=5, plan=plan)
    model = PointShowers(GEOMETRY, most_points=24, threshold=1e-3, density=density)
    made = model.fit(voxels, energy, rng=1).sample(np.repeat([2.0, 9.0], 100), rng=2)
    number = (made > 0).sum(1)
    assert number[100:].mean() > number[:100].mean() + 3
    assert made.min() >= 0
