import numpy as np
import pytest
from unfolding_problems import problem

from hepml_lite.unfolding import invert, svd, tikhonov


def counts_of(response, prior):
    """Simulated events measured in i and true in j."""
    return response * prior


def test_inversion_is_exact_without_noise_unbiased_with_it_and_explodes():
    response, _, nature, _ = problem()
    expected = response @ nature
    result = invert(expected, response)
    np.testing.assert_allclose(result.unfolded, nature, rtol=1e-8)
    np.testing.assert_allclose(result.derivative, np.linalg.inv(response), rtol=1e-6)
    assert (result.errors > 5 * np.sqrt(nature)).sum() > 6
    correlation = result.covariance[5, 6] / (result.errors[5] * result.errors[6])
    assert correlation < -0.7


def test_more_measured_than_true_bins_is_weighted_least_squares():
    response, _, _, counts = problem(6, 12)
    inverse = np.diag(1 / counts)
    information = response.T @ inverse @ response
    expected = np.linalg.solve(information, response.T @ inverse @ counts)
    result = invert(counts, response)
    np.testing.assert_allclose(result.unfolded, expected)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(information))


def test_dependent_columns_are_refused_by_plain_inversion():
    response, _, _, counts = problem()
    response[:, 1] = response[:, 0]
    with pytest.raises(ValueError, match="has rank 11, less than its 12 filled columns"):
        invert(counts, response)


def test_tikhonov_is_between_plain_inversion_and_the_shape_of_the_prior():
    response, prior, _, counts = problem()
    weak = tikhonov(counts, response, prior, 1e-9)
    np.testing.assert_allclose(weak.unfolded, invert(counts, response).unfolded, rtol=1e-4)
    strong = tikhonov(counts, response, prior, 1e12)
    ratio = strong.unfolded / prior
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_tikhonov_minimises_its_equation():
    response, prior, _, counts = problem()
    result = tikhonov(counts, response, prior, 300.0)

    def penalised(x):
        misfit = ((counts - response @ x) ** 2 / counts).sum()
        w = x / prior
        padded = np.concatenate([w[:1], w, w[-1:]])  # first differences at both ends
        return misfit + 300.0 * (np.diff(padded, 2) ** 2).sum()

    best = penalised(result.unfolded)
    rng = np.random.default_rng(0)
    for _ in range(100):
        assert penalised(result.unfolded * (1 + 1e-3 * rng.normal(size=12))) > best


def test_svd_with_all_singular_values_and_no_noise_gives_the_truth():
    response, prior, _, _ = problem()
    counts = counts_of(response, prior)
    same = svd(counts.sum(axis=1), None, counts, prior, k=3)
    np.testing.assert_allclose(same.unfolded, prior, rtol=1e-4)  # w = 1 has no curvature
    assert (np.abs(same.d[1:]) < 1e-3).all()


def test_svd_is_tikhonov_with_the_square_of_a_singular_value_as_strength():
    response, prior, _, counts = problem()
    result = svd(counts, None, counts_of(response, prior), prior, k=5)
    strength = result.singular_values[4] ** 2
    other = tikhonov(counts, response, prior, strength)
    np.testing.assert_allclose(result.unfolded, other.unfolded, rtol=1e-4)
    np.testing.assert_allclose(result.errors, other.errors, rtol=1e-3)


def test_entries_of_d_are_the_signal_first_and_unit_noise_after_it():
    response, prior, nature, _ = problem(20, smearing=2)
    simulated = counts_of(response, prior)
    expected = response @ nature
    experiments = np.random.default_rng(1).poisson(expected, (300, 20))
    d = np.array([svd(n, np.diag(expected), simulated, prior, 6).d for n in experiments])
    assert (np.abs(d.mean(axis=0)[:3]) > 3).all()
    np.testing.assert_allclose(d.std(axis=0), 1, atol=0.2)
    assert (np.abs(d.mean(axis=0)[12:]) < 0.5).all()


def test_svd_depends_on_ratios_of_the_simulation_only_and_missed_events_are_added():
    response, prior, _, counts = problem()
    simulated = counts_of(response, prior)
    one = svd(counts, None, simulated, prior, 6)
    ten = svd(counts, None, 10 * simulated, 10 * prior, 6)
    np.testing.assert_allclose(one.unfolded, ten.unfolded, rtol=1e-8)
    found = svd(counts, None, simulated, simulated.sum(axis=0), 6)
    np.testing.assert_allclose(one.unfolded * response.sum(axis=0), found.unfolded, rtol=1e-8)


def test_svd_uses_correlations_of_the_measured_bins():
    response, prior, _, counts = problem()
    simulated = counts_of(response, prior)
    scale = np.outer(counts, counts) * 0.1**2  # a common normalisation error of 10 %
    correlated = svd(counts, np.diag(counts) + scale, simulated, prior, 12)
    total = np.sqrt(correlated.covariance.sum()) / correlated.unfolded.sum()
    assert total == pytest.approx(0.1, rel=0.1)


def test_svd_refuses_by_name_and_warns_of_empty_columns():
    response, prior, _, counts = problem()
    simulated = counts_of(response, prior)
    with pytest.raises(ValueError, match="column 2 of response_counts sums to"):
        svd(counts, None, simulated, np.where(np.arange(12) == 2, 1, prior), 3)
    with pytest.raises(ValueError, match="k is 13 with 12 true bins"):
        svd(counts, None, simulated, prior, 13)
    with pytest.raises(ValueError, match="covariance is not symmetric"):
        svd(counts, np.triu(np.ones((12, 12))), simulated, prior, 3)
    simulated[:, 7] = 0
    with pytest.warns(UserWarning, match=r"column\(s\) \[7\]"):
        assert svd(counts, None, simulated, prior, 3).unfolded[7] == 0
