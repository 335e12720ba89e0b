"""Flows: the Jacobian of their layers, fast sampling, spline tails, known answers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from density_laws import assert_invertible_with_jacobian
from zuko.flows.autoregressive import MaskedAutoregressiveTransform

from hepml_lite.densities import Flow, TrainingPlan
from hepml_lite.exact.densities import linear_gaussian

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


@pytest.mark.parametrize(("location", "scale"), [(0, 1), (1e6, 1e4)])
def test_linear_gaussian_of_ten_features(location, scale):
    known = linear_gaussian(10, 10, location=location, scale=scale)
    flow = Flow(kind="affine", n_layers=1, hidden_features=(16,), plan=PLAN)
    flow.fit(*known.events(4000))
    x, condition = known.events(4000, rng=9)
    divergence = (known.log_prob(x, condition) - flow.log_prob(x, condition)).mean()
    assert divergence < 0.15  # 10 x 10 shifts and 45 correlations alone cost about 0.02


def test_kind_that_does_not_exist():
    with pytest.raises(ValueError, match="give one of spline, coupling, affine"):
        Flow(kind="splines")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_features", "n_conditions"), [(1, 0), (1, 2), (3, 0)])
def test_flow_starts_as_the_identity(kind, n_features, n_conditions):
    network = Flow(kind=kind).make_network(n_features, n_conditions)
    c = torch.randn(n_conditions) if n_conditions else None
    x = 2 * torch.randn(5, n_features)
    torch.testing.assert_close(network(c).transform(x), x)


def test_one_feature_without_a_condition():
    x = np.random.default_rng(0).exponential(size=2000)
    flow = Flow(n_layers=1, plan=replace(PLAN, learning_rate=0.05)).fit(x)
    assert flow.sample(5000).mean() == pytest.approx(1, abs=0.1)
