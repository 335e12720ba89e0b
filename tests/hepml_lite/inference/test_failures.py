"""Posteriors that are wrong in a known way, and the checks that find them."""

import numpy as np
import pytest
from scipy.integrate import quad

from hepml_lite.inference import failures
from hepml_lite.inference.calibration.failures import EXACT, FailingPosterior


def test_the_exact_posterior_is_that_of_bayes():
    """Flat prior, Gaussian noise: cut off at the ends, and normalised in each parameter."""
    x = np.array([[0.9, -0.4, 0.0]])

    def density(first: float) -> float:
        return float(np.exp(EXACT.log_prob(np.array([[first, 0.0]]), x))[0])

    total = quad(density, -1, 1)[0]
    at_zero = (
        np.exp(-(0.4**2) / 2 / 0.09)
        / quad(lambda t: np.exp(-((t + 0.4) ** 2) / 2 / 0.09), -1, 1)[0]
    )
    assert total == pytest.approx(at_zero, rel=1e-6)
    assert EXACT.log_prob(np.array([[1.1, 0.0]]), x)[0] == -np.inf


@pytest.mark.parametrize("estimate", [EXACT, FailingPosterior("none", 0.5, 0.7)])
def test_draws_follow_the_density(estimate):
    x = np.array([0.7, 0.0, 0.0])
    draws = estimate.sample(40_000, x, 1)
    counts, edges = np.histogram(draws[:, 0], 20, (-1, 1))
    middle = (edges[1:] + edges[:-1]) / 2
    points = np.column_stack([middle, np.zeros(20)])
    density = np.exp(estimate.log_prob(points, x))
    np.testing.assert_allclose(counts / 40_000, density / density.sum(), atol=0.01)
    assert np.abs(draws).max() <= 1


def test_many_observations_at_once():
    x = np.array([[0.7, 0.0, 0.0], [-0.5, 0.2, 0.0]])
    draws = FailingPosterior(width=0.01).sample(5, x, 1)
    assert draws.shape == (5, 2, 2)
    np.testing.assert_allclose(draws, np.broadcast_to(x[:, :2], draws.shape), atol=0.02)
    assert EXACT.log_prob(draws, x).shape == (5, 2)


def test_an_exact_posterior_passes_and_a_narrow_one_is_named():
    assert not any(finding.found for finding in failures.judge(EXACT, rng=2).findings)
    judged = failures.judge(FailingPosterior(width=0.5), rng=2)
    found = {finding.check for finding in judged.findings if finding.found}
    assert {"simulation-based calibration", "expected coverage", "importance weights"} <= found


def test_checks_on_simulations_are_blind_for_what_the_simulation_lacks():
    for failure in ("constant feature", "prior edge"):
        judged = failures.judge(FailingPosterior(failure), rng=2)
        assert not any(finding.found for finding in judged.findings[:5])
        assert any(finding.found for finding in judged.findings[5:])


def test_leaked_draws_have_uniform_ranks():
    judged = failures.judge(FailingPosterior("leakage"), rng=2)
    by_name = {finding.check: finding for finding in judged.findings}
    assert not by_name["simulation-based calibration"].found
    assert by_name["draws within the prior"].found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"failure": "typo"}, "failure is 'typo'"),
        ({"width": 0.0}, "width"),
        ({"bias": np.nan}, "bias"),
    ],
)
def test_impossible_estimates_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        FailingPosterior(**given)


def test_observations_need_three_features():
    with pytest.raises(ValueError, match=r"give observations \(N, 3\)"):
        EXACT.sample(3, np.zeros((4, 2)))
