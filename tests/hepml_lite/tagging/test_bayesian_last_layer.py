import numpy as np
import pytest
import torch
from laws import particles
from scipy.special import expit
from torch import nn

from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.lorentz_net import LorentzNet
from hepml_lite.networks.particle_net import ParticleNet
from hepml_lite.networks.particle_transformer import ParticleTransformer
from hepml_lite.networks.pelican import PELICAN
from hepml_lite.tagging.bayesian_last_layer import (
    BayesianLastLayer,
    last_layer_features,
    last_linear,
)
from hepml_lite.training import predict, predict_probability

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def points(n=60, dimension=1, seed=0):
    """Points x (N, D) of which the first coordinate tells the class: log-odds 1.5 x₀ + 0.5."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dimension)).astype(np.float32)
    return x, (rng.random(n) < expit(1.5 * x[:, 0] + 0.5)).astype(int)


def integrated(x, y, precision, at, bias=True):
    """Logistic regression by brute force: mean probability, mean and variance of z; evidence.

    The difference of two weights of prior precision λ has the precision λ/2.
    """
    grid = np.linspace(-6, 8, 281)
    w, b = np.meshgrid(grid, grid if bias else [0.0], indexing="ij")
    cell = (grid[1] - grid[0]) ** (1 + bias)
    norm = np.log(precision / 4 / np.pi) * (1 + bias) / 2
    log = norm - precision / 4 * (w**2 + b**2)
    for xi, yi in zip(x[:, 0], y, strict=True):
        log -= np.logaddexp(0, (1 - 2 * yi) * (w * xi + b))
    evidence = np.exp(log - log.max()).sum() * cell
    posterior = np.exp(log - log.max()) / (evidence / cell)
    z = [w * a + b for a in at[:, 0]]
    mean = np.array([(posterior * zi).sum() for zi in z])
    variance = np.array([(posterior * zi**2).sum() for zi in z]) - mean**2
    p = np.array([(posterior * expit(zi)).sum() for zi in z])
    return p, mean, variance, np.log(evidence) + log.max()


@pytest.mark.parametrize("bias", [False, True])
def test_bayesian_logistic_regression_by_brute_force(bias):
    x, y = points(200)
    at = np.array([[-4.0], [-1.0], [0.2], [1.0], [3.0]], dtype=np.float32)
    posterior = BayesianLastLayer(nn.Linear(1, 2, bias=bias), 0.5, refit=True).fit((x,), y)
    p, mean, variance, evidence = integrated(x, y, 0.5, at, bias)
    found, spread = posterior.log_odds((at,))
    assert found == pytest.approx(mean, rel=0.05, abs=0.05)  # mode of a Gaussian is its mean
    assert spread == pytest.approx(variance, rel=0.15)
    assert posterior.predict_probability((at,))[:, 1] == pytest.approx(p, abs=0.01)
    sampled = posterior.predict_probability((at,), n_samples=5000)[:, 1]
    assert sampled == pytest.approx(p, abs=0.01)
    assert posterior.log_evidence == pytest.approx(evidence, abs=0.05)


def test_the_prior_is_the_one_of_largest_evidence():
    x, y = points(100)
    best = BayesianLastLayer(nn.Linear(1, 2), refit=True).fit((x,), y)
    around = best.prior_precision * np.array([0.5, 1, 2])
    exact = [integrated(x, y, precision, x[:1])[3] for precision in around]
    assert exact[1] > max(exact[0], exact[2])
    again = [BayesianLastLayer(nn.Linear(1, 2), s, True).fit((x,), y) for s in around]
    assert again[1].log_evidence == pytest.approx(best.log_evidence, abs=1e-4)
    assert best.log_evidence > max(again[0].log_evidence, again[2].log_evidence)


def test_labels_without_any_pattern_leave_no_weight():
    x = points(2000)[0]
    posterior = BayesianLastLayer(nn.Linear(1, 2), refit=True).fit((x,), np.arange(2000) % 2)
    assert abs(posterior.weights).max() < 0.05
    assert posterior.predict_probability((x,)) == pytest.approx(0.5, abs=0.05)


def test_covariance_is_the_inverse_of_autograds_hessian():
    x = torch.randn(40, 3)
    y = torch.randint(0, 4, (40,))
    model = MLP((3, 5, 4))
    posterior = BayesianLastLayer(model, 0.7).fit((x,), y)
    phi = torch.from_numpy(last_layer_features(model, (x,))).double()
    phi = torch.cat([phi, torch.ones(40, 1)], 1)

    def loss(w):
        w = w.view(4, 6)
        return nn.functional.cross_entropy(phi @ w.T, y, reduction="sum") + 0.35 * w.square().sum()

    layer = model.layers[-1]
    w = torch.cat([layer.weight, layer.bias[:, None]], 1).detach().double()
    hessian = torch.autograd.functional.hessian(loss, w.flatten())
    assert np.linalg.inv(posterior.covariance) == pytest.approx(hessian.numpy(), abs=1e-5)


def test_refitting_finds_the_minimum():
    x, y = points(100, 3)
    model = MLP((3, 5, 2))
    posterior = BayesianLastLayer(model, 0.3, refit=True).fit((x,), y)
    w = torch.from_numpy(posterior.weights).requires_grad_()
    phi = np.hstack([last_layer_features(model, (x,)), np.ones((100, 1))])
    logits = torch.from_numpy(phi).double() @ w.T
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(y), reduction="sum")
    (loss + 0.15 * w.square().sum()).backward()
    assert w.grad.abs().max() < 1e-4


def test_ten_times_the_data_a_tenth_of_the_variance():
    at = np.array([[0.5], [2.0]], dtype=np.float32)
    few, many = (
        BayesianLastLayer(nn.Linear(1, 2), 0.01, refit=True).fit((x,), y).log_odds((at,))[1]
        for x, y in (points(1000), points(10_000, seed=1))
    )
    assert few / many == pytest.approx([10, 10], rel=0.15)


def test_far_from_the_data_it_knows_that_it_does_not_know():
    x, y = points(50, 2)
    x[:, 1] = 0  # nothing was ever seen along the second axis
    model = nn.Linear(2, 2)
    posterior = BayesianLastLayer(model, 1.0, refit=True).fit((x,), y)
    unseen = np.array([[1.0, 10.0**k] for k in range(5)], dtype=np.float32)
    p = posterior.predict_probability((unseen,))[:, 1]
    assert (np.diff(p) < 0).all()
    assert p[0] > 0.6
    assert p[-1] == pytest.approx(0.5, abs=0.001)
    # Along the data the log-odds rise as fast as their error: never certain, but not 1/2.
    seen = np.array([[10.0**k, 0] for k in (4, 5)], dtype=np.float32)
    mean, variance = posterior.log_odds((seen,))
    limit = expit(mean / np.sqrt(np.pi / 8 * variance))
    p = posterior.predict_probability((seen,))[:, 1]
    assert p == pytest.approx(limit, abs=1e-3)
    assert p[1] == pytest.approx(p[0], abs=1e-3)
    assert expit(mean[1]) == 1 > p[1] + 0.01


def test_closed_form_and_samples_agree_for_six_classes():
    x = torch.randn(80, 4)
    model = MLP((4, 16, 6))
    posterior = BayesianLastLayer(model, 0.5).fit((x,), torch.randint(0, 6, (80,)))
    closed, sampled = (posterior.predict_probability((x,), n) for n in (0, 2000))
    assert closed.sum(1) == pytest.approx(1)
    assert closed == pytest.approx(sampled, abs=0.03)
    sharp = BayesianLastLayer(model, 1e6).fit((x,), torch.randint(0, 6, (80,)))
    assert sharp.predict_probability((x,)) == pytest.approx(
        predict_probability(model, (x,)), abs=1e-5
    )


def four_vectors():
    _, mask = particles(12)
    p = torch.randn(*mask.shape, 3) * mask.unsqueeze(-1) * 20
    return torch.cat([p.norm(dim=-1, keepdim=True), p], -1), mask


def constituents():
    features, mask = particles(12)
    return torch.cat([50 * features[..., :1], features[..., 1:]], -1), mask


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (ParticleFlowNetwork, particles),
        (ParticleNet, constituents),
        (ParticleTransformer, constituents),
        (LorentzNet, four_vectors),
        (PELICAN, four_vectors),
    ],
)
def test_every_network_shows_its_features_in_the_order_of_the_jets(make, inputs):
    """LorentzNet and PELICAN sort jets by size inside."""
    model, inputs = make(), inputs()
    before = predict(model, inputs)
    layer = last_linear(model)
    again = last_layer_features(model, inputs) @ layer.weight.detach().numpy().T
    assert again + layer.bias.detach().numpy() == pytest.approx(before, abs=1e-4)
    posterior = BayesianLastLayer(model).fit(inputs, np.arange(len(before)) % 2)
    mean, variance = posterior.log_odds(inputs)
    assert mean == pytest.approx(before[:, 1] - before[:, 0], abs=1e-4)
    assert (variance > 0).all()
    assert np.array_equal(predict(model, inputs), before)  # nothing of it is left behind


def test_what_has_no_bayesian_last_layer_is_named():
    x, y = points()
    with pytest.raises(ValueError, match="does not end with its last linear layer"):
        last_layer_features(nn.Sequential(nn.Linear(1, 2), nn.Softmax(1)), (x,))
    with pytest.raises(ValueError, match=r"no nn\.Linear"):
        BayesianLastLayer(nn.ReLU())
    with pytest.raises(ValueError, match="one logit"):
        BayesianLastLayer(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="call fit"):
        BayesianLastLayer(nn.Linear(1, 2)).log_odds((x,))
    with pytest.raises(ValueError, match="from 0 to 1"):
        BayesianLastLayer(nn.Linear(1, 2)).fit((x,), y + 1)
    with pytest.raises(ValueError, match="positive"):
        BayesianLastLayer(nn.Linear(1, 2), 0)
