"""Simulators against their own likelihoods: normalisation, histograms, scores, mined gold."""

import numpy as np
import pytest
from scipy import stats

from hepml_lite import exact
from hepml_lite.exact.posterior_tasks import TASKS

MINED = [
    (exact.GaltonBoard(), [0.6]),
    (exact.SignalMixture(), [0.2]),
    (exact.EffectiveTheory(), [0.3, -0.4]),
]


def test_galton_board_by_all_paths():
    """With four rows the sixteen paths can be written down."""
    board = exact.GaltonBoard(n_rows=4)
    chance = np.zeros(5)
    for path in np.ndindex(2, 2, 2, 2):
        steps = np.array([path], float)
        log_p = board.log_joint(np.array([[0.8]]), steps.sum(1, keepdims=True), steps)
        chance[sum(path)] += np.exp(log_p[0])
    np.testing.assert_allclose(board.chances(np.array([0.8]))[0], chance, rtol=1e-12)
    np.testing.assert_allclose(np.exp(board.log_likelihood([0.8], np.arange(5)[:, None])), chance)


@pytest.mark.parametrize(("simulator", "theta"), MINED)
def test_events_follow_the_likelihood(simulator, theta):
    """The mean of p(x | other) / p(x | theta) over events of theta is one, for any other."""
    x = simulator.simulate(theta, 40_000, rng=1)
    other = simulator.prior.sample(3, rng=2)
    for point in other:
        ratio = np.exp(simulator.log_ratio(point, x, theta))
        error = ratio.std() / np.sqrt(len(x))
        assert abs(ratio.mean() - 1) < 4 * error


def test_effective_theory_is_normalised():
    theory = exact.EffectiveTheory()
    energy = np.linspace(-2, 40, 4000)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    total = 0.0
    for cosine, weight in zip(nodes, weights, strict=True):
        rows = np.column_stack([energy, np.full(4000, cosine)])
        total += weight * np.trapezoid(np.exp(theory.log_likelihood([0.4, -0.3], rows)), energy)
    assert total == pytest.approx(1, abs=1e-5)


def test_effective_theory_has_the_right_energies():
    theory = exact.EffectiveTheory(resolution=1e-3)
    x = theory.simulate([0.3, 0.0], 20_000, rng=0)
    sigma = 1 + 0.6 + 0.18
    mean = (1 + 2 * 0.3 * 2 + 0.09 * 6) / sigma  # integrals of exp(-z) z^k are k!
    assert x[:, 0].mean() == pytest.approx(mean, abs=4 * x[:, 0].std() / np.sqrt(20_000))


@pytest.mark.parametrize(("simulator", "theta"), MINED)
def test_joint_score_is_the_gradient_of_the_joint(simulator, theta):
    points = np.tile(theta, (200, 1)).astype(float)
    x, latents = simulator.events_with_latents(points, np.random.default_rng(0))
    score = simulator.joint_score(points, x, latents)
    for i in range(points.shape[1]):
        step = np.zeros(points.shape[1])
        step[i] = 1e-6
        upper = simulator.log_joint(points + step, x, latents)
        lower = simulator.log_joint(points - step, x, latents)
        np.testing.assert_allclose(score[:, i], (upper - lower) / 2e-6, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("simulator", "theta"), MINED)
def test_mean_joint_score_is_zero(simulator, theta):
    """At the point of the events, as that of every likelihood."""
    points = np.tile(theta, (40_000, 1)).astype(float)
    x, latents = simulator.events_with_latents(points, np.random.default_rng(1))
    score = simulator.joint_score(points, x, latents)
    assert (np.abs(score.mean(0)) < 4 * score.std(0) / 200).all()


def test_mined_ratios_average_to_the_exact_ratio():
    """Over events of the reference with the same x: the identity that mined gold rests on."""
    board = exact.GaltonBoard()
    theta = np.full((200_000, 1), 0.5)
    gold = board.mine(theta, rng=0)
    at_reference = gold.label == 0
    box = gold.x[at_reference, 0].astype(int)
    ratio = np.exp(gold.log_ratio[at_reference])
    filled = np.bincount(box, minlength=21)
    mean = np.bincount(box, ratio, minlength=21)[8:13] / filled[8:13]
    exact_ratio = np.exp(board.log_ratio([0.5], np.arange(8, 13)[:, None], [0.0]))
    np.testing.assert_allclose(mean, exact_ratio, rtol=0.05)


def test_counting_experiment_has_the_background_uncertainty():
    counting = exact.CountingExperiment()
    log_p = counting.log_likelihood([1.0, 0.5], [[130, 0.2]])[0]
    expected = stats.poisson.logpmf(130, 125) + stats.norm.logpdf(0.2, 0.5)
    assert log_p == pytest.approx(expected)


def test_shapes():
    board = exact.GaltonBoard()
    assert board.simulate([0.3], 5).shape == (5, 1)
    assert board.simulate([[0.3], [0.1]], 5).shape == (5, 2, 1)
    theta, x = board.joint(7)
    assert theta.shape == x.shape == (7, 1)


@pytest.mark.parametrize("name", TASKS)
def test_reference_posteriors(name):
    """Data of prior draws: the reference posterior ranks the truths uniformly."""
    task = TASKS[name]
    n_truths = 6 if name in ("sir", "slcp") else 60
    theta, x = task.observations(n_truths, rng=3)
    ranks = []
    for i in range(n_truths):
        draws = task.posterior(x[i], 100, rng=i)
        assert draws.shape == (100, theta.shape[1])
        assert np.isfinite(task.log_posterior(draws, x[i])).all()
        ranks.append((draws < theta[i]).mean(0))
    p_values = stats.kstest(np.array(ranks), "uniform", axis=0).pvalue
    assert p_values.min() > 1e-3


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [(lambda x: x[:-1], "one observation"), (lambda x: np.full_like(x, np.nan), "nan|NaN")],
)
def test_reference_posteriors_refuse_what_is_no_observation(name, spoil, message):
    task = TASKS[name]
    _, x = task.observations(1, rng=3)
    with pytest.raises(ValueError, match=message):
        task.posterior(spoil(x[0]), 10)


@pytest.mark.parametrize("name", ["two_moons", "gaussian_mixture"])
def test_an_observation_that_no_point_explains_is_refused(name):
    with pytest.raises(ValueError, match="farther away"):
        TASKS[name].posterior([100.0, 100.0], 10)


@pytest.mark.parametrize("name", ["two_moons", "gaussian_mixture", "slcp", "bernoulli_glm"])
def test_reference_posteriors_follow_their_density(name):
    """Draws weighted by density over density of a neighbouring observation have mean ratio."""
    task = TASKS[name]
    theta, x = task.observations(1, rng=5)
    draws = task.posterior(x[0], 4000, rng=0)
    log_p = task.log_posterior(draws, x[0])
    assert log_p.max() - np.median(log_p) < 25
    assert task.log_posterior(theta, x[0])[0] > log_p.min() - 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact.GaltonBoard().simulate([0.1, 0.2]), r"give points \(N, 1\)"),
        (lambda: exact.GaltonBoard().simulate([np.nan]), "NaN"),
        (lambda: exact.GaltonBoard().log_likelihood([0.1], np.zeros((3, 2))), r"events \(N, 1\)"),
        (lambda: exact.UniformPrior(np.ones(2), np.zeros(2)), "low below high"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
