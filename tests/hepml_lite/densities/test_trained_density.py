"""The base of all trained densities, with a small Gaussian model in its place."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hepml_lite import densities
from hepml_lite.densities import TrainedDensity, TrainingPlan

PLAN = TrainingPlan(epochs=30, batch_size=500, learning_rate=0.03, progress=False)


@dataclass(kw_only=True)
class LinearGaussian(TrainedDensity):
    """Independent Gaussians, whose means and log widths are linear in the condition."""

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        return nn.Linear(n_conditions, 2 * n_features)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        return -self.log_density(network, z, c)

    def log_density(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        return self._gaussian(network, c).log_prob(z).sum(-1)

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        return self._gaussian(network, c).sample()

    def _gaussian(self, network: nn.Module, c: Tensor) -> torch.distributions.Normal:
        mean, log_width = network(c).chunk(2, -1)
        return torch.distributions.Normal(mean, log_width.exp())


def linear_sample(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """X = 100 + A c + noise of width one, in two features; conditions of another scale."""
    rng = np.random.default_rng(0)
    condition = 1e4 * rng.normal(size=(n, 2))
    mean = 100 + condition @ (np.array([[1.0, 0.0], [0.5, 2.0]]) / 1e4)
    return mean + rng.normal(size=(n, 2)), condition


@pytest.fixture(scope="module")
def fitted() -> LinearGaussian:
    return LinearGaussian(plan=PLAN).fit(*linear_sample())


def test_log_prob_is_in_the_units_of_the_user(fitted):
    x, condition = linear_sample()
    entropy = np.log(2 * np.pi * np.e)  # of two independent Gaussians of width one
    assert -fitted.log_prob(x, condition).mean() == pytest.approx(entropy, abs=0.1)


def test_samples_follow_the_condition(fitted):
    x = fitted.sample(4000, [1e4, 0.0])
    np.testing.assert_allclose(x.mean(0), [101, 100], atol=0.15)
    np.testing.assert_allclose(x.std(0), [1, 1], atol=0.1)


def test_shapes_of_samples(fitted):
    assert fitted.sample(3, [0.0, 0.0]).shape == (3, 2)
    assert fitted.sample(3, np.zeros((5, 2))).shape == (3, 5, 2)
    assert fitted.log_prob(np.full((4, 2), 100.0), [0.0, 0.0]).shape == (4,)


def test_a_seed_gives_the_same_rows_and_another_seed_others(fitted):
    first, again, other = (fitted.sample(5, [0.0, 0.0], rng=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.isin(first, other).any()


def test_a_saved_model_is_the_same_model(fitted, tmp_path):
    x, condition = linear_sample(50)
    path = densities.save(fitted, tmp_path / "model.safetensors")
    before = torch.random.get_rng_state()
    loaded = densities.load(path)
    assert torch.equal(before, torch.random.get_rng_state())
    np.testing.assert_array_equal(loaded.log_prob(x, condition), fitted.log_prob(x, condition))
    np.testing.assert_array_equal(loaded.sample(5, condition), fitted.sample(5, condition))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [[1.0, 2.0]]}, "1 row"),
        ({"x": [[1.0, 2.0], [1.0, 3.0], [1.0, 4.0]]}, r"feature\(s\) \[0\]"),
        ({"x": [[1.0], [np.nan]]}, "row 1, feature 0"),
        ({"x": np.arange(9.0), "condition": np.arange(8.0)}, "8 rows and x has 9"),
        ({"x": np.arange(9.0), "weights": np.zeros(9)}, "sum to zero"),
        ({"x": np.arange(9.0), "weights": -np.ones(9)}, "not negative"),
    ],
)
def test_rows_that_cannot_be_fitted(arguments, message):
    with pytest.raises(ValueError, match=message):
        LinearGaussian(plan=PLAN).fit(**arguments)


class Counter:
    """Counts the epochs that it is told about."""

    n_epochs = 0

    def on_epoch_end(self, history):
        self.n_epochs += 1


def test_callbacks_follow_the_training_and_patience_ends_it():
    counter = Counter()
    plan = TrainingPlan(epochs=200, batch_size=500, learning_rate=0.1, patience=2, progress=False)
    fitted = LinearGaussian(plan=plan, callbacks=[counter]).fit(*linear_sample(1000))
    assert counter.n_epochs == len(fitted.history.train_loss)
    assert counter.n_epochs < 200


def test_other_features_than_in_the_fit(fitted):
    with pytest.raises(ValueError, match="x has 3 features and the fit had 2"):
        fitted.log_prob(np.zeros((4, 3)), [0.0, 0.0])
    with pytest.raises(ValueError, match="condition has 0 features and the fit had 2"):
        fitted.sample(3)


def test_before_the_fit():
    with pytest.raises(RuntimeError, match="call fit"):
        LinearGaussian().sample(3)


def test_a_file_without_a_density(tmp_path):
    path = tmp_path / "broken.safetensors"
    with pytest.raises(FileNotFoundError, match=r"densities\.save"):
        densities.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="cannot be read"):
        densities.load(path)
