"""Refinement: three ways from a fast sample to a slow one, on Gaussians whose answer is known."""

import numpy as np
import pytest

from hepml_lite.densities import Bridge, BridgeDensity, TrainingPlan
from hepml_lite.generation.showers import refinement

N = 3000


@pytest.fixture(scope="module")
def samples():
    """The slow rows lie 0.5 higher and are 1.2 times as wide."""
    rng = np.random.default_rng(0)
    energy = np.exp(rng.uniform(0, 4, N))
    centre = np.log(energy)[:, None]
    fast = centre + rng.normal(size=(N, 2))
    slow = centre + 0.5 + 1.2 * rng.normal(size=(N, 2))
    return fast, slow, energy


def residual(x, energy):
    return x - np.log(energy)[:, None]


@pytest.mark.parametrize(("model", "off"), [("trees", 0.2), ("mlp", 0.12)])
def test_weights(model, off, samples):
    """Trees are cautious where rows are few; both move the mean most of the way, and widen."""
    fast, slow, energy = samples
    weights = refinement.WeightRefinement(model).fit(fast, slow, energy).weights(fast, energy)
    assert weights.mean() == pytest.approx(1)
    rows = residual(fast, energy)
    mean = np.average(rows, axis=0, weights=weights)
    assert mean == pytest.approx(0.5, abs=off)
    assert (np.average((rows - mean) ** 2, axis=0, weights=weights) > 1.05).all()  # 1 to 1.44


@pytest.mark.parametrize("kind", ["regression", "bridge"])
def test_moved_rows(kind, samples):
    fast, slow, energy = samples
    plan = TrainingPlan(epochs=25, batch_size=500, learning_rate=5e-3, progress=False)
    if kind == "regression":
        model = refinement.RegressionRefinement(plan=plan)
    else:
        density = BridgeDensity(noise=0.3, sees_start=False, n_steps=10, width=32, plan=plan)
        model = refinement.BridgeRefinement(bridge=Bridge(density))
    moved = model.fit(fast, slow, energy, rng=1).transport(fast, energy, rng=2)
    found = residual(moved, energy)
    assert found.mean(0) == pytest.approx(0.5, abs=0.15)
    assert found.std(0) == pytest.approx(1.2, abs=0.12)
    together = np.corrcoef(found[:, 0], residual(fast, energy)[:, 0])[0, 1]
    assert together > 0.8  # each row is moved a little, and not drawn anew


def test_untrained_models_say_so():
    with pytest.raises(RuntimeError, match="call fit"):
        refinement.WeightRefinement().weights(np.ones((2, 1)), [1.0, 2.0])
    with pytest.raises(RuntimeError, match="call fit"):
        refinement.RegressionRefinement().transport(np.ones((2, 1)), [1.0, 2.0])
