"""Flow matching against what is known exactly: its loss floor, densities, optimal pairs."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from hepml_lite import densities
from hepml_lite.densities import FlowMatching, TrainingPlan
from hepml_lite.densities.flow_matching import optimal_pairs, spread_times

torch.set_num_threads(1)
PLAN = TrainingPlan(epochs=30, batch_size=256, learning_rate=4e-3, patience=None, progress=False)
RADIUS, WIDTH = 1.5, 0.35


class GaussianVelocity(nn.Module):
    """The exact velocity for data of independent Gaussians of this mean and width."""

    def __init__(self, mean: float, width: float):
        super().__init__()
        self.mean, self.width = mean, width

    def forward(self, z, t, c):
        t = t[:, None]
        variance = (1 - t) ** 2 + t**2 * self.width**2
        slope = (t * self.width**2 - (1 - t)) / variance
        return self.mean + slope * (z - t * self.mean)


def loss_floor(t, width):
    return 1 + width**2 - (t * width**2 - (1 - t)) ** 2 / ((1 - t) ** 2 + t**2 * width**2)


def ring(n, rng):
    """Four Gaussians on a circle, and the log density."""
    angles = np.arange(4) * np.pi / 2
    centres = RADIUS * np.c_[np.cos(angles), np.sin(angles)]
    x = centres[rng.integers(4, size=n)] + WIDTH * rng.normal(size=(n, 2))
    squares = ((x[:, None] - centres) ** 2).sum(-1)
    each = np.exp(-squares / (2 * WIDTH**2)) / (2 * np.pi * WIDTH**2)
    return x, np.log(each.mean(1))


@pytest.fixture(scope="module")
def fitted():
    x, _ = ring(6000, np.random.default_rng(0))
    return FlowMatching(plan=PLAN, width=48, n_blocks=2, tolerance=1e-4).fit(x)


@pytest.mark.parametrize("t", [0.0, 0.3, 0.8, 1.0])
def test_the_smallest_loss_between_gaussians_is_the_closed_form(t):
    torch.manual_seed(0)
    mean, width, n = 2.0, 0.5, 200_000
    data = mean + width * torch.randn(n, 1)
    at = torch.full((n,), t)
    arguments = (data, torch.randn(n, 1), at, torch.zeros(n, 0))
    losses = FlowMatching().loss_at(GaussianVelocity(mean, width), *arguments)
    error = losses.std().item() / math.sqrt(n)
    assert losses.mean().item() == pytest.approx(loss_floor(t, width), abs=4 * error)


def test_training_comes_down_to_the_floor_and_not_below():
    rng = np.random.default_rng(0)
    plan = TrainingPlan(epochs=15, batch_size=250, learning_rate=4e-3, progress=False)
    model = FlowMatching(plan=plan, width=32, n_blocks=1).fit(5 + 3 * rng.normal(size=(5000, 1)))
    t = np.linspace(0, 1, 2001)
    floor = loss_floor(t, 1.0).mean()  # standardised rows have width one
    assert min(model.history.validation_loss) == pytest.approx(floor, rel=0.1)
    assert np.mean(model.history.train_loss[-5:]) == pytest.approx(floor, rel=0.05)


@pytest.mark.parametrize("sampler", ["adaptive", "euler", "midpoint", "heun", "stochastic"])
def test_each_sampler_gives_the_gaussian_of_its_velocity(sampler):
    model = FlowMatching(sampler=sampler, n_steps=200)
    model.n_features = 1
    torch.manual_seed(0)
    z = model.draw(GaussianVelocity(2.0, 0.5), torch.zeros(20_000, 0))
    assert z.mean().item() == pytest.approx(2, abs=0.02)
    assert z.std().item() == pytest.approx(0.5, abs=0.02)
    assert model.n_evaluations > 0


@pytest.mark.parametrize("n_probes", [None, 1])
def test_log_density_of_an_exact_velocity(n_probes):
    """The Jacobian is a multiple of the unit matrix, of which one probe gives the exact trace."""
    model = FlowMatching(n_probes=n_probes, tolerance=1e-6)
    z = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    found = model.log_density(GaussianVelocity(2.0, 0.5), z, torch.zeros(100, 0))
    expected = torch.distributions.Normal(2.0, 0.5).log_prob(z).sum(1)
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=1e-4)


def test_the_density_integrates_to_one(fitted):
    axis = np.linspace(-3.5, 3.5, 57)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    integral = np.exp(fitted.log_prob(grid)).sum() * (axis[1] - axis[0]) ** 2
    assert integral == pytest.approx(1, abs=0.005)


def test_no_model_beats_the_truth_and_this_one_comes_near(fitted):
    x, log_p = ring(4000, np.random.default_rng(1))
    lost = log_p - fitted.log_prob(x)
    error = lost.std() / math.sqrt(len(x))
    assert lost.mean() > -3 * error
    assert lost.mean() < 0.06


def test_samples_and_their_number_of_evaluations(fitted):
    x = fitted.sample(2000, rng=1)
    assert 12 <= fitted.n_evaluations <= 150
    np.testing.assert_array_equal(x, fitted.sample(2000, rng=1))
    np.testing.assert_allclose(x.mean(0), [0, 0], atol=0.15)
    np.testing.assert_allclose(x.std(0), math.hypot(RADIUS / math.sqrt(2), WIDTH), rtol=0.06)


def test_a_saved_model_is_the_same_model(fitted, tmp_path):
    loaded = densities.load(densities.save(fitted, tmp_path / "model.safetensors"))
    assert isinstance(loaded, FlowMatching)
    np.testing.assert_array_equal(loaded.sample(10, rng=3), fitted.sample(10, rng=3))


def test_rows_far_outside_and_their_gradients_are_finite(fitted):
    assert np.isfinite(fitted.log_prob([[20.0, 0.0], [-20.0, 20.0]])).all()


def batch(n=64):
    torch.manual_seed(0)
    conditions = (torch.arange(n) % 2)[:, None].float()
    return torch.randn(n, 2) + 3 * conditions, torch.randn(n, 2), spread_times(n, conditions)


def test_a_permutation_of_rows_and_a_weight_of_two_leave_the_loss():
    z, noise, t = batch()
    c = torch.zeros(len(z), 0)
    model = FlowMatching(width=16, n_blocks=1)
    network = model.make_network(2, 0)
    losses = model.loss_at(network, z, noise, t, c)
    order = torch.randperm(len(z))
    permuted = model.loss_at(network, z[order], noise[order], t[order], c)
    torch.testing.assert_close(permuted, losses[order])
    assert (losses > 0).all()


@pytest.mark.parametrize("pairing", ["independent", "optimal_transport"])
def test_every_row_contributes_a_gradient(pairing):
    z, _, _ = batch()
    z.requires_grad_()
    model = FlowMatching(width=16, n_blocks=1, pairing=pairing)
    model.loss_of_rows(model.make_network(2, 0), z, torch.zeros(len(z), 0)).mean().backward()
    assert (z.grad.abs().sum(1) > 0).all()


def test_optimal_pairs_are_shorter_and_never_cross_conditions():
    z, noise, _ = batch()
    c = (torch.arange(len(z)) % 2)[:, None].float()
    pairs = optimal_pairs(noise, z, c)
    assert sorted(pairs.tolist()) == list(range(len(z)))
    torch.testing.assert_close(c[pairs], c)
    assert (noise[pairs] - z).square().sum() < (noise - z).square().sum()
    free = optimal_pairs(noise, z, torch.zeros(len(z), 0))
    assert not torch.equal(c[free], c), "without conditions some pair would cross the two blobs"


@pytest.mark.parametrize("pairing", ["independent", "optimal_transport"])
def test_two_labelled_blobs_come_back_with_their_labels(pairing):
    """Noise reordered without the labels would mix the blobs."""
    rng = np.random.default_rng(0)
    label = rng.integers(2, size=4000).astype(float)
    x = rng.normal(size=(4000, 2)) * 0.3 + np.outer(2 * label - 1, [2, 1])
    plan = TrainingPlan(epochs=8, batch_size=200, learning_rate=5e-3, progress=False)
    model = FlowMatching(plan=plan, width=32, n_blocks=1, pairing=pairing).fit(x, label)
    drawn = model.sample(1000, [[0.0], [1.0]])
    np.testing.assert_allclose(drawn.mean(0), [[-2, -1], [2, 1]], atol=0.15)
    np.testing.assert_allclose(drawn.std(0), 0.3, atol=0.15)


def test_a_weight_of_two_is_the_row_twice():
    """Rows of weight 3 on the right and 1 on the left: three quarters of the samples are there."""
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], size=(4000, 1)) + 0.2 * rng.normal(size=(4000, 1))
    plan = TrainingPlan(epochs=8, batch_size=200, learning_rate=5e-3, progress=False)
    for pairing in ("independent", "optimal_transport"):
        model = FlowMatching(plan=plan, width=32, n_blocks=1, pairing=pairing)
        drawn = model.fit(x, weights=np.where(x[:, 0] > 0, 3.0, 1.0)).sample(4000)
        assert (drawn > 0).mean() == pytest.approx(0.75, abs=0.04)


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="independent, optimal_transport"):
        FlowMatching(pairing="random")
    with pytest.raises(ValueError, match="adaptive, euler"):
        FlowMatching(sampler="rk45")
