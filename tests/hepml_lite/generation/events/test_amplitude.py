"""An amplitude surrogate: exact values, a noise that is known, and pulls of width one."""

import numpy as np
import pytest
import torch

from hepml_lite.densities import TrainingPlan
from hepml_lite.exact.drell_yan import couplings
from hepml_lite.generation.events.amplitude import (
    AmplitudeSurrogate,
    gaussian_loss,
    log_amplitude,
)
from hepml_lite.generation.events.coordinates import mass_at_angle

torch.set_num_threads(1)
PLAN = TrainingPlan(epochs=25, batch_size=256, learning_rate=2e-3, patience=None, progress=False)


def points(n, rng):
    """Angles in which the peak is flat, and cosines."""
    return np.stack([rng.uniform(-1.2, 1.2, n), rng.uniform(-0.9, 0.9, n)], -1)


def exact(x):
    return log_amplitude(mass_at_angle(x[:, 0]), x[:, 1])


def noise_at(x):
    """Relative error of a calculation that is poor for forward muons."""
    return 0.02 + 0.1 * x[:, 1] ** 2


def noisy(n, seed):
    rng = np.random.default_rng(seed)
    x = points(n, rng)
    return x, exact(x) + noise_at(x) * rng.normal(size=n)


@pytest.fixture(scope="module")
def fitted():
    return AmplitudeSurrogate(n_networks=2, hidden_features=(48, 48), plan=PLAN).fit(
        *noisy(8000, 0)
    )


def test_the_amplitude_is_that_of_the_couplings():
    symmetric, asymmetric = couplings(np.array([75.0]), "d")
    expected = np.log(symmetric * 1.25 - asymmetric)
    np.testing.assert_allclose(log_amplitude([75.0], [-0.5], "d"), expected)


def test_the_predicted_error_is_the_noise(fitted):
    x, _ = noisy(2000, 1)
    ratio = fitted.predict(x).noise / noise_at(x)
    assert np.median(ratio) == pytest.approx(1, abs=0.1)
    assert np.quantile(ratio, 0.1) > 0.75
    assert np.quantile(ratio, 0.9) < 1.7


def test_pulls_are_of_width_one_and_the_mean_is_better_than_the_noise(fitted):
    x, y = noisy(5000, 2)
    pulls = fitted.pulls(x, y)
    assert abs(pulls.mean()) < 0.15
    assert pulls.std() == pytest.approx(1, abs=0.1)
    error = fitted.predict(x).mean - exact(x)
    assert np.sqrt(np.mean(error**2)) < 0.5 * np.sqrt(np.mean(noise_at(x) ** 2))


def test_networks_disagree_outside_the_training(fitted):
    inside = fitted.predict([[0.0, 0.0], [-1.0, 0.3]]).disagreement.max()
    outside = fitted.predict([[4.0, 0.0], [-4.0, 0.3]]).disagreement.min()
    assert outside > 3 * inside


def test_the_loss_is_that_of_a_gaussian():
    class Fixed(torch.nn.Module):
        def forward(self, x):
            return torch.tensor([[1.0, 0.5]]).expand(len(x), 2)

    y = torch.tensor([0.0, 2.0, 5.0])
    expected = -torch.distributions.Normal(1.0, np.exp(0.5)).log_prob(y).mean()
    loss = gaussian_loss(Fixed(), torch.zeros(3, 1), y)
    assert loss.item() == pytest.approx(expected.item() - np.log(2 * np.pi) / 2, abs=1e-6)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.eye(4), np.ones(3), "4 rows and y has 3"),
        (np.ones((4, 2)), np.arange(4.0), "nothing to learn"),
        (np.eye(4), np.array([1, 2, np.nan, 3]), "y"),
    ],
)
def test_bad_input(x, y, message):
    with pytest.raises(ValueError, match=message):
        AmplitudeSurrogate().fit(x, y)


def test_an_untrained_surrogate():
    with pytest.raises(RuntimeError, match="call fit"):
        AmplitudeSurrogate().predict(np.eye(2))
