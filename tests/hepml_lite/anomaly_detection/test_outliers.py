"""Outlier detectors against exact answers: principal components, likelihoods, known energies."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.decomposition import PCA

from hepml_lite.anomaly_detection.outliers import (
    Autoencoder,
    Chains,
    DensityOutliers,
    DirichletVAE,
    NormalisedAutoencoder,
    VariationalAutoencoder,
    results,
)
from hepml_lite.anomaly_detection.outliers.dirichlet import DirichletNetwork
from hepml_lite.anomaly_detection.outliers.langevin import gradient, langevin
from hepml_lite.anomaly_detection.outliers.normalised import EnergyNetwork, energy_difference
from hepml_lite.anomaly_detection.outliers.variational import kl_to_standard
from hepml_lite.densities import TrainingPlan
from hepml_lite.exact.densities import linear_gaussian
from hepml_lite.statistics.metrics import auc


def plan(**settings):
    return TrainingPlan(**({"patience": None, "progress": False, "device": "cpu"} | settings))


BRIEF = plan(epochs=2)
DETECTORS = {
    "autoencoder": lambda: Autoencoder(n_latent=2, hidden=(8,), plan=BRIEF),
    "variational": lambda: VariationalAutoencoder(n_latent=2, hidden=(8,), plan=BRIEF),
    "normalised": lambda: NormalisedAutoencoder(
        n_latent=2, hidden=(8,), plan=BRIEF, normalising=BRIEF, chains=Chains(memory=50)
    ),
    "dirichlet": lambda: DirichletVAE(hidden=(8,), plan=BRIEF),
}


@pytest.fixture(scope="module")
def gaussian():
    """Rows (2000, 6) with two directions that are much wider than the others."""
    return linear_gaussian(6, 2, scale=1.0, rng=3).events(2000, rng=4)[0]


@pytest.fixture(scope="module")
def fractions():
    """Images (300, 9) of two kinds: momentum in the first three pixels, or in all of them."""
    rng = np.random.default_rng(0)
    narrow = rng.dirichlet([5.0] * 3 + [0.1] * 6, 200)
    wide = rng.dirichlet([2.0] * 9, 100)
    return np.concatenate([narrow, wide])


@pytest.fixture(params=DETECTORS)
def trained(request, fractions):
    make = DETECTORS[request.param]
    return make, make().fit(fractions, rng=1)


def test_a_seed_gives_the_same_scores_twice_and_the_order_of_events_does_not_matter(
    trained, fractions
):
    make, detector = trained
    scores = detector.score(fractions)
    assert scores.shape == (300,)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores[::-1], detector.score(fractions[::-1]), rtol=1e-3)
    again = make().fit(fractions, rng=1).score(fractions)
    np.testing.assert_array_equal(scores, again)
    other = make().fit(fractions, rng=2).score(fractions)
    assert not np.allclose(scores, other)


def test_wrong_rows_are_named(trained, fractions):
    make, detector = trained
    with pytest.raises(ValueError, match="8 numbers each, the background had 9"):
        detector.score(fractions[:, :8])
    with pytest.raises(ValueError, match="NaN"):
        detector.score(np.full((2, 9), np.nan))
    with pytest.raises(ValueError, match="5 rows"):
        make().fit(fractions[:5])
    with pytest.raises(RuntimeError, match="call fit"):
        make().score(fractions)


def test_a_linear_autoencoder_finds_the_principal_components(gaussian):
    detector = Autoencoder(
        n_latent=2,
        hidden=(),
        change=None,
        plan=plan(epochs=60, batch_size=100, learning_rate=1e-2, validation_share=0.01),
    ).fit(gaussian)
    exact = PCA(2).fit(gaussian)
    residual = gaussian - exact.inverse_transform(exact.transform(gaussian))
    error = (residual**2).mean(1)  # of the best plane; no other plane has a smaller mean
    scores = detector.score(gaussian)
    assert error.mean() <= scores.mean() < 1.01 * error.mean()
    assert np.corrcoef(scores, error)[0, 1] > 0.99


def test_a_linear_vae_reaches_the_likelihood_of_probabilistic_principal_components(gaussian):
    exact = PCA(2).fit(gaussian)
    detector = VariationalAutoencoder(
        n_latent=2,
        hidden=(),
        change=None,
        noise=float(np.sqrt(exact.noise_variance_)),
        plan=plan(epochs=60, batch_size=60, learning_rate=1e-2),
    ).fit(gaussian)
    bound = detector.evidence_bound(gaussian, n_samples=32)
    best = exact.score(gaussian)  # mean log-likelihood at its maximum
    error = (bound - exact.score_samples(gaussian)).std() / np.sqrt(len(gaussian))
    assert best - 0.12 < bound.mean() < best + 3 * error


def test_the_bound_lies_below_the_likelihood_of_its_own_decoder(gaussian):
    detector = VariationalAutoencoder(n_latent=2, hidden=(), change=None, noise=0.8, plan=BRIEF)
    detector.fit(gaussian)
    decoder = detector.network.decoder.layers[0]
    weight = decoder.weight.detach().double().numpy()
    covariance = weight @ weight.T + 0.64 * np.eye(6)
    offset = gaussian - decoder.bias.detach().double().numpy()
    squared = (offset * np.linalg.solve(covariance, offset.T).T).sum(1)
    exact = -(squared + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2  # (N,) log p(x)
    assert (detector.evidence_bound(gaussian, n_samples=200) < exact + 0.5).all()
    assert detector.evidence_bound(gaussian).mean() < exact.mean()


def test_the_kl_is_that_of_torch():
    mean = torch.tensor([[0.3, -1.2]])
    log_variance = torch.tensor([[0.4, -2.0]])
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    exact = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(kl_to_standard(mean, log_variance), exact)


def test_the_scores_of_a_vae_have_their_formulas(gaussian):
    detector = VariationalAutoencoder(n_latent=2, hidden=(8,), change=None, noise=0.5, plan=BRIEF)
    detector.fit(gaussian)
    x = torch.as_tensor(gaussian[:5]).float()
    with torch.no_grad():
        mean, log_variance = detector.network.posterior(x)
        distance = (detector.network.decoder(mean) - x).square().sum(1)
        kl = kl_to_standard(mean, log_variance).sum(1)
    expected = {
        "r_z": (mean**2 / log_variance.exp()).sum(1),
        "kl": kl,
        "reconstruction": distance / 6,
        "elbo": 2 * distance + kl,
    }
    for name, values in expected.items():
        detector.score_name = name
        np.testing.assert_allclose(detector.score(gaussian[:5]), values, rtol=1e-5)
    detector.score_name = "mass"
    with pytest.raises(ValueError, match="give one of reconstruction, kl"):
        detector.score(gaussian)


def test_the_energy_difference_has_the_gradient_of_the_exact_likelihood():
    torch.manual_seed(1)
    network = EnergyNetwork(1, 2, (8,), torch.nn.SiLU).double()
    grid = torch.linspace(-6, 6, 4001, dtype=torch.float64)[:, None]
    data = torch.tensor([[-1.0], [0.3], [1.2]], dtype=torch.float64)
    temperature = 0.2

    log_z = torch.logsumexp(-network.energy(grid) / temperature, 0)
    exact = (network.energy(data) / temperature + log_z).mean()  # -log p up to a constant
    wanted = torch.autograd.grad(exact, list(network.parameters()))

    weights = torch.softmax(-network.energy(grid) / temperature, 0).detach()
    chosen = torch.multinomial(weights, 200_000, replacement=True)
    loss = energy_difference(network.energy(data), network.energy(grid[chosen]), temperature)
    found = torch.autograd.grad(loss, list(network.parameters()))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02 * float(other.abs().max()))


def test_the_gradient_of_the_energy_is_that_of_finite_differences():
    torch.manual_seed(2)
    network = EnergyNetwork(3, 2, (8,), torch.nn.SiLU).double()
    x = torch.randn(4, 3, dtype=torch.float64)
    found = gradient(network.energy, x)
    for feature in range(3):
        step = 1e-5 * torch.eye(3, dtype=torch.float64)[feature]
        difference = (network.energy(x + step) - network.energy(x - step)) / 2e-5
        torch.testing.assert_close(found[:, feature], difference.detach(), rtol=1e-6, atol=1e-9)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_langevin_chains_have_the_known_variance_of_their_step():
    torch.manual_seed(0)
    step, width, n = 0.5, 1.5, 20_000
    points = langevin(lambda x: (x**2).sum(1) / (2 * width**2), torch.zeros(n, 1), 200, step)
    exact = width**2 / (
        1 - step / (4 * width**2)
    )  # of the autoregressive chain; width² as step → 0
    assert abs(float(points.var()) / exact - 1) < 4 * np.sqrt(2 / n)
    cold = langevin(lambda x: (x**2).sum(1) / (2 * width**2), torch.zeros(n, 1), 200, step, 0.25)
    assert abs(float(cold.var()) / (exact / 4) - 1) < 4 * np.sqrt(2 / n)


def test_dirichlet_samples_have_the_moments_of_their_concentrations():
    torch.manual_seed(0)
    network = DirichletNetwork(9, 3, (8,))
    posterior = network.posterior(torch.full((1, 9), 1 / 9))
    alpha = posterior.concentration[0].detach().double()
    total = alpha.sum()
    shares = posterior.rsample((200_000,))[:, 0].detach().double()
    mean = alpha / total
    variance = mean * (1 - mean) / (1 + total)
    torch.testing.assert_close(shares.sum(1), torch.ones(200_000).double())
    torch.testing.assert_close(shares.mean(0), mean, rtol=0, atol=0.005)
    torch.testing.assert_close(shares.var(0), variance, rtol=0.02, atol=0)


def test_a_dirichlet_vae_separates_two_kinds_of_images_without_labels(fractions):
    detector = DirichletVAE(
        hidden=(16,), plan=plan(epochs=60, batch_size=50, learning_rate=1e-2)
    ).fit(fractions)
    is_wide = np.repeat([0, 1], [200, 100])
    detector.score_name = "share"
    assert auc(is_wide, detector.score(fractions)) > 0.95
    components = detector.components()
    np.testing.assert_allclose(components.sum(1), 1, rtol=1e-5)
    assert components[1 - detector.component, :3].sum() > components[detector.component, :3].sum()
    detector.score_name = "distance"
    logs = np.log(detector.network(torch.as_tensor(fractions).float()).detach().double().numpy())
    ratio = logs[:, 1] - logs[:, 0]
    exact = (ratio - ratio.mean()) ** 2  # of two components, up to a factor and the held-out rows
    assert np.corrcoef(exact, detector.score(fractions))[0, 1] > 0.99
    with pytest.raises(ValueError, match="sum to one"):
        DirichletVAE(plan=BRIEF).fit(2 * fractions)


def test_the_density_score_ranks_gaussian_rows_by_their_radius():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 2))
    detector = DensityOutliers().fit(rows)
    exact = -norm.logpdf(rows).sum(1)
    scores = detector.score(rows)
    assert np.corrcoef(scores, exact)[0, 1] > 0.97
    assert scores.mean() > exact.mean() - 3 * (scores - exact).std() / np.sqrt(2000)


def test_normalisation_raises_the_score_where_an_autoencoder_reconstructs_what_is_not_there():
    rng = np.random.default_rng(0)
    centres = rng.choice([-2.0, 2.0], size=2000)
    background = np.stack([centres, np.zeros(2000)], 1) + 0.3 * rng.normal(size=(2000, 2))
    between = np.stack([rng.uniform(-1, 1, 2000), 0.3 * rng.normal(size=2000)], 1)
    labels = np.repeat([0, 1], 2000)
    rows = np.concatenate([background, between])
    chains = Chains(latent_cooling=1.0, step=0.05, cooling=1.0)  # true Langevin chains, in a plane

    def score(learning_rate, epochs):
        detector = NormalisedAutoencoder(
            change=None,
            n_latent=2,
            hidden=(32, 32),
            plan=plan(epochs=10, batch_size=50, learning_rate=2e-3),
            normalising=plan(epochs=epochs, batch_size=100, learning_rate=learning_rate),
            chains=chains,
            penalty=1.0,
        )
        return auc(labels, detector.fit(background).score(rows))

    assert score(1e-9, 1) < 0.7  # the first training alone
    assert score(1e-3, 15) > 0.85


def test_stored_results_are_averaged_over_their_seeds():
    found = results.means("events")
    seeds = results.trainings("events")
    chosen = (seeds["method"] == "AnomCLR+") & (seeds["signal"] == "A -> 4l")
    row = found[(found["method"] == "AnomCLR+") & (found["signal"] == "A -> 4l")].iloc[0]
    assert row["n_seeds"] == chosen.sum()
    assert row["auc"] == pytest.approx(seeds["auc"][chosen].mean())
    assert row["auc_error"] >= seeds["auc_test_error"][chosen].mean()
    assert (found["max_sic"] <= found["largest_possible_sic"]).all()
    with pytest.raises(ValueError, match="no part 'jets'"):
        results.path("jets")
