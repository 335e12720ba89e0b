"""Flows: the Jacobian of their layers, fast sampling, spline tails, known answers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from density_laws import (
    assert_does_not_beat_the_truth,
    assert_hardly_told_apart,
    assert_invertible_with_jacobian,
)
from zuko.flows.autoregressive import MaskedAutoregressiveTransform

from hepml_lite.densities import Flow, TrainingPlan
from hepml_lite.exact.densities import Checkerboard, GaussianRing, linear_gaussian

PLAN = TrainingPlan(epochs=30, batch_size=256, learning_rate=0.01, device="cpu", progress=False)
KINDS = ["spline", "coupling", "affine"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_features", "n_conditions"), [(1, 0), (1, 2), (3, 0), (4, 2)])
def test_layers_are_invertible_with_the_jacobian_of_autograd(kind, n_features, n_conditions):
    network = Flow(kind=kind).make_network(n_features, n_conditions).double()
    c = torch.randn(n_conditions).double() if n_conditions else None
    layers = network(c).transform
    x = 2 * torch.randn(5, n_features).double()
    x[0] = 12.0  # outside the box of the splines
    assert_invertible_with_jacobian(layers.call_and_ladj, layers.inv, x)


@pytest.mark.parametrize(("kind", "n_passes"), [("spline", 6), ("coupling", 2), ("affine", 6)])
def test_passes_of_a_layer_in_sampling(kind, n_passes):
    network = Flow(kind=kind).make_network(6, 0)
    layers = [m for m in network.modules() if isinstance(m, MaskedAutoregressiveTransform)]
    assert layers[-1].passes == n_passes


def test_samples_far_out_of_a_sharp_spline_are_finite():
    network = Flow().make_network(3, 0)
    for parameter in network.parameters():
        parameter.data *= 10  # steep and flat bins side by side
    u = torch.linspace(-8, 8, 30_000).reshape(-1, 3)
    with torch.no_grad():
        x = network().transform.inv(u)
    assert torch.isfinite(x).all()


@pytest.mark.parametrize(("n_features", "accuracy"), [(2, 0.53), (10, 0.57)])
def test_linear_gaussian_is_hardly_told_from_the_truth(n_features, accuracy):
    """Scaled by 1e4 and shifted by 100 of its widths."""
    known = linear_gaussian(n_features, n_features, location=1e6, scale=1e4)
    plan = replace(PLAN, batch_size=500)
    flow = Flow(kind="affine", n_layers=1, hidden_features=(16,), plan=plan)
    flow.fit(*known.events(10_000))
    assert_hardly_told_apart(flow, known, accuracy)


def test_settings_that_do_not_exist():
    with pytest.raises(ValueError, match="give one of spline, coupling, affine"):
        Flow(kind="splines")
    with pytest.raises(ValueError, match="n_modes"):
        Flow(n_modes=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_features", "n_conditions"), [(1, 0), (1, 2), (3, 0)])
def test_flow_starts_as_the_identity(kind, n_features, n_conditions):
    network = Flow(kind=kind).make_network(n_features, n_conditions)
    c = torch.randn(n_conditions) if n_conditions else None
    x = 2 * torch.randn(5, n_features)
    torch.testing.assert_close(network(c).transform(x), x)


def test_the_ring_of_eight_gaussians_costs_little():
    """Asked are 0.015 nats; sixteen modes reach 0.002 to 0.004, splines alone 0.02."""
    ring = GaussianRing()
    plan = replace(PLAN, batch_size=1024, learning_rate=0.04)
    flow = Flow(kind="affine", n_layers=1, n_modes=16, hidden_features=(16,), plan=plan)
    flow.fit(*ring.events(20_000))
    assert_does_not_beat_the_truth(flow, ring, largest_divergence=0.015)


def test_splines_learn_the_sharp_edges_of_a_checkerboard():
    board = Checkerboard()
    flow = Flow(n_layers=2, hidden_features=(32, 32), plan=replace(PLAN, epochs=15))
    flow.fit(*board.events(4000))
    assert_does_not_beat_the_truth(flow, board, largest_divergence=0.3)


def test_noise_of_several_modes_learns_separate_pieces():
    """Two narrow lines far apart, whose shares and places follow the condition."""
    rng = np.random.default_rng(0)
    condition = rng.integers(0, 2, size=(6000, 1))
    right = rng.random((6000, 1)) < 0.3 + 0.4 * condition
    x = np.where(right, 3 + condition, -3) + 0.1 * rng.normal(size=(6000, 1))
    flow = Flow(kind="affine", n_layers=1, n_modes=4, hidden_features=(16,), plan=PLAN)
    flow.fit(x, condition)
    drawn = flow.sample(4000, [[0.0], [1.0]])[..., 0]
    np.testing.assert_allclose((drawn > 0).mean(0), [0.3, 0.7], atol=0.04)
    for k in range(2):
        assert np.median(drawn[drawn[:, k] > 0, k]) == pytest.approx(3 + k, abs=0.1)
    between = np.abs(drawn) < 2
    assert between.mean() < 0.003


def test_one_feature_without_a_condition():
    x = np.random.default_rng(0).exponential(size=2000)
    flow = Flow(n_layers=1, plan=replace(PLAN, learning_rate=0.05)).fit(x)
    assert flow.sample(5000).mean() == pytest.approx(1, abs=0.1)
