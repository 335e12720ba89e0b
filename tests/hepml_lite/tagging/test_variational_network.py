import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from hepml_lite import training
from hepml_lite.tagging.variational_network import (
    VariationalLinear,
    VariationalMLP,
    log_odds_draws,
    variational_loss,
)


@pytest.fixture
def layer():
    torch.manual_seed(0)
    made = VariationalLinear(4, 3, prior_sigma=0.7)
    with torch.no_grad():
        made.log_sigma.uniform_(-2, 0)
    return made


def test_kl_is_that_of_torch(layer):
    posterior = Normal(layer.mean, layer.log_sigma.exp())
    expected = kl_divergence(posterior, Normal(0.0, 0.7)).sum()
    assert layer.kl().item() == pytest.approx(expected.item(), rel=1e-5)


def test_outputs_drawn_locally_have_the_moments_of_drawn_weights(layer):
    torch.manual_seed(1)
    x = torch.randn(1, 4)
    local = layer.train()(x.expand(40_000, 4)).detach()
    layer.eval()
    drawn = []
    for _ in range(4000):
        layer.draw()
        drawn.append(layer(x)[0])
    of_weights = torch.stack(drawn)
    assert torch.allclose(local.std(0), of_weights.std(0), rtol=0.05)
    assert (local.mean(0) - of_weights.mean(0)).abs().max() < 0.08


def test_linear_regression_has_the_exact_mean_field_posterior():
    """The exact posterior is Gaussian, of precision A: the best variances are 1 / A_ii."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    x[:, 1] += 0.6 * x[:, 0]
    y = (x @ [1.0, -0.5] + 0.3 + rng.normal(0, 1, 60)).astype(np.float32)
    columns = np.column_stack([x, np.ones(60)])
    precision = columns.T @ columns + np.eye(3)  # noise and prior of width one
    torch.manual_seed(0)
    model = VariationalLinear(2, 1)

    def loss(model, x, y):
        return 0.5 * (model(x)[:, 0] - y).square().mean() + model.kl() / 60

    settings = {"learning_rate": 0.05, "schedule": training.cosine, "progress": False}
    training.fit(model, (x, y), loss, epochs=900, batch_size=60, **settings)
    mean = np.linalg.solve(precision, columns.T @ y)
    assert np.allclose(model.mean[0].detach(), mean, atol=0.03)
    sigma = 1 / np.sqrt(np.diag(precision))
    assert np.allclose(model.log_sigma[0].detach().exp(), sigma, rtol=0.1)


def test_more_jets_give_smaller_errors():
    rng = np.random.default_rng(3)
    label = np.repeat([0, 1], 1000)
    x = (rng.normal(size=(2000, 2)) + label[:, None]).astype(np.float32)
    some = rng.permutation(2000)
    errors = []
    for n in (100, 1000):
        torch.manual_seed(0)
        model = VariationalMLP((2, 8, 2), prior_sigma=0.5)
        rows = some[:n]
        loss = variational_loss(n)
        data = (x[rows], label[rows])
        training.fit(
            model,
            data,
            loss,
            epochs=80_000 // n,
            batch_size=100,
            learning_rate=2e-2,
            progress=False,
        )
        draws = log_odds_draws(model, x[:200], n_draws=40)
        errors.append(np.median(draws.std(0)))
        assert np.array_equal(draws, log_odds_draws(model, x[:200], n_draws=40))
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VariationalMLP((3,)), "give input and output"),
        (lambda: VariationalMLP((3, 2), 0), "prior_sigma=0"),
        (lambda: variational_loss(0), "n_jets=0"),
    ],
)
def test_settings_that_cannot_be_used(make, message):
    with pytest.raises(ValueError, match=message):
        make()
