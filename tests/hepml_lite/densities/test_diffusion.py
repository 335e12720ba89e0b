"""Diffusion against the exact denoiser of a Gaussian, and a small trained model."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from hepml_lite.densities import Diffusion, TrainingPlan

torch.set_num_threads(1)
PLAN = TrainingPlan(epochs=25, batch_size=250, learning_rate=4e-3, patience=None, progress=False)


class GaussianNetwork(nn.Module):
    """F for which D is exact: the data are Gaussians of this mean and width."""

    def __init__(self, mean: float, width: float):
        super().__init__()
        self.mean, self.width = mean, width

    def forward(self, scaled, quarter_t, c):
        sigma = (4 * quarter_t).exp()[:, None]
        total = (1 + sigma**2).sqrt()
        z = scaled * total
        denoised = (self.width**2 * z + sigma**2 * self.mean) / (self.width**2 + sigma**2)
        return (denoised - z / total**2) * total / sigma


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 2)) * [0.5, 2.0] + [10, -3]
    return Diffusion(plan=PLAN, width=32, n_blocks=1).fit(x)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 10.0])
def test_the_smallest_loss_is_the_closed_form(sigma):
    """(1 + σ²) / σ² times the variance of the data given the noisy ones."""
    torch.manual_seed(0)
    width, n = 0.5, 100_000
    data = 2 + width * torch.randn(n, 1)
    t = torch.full((n,), math.log(sigma))
    network = GaussianNetwork(2, width)
    losses = Diffusion().loss_at(network, data, torch.randn(n, 1), t, torch.zeros(n, 0))
    floor = (1 + sigma**2) / sigma**2 * width**2 * sigma**2 / (width**2 + sigma**2)
    error = losses.std().item() / math.sqrt(n)
    assert losses.mean().item() == pytest.approx(floor, abs=4 * error)


@pytest.mark.parametrize("sampler", ["adaptive", "euler", "midpoint", "heun", "stochastic"])
def test_each_sampler_gives_the_gaussian_of_its_denoiser(sampler):
    model = Diffusion(sampler=sampler, n_steps=200)
    model.n_features = 1
    torch.manual_seed(0)
    z = model.draw(GaussianNetwork(2.0, 0.5), torch.zeros(20_000, 0))
    assert z.mean().item() == pytest.approx(2, abs=0.03)
    # Euler's method is of first order, and its error is 1 / n_steps.
    assert z.std().item() == pytest.approx(0.5, abs=0.07 if sampler == "euler" else 0.02)
    assert model.n_evaluations > 0


def test_a_mean_far_from_zero_does_not_move_the_samples():
    """The largest noise has width 80: a start at zero would end 20 / 80 of a width too low."""
    model = Diffusion()
    model.n_features = 1
    torch.manual_seed(0)
    z = model.draw(GaussianNetwork(20.0, 0.5), torch.zeros(20_000, 0))
    assert z.mean().item() == pytest.approx(20, abs=4 * 0.5 / math.sqrt(20_000))


@pytest.mark.parametrize("mean", [0.0, 20.0])
def test_log_density_of_an_exact_denoiser(mean):
    z = mean + 0.5 * torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    model = Diffusion(tolerance=1e-5)
    model.n_features = 2
    found = model.log_density(GaussianNetwork(mean, 0.5), z, torch.zeros(100, 0))
    expected = torch.distributions.Normal(mean, 0.5).log_prob(z).sum(1)
    torch.testing.assert_close(found, expected, atol=5e-3, rtol=0)


def test_a_trained_model_has_the_moments_and_no_more_than_the_entropy(fitted):
    drawn = fitted.sample(3000)
    np.testing.assert_allclose(drawn.mean(0), [10, -3], atol=0.15)
    np.testing.assert_allclose(drawn.std(0), [0.5, 2.0], rtol=0.08)
    rng = np.random.default_rng(1)
    standard = rng.normal(size=(3000, 2))
    log_p = -(standard**2).sum(1) / 2 - math.log(2 * math.pi) - math.log(0.5 * 2.0)
    lost = log_p - fitted.log_prob(standard * [0.5, 2.0] + [10, -3])
    assert -3 * lost.std() / math.sqrt(3000) < lost.mean() < 0.03


def test_widths_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="smallest < largest"):
        Diffusion(smallest=80, largest=0.002)
