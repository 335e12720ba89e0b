"""Limits and fits against pyhf, toys and closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from hepml_lite import exact
from hepml_lite.inference import classical

SIGNAL = [5.0, 10.0, 3.0]
BACKGROUND = [50.0, 60.0, 12.0]
ERROR = [5.0, 12.0, 3.0]
COUNTS = {
    "as expected": [50, 60, 12],
    "excess": [61, 82, 19],
    "deficit": [40, 48, 6],
    "best strength above mu": [90, 120, 40],
}


@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("mu", [0.3, 1.0, 2.5])
def test_asymptotic_cls_of_pyhf(counts, mu):
    """With q = 0 where the best strength exceeds mu."""
    pyhf = pytest.importorskip("pyhf")
    reference = pyhf.simplemodels.uncorrelated_background(SIGNAL, BACKGROUND, ERROR)
    data = [*counts, *reference.config.auxdata]
    bounds = [(0, 50), *reference.config.suggested_bounds()[1:]]
    expected, tails = pyhf.infer.hypotest(
        mu, data, reference, par_bounds=bounds, return_tail_probs=True
    )
    found = classical.cls_asymptotic(
        classical.HistogramModel(SIGNAL, BACKGROUND, ERROR), mu, counts
    )
    assert found.cls == pytest.approx(float(expected), abs=1e-4)
    assert [found.clsb, found.clb] == pytest.approx([float(t) for t in tails], abs=1e-4)


def test_toys_agree_with_the_formulas_for_large_counts_only():
    large = classical.HistogramModel([40.0], [400.0], [10.0])
    by_toys = classical.cls_toys(large, 1.0, [395], n_toys=4000)
    formula = classical.cls_asymptotic(large, 1.0, [395])
    assert abs(by_toys.cls.value - formula.cls) < 4 * by_toys.cls.error
    small = classical.HistogramModel([3.0], [0.5], [0.05])
    with_toys = classical.cls_toys(small, 1.0, [0], n_toys=4000)
    assert with_toys.cls.value == pytest.approx(np.exp(-3), abs=0.01)  # exp(-s) with no event
    assert classical.cls_asymptotic(small, 1.0, [0]).cls < 0.7 * with_toys.cls.value


def test_upper_limit_has_the_cls_asked_for():
    model = classical.HistogramModel(SIGNAL, BACKGROUND, ERROR)
    limit = classical.upper_limit(model, COUNTS["as expected"])
    assert classical.cls_asymptotic(model, limit, COUNTS["as expected"]).cls == pytest.approx(0.05)


def test_profiled_and_marginalised_agree_for_a_gaussian_likelihood():
    """Count and background error add in quadrature."""
    counting = exact.CountingExperiment(signal=200, background=10_000, relative_error=0.02)
    mu = np.linspace(-3, 5, 161)
    nu = np.linspace(-5, 5, 101)
    points = np.stack(np.meshgrid(mu, nu, indexing="ij"), -1).reshape(-1, 2)
    table = counting.log_likelihood(points, [[10_200, 0.0]]).reshape(161, 101)
    width = np.hypot(np.sqrt(10_200), 200) / 200
    for curve in (classical.profiled(mu, table), classical.marginalised(mu, table)):
        low, high = curve.interval(0.683)
        assert curve.best == pytest.approx(1, abs=0.03)
        assert (high - low) / 2 == pytest.approx(width, rel=0.03)
        assert np.subtract(*curve.credible_interval()[::-1]) == pytest.approx(high - low, rel=0.03)


def test_bins_lose_information():
    """Of a signal fraction: a fine histogram of the mass keeps all, a coarse one does not."""
    mixture = exact.SignalMixture()
    x = mixture.simulate([0.2], 100_000, rng=0)
    signal = norm.pdf(x[:, 0], 5.0, 0.5)
    p = np.exp(mixture.log_likelihood([0.2], x))
    score = (signal - (p - 0.2 * signal) / 0.8) / p
    whole = classical.information(score)[0, 0]
    found = []
    for n_bins in (200, 3, 1):
        bins = np.minimum((x[:, 0] / 10 * n_bins).astype(int), n_bins - 1)
        found.append(classical.information_in_bins(score, bins)[0, 0] / whole)
    assert found[0] == pytest.approx(1, abs=0.02)
    assert 0.2 < found[1] < 0.97
    assert found[2] == pytest.approx(0, abs=1e-3)


def test_joint_scores_give_the_same_information_in_bins():
    """Although they vary within a bin by what no measurement sees."""
    board = exact.GaltonBoard()
    theta = np.full((100_000, 1), 0.3)
    x, latents = board.events_with_latents(theta, np.random.default_rng(0))
    joint = board.joint_score(theta, x, latents)
    box = x[:, 0].astype(int)
    step = 1e-4
    p = board.chances(np.array([0.3 - step, 0.3, 0.3 + step]))
    exact_information = (((p[2] - p[0]) / (2 * step)) ** 2 / p[1]).sum()
    found = classical.information_in_bins(joint, box)[0, 0]
    assert found == pytest.approx(exact_information, rel=0.05)
    assert classical.information(joint)[0, 0] > 1.2 * exact_information


def test_unbinned_is_at_least_as_good_as_binned():
    mixture = exact.SignalMixture()
    x = mixture.simulate([0.2], 2000, rng=3)
    values = np.linspace(0.05, 0.4, 141)

    def log_density(value, rows):
        return mixture.log_likelihood([value], rows)

    edges = np.array([0.0, 4.0, 6.0, 10.0])
    fine = np.linspace(0, 10, 3001)
    middle = ((fine[1:] + fine[:-1]) / 2)[:, None]
    which = np.digitize(middle[:, 0], edges) - 1

    def shares(value):
        p = np.exp(mixture.log_likelihood([value], middle)) * np.diff(fine)
        return np.bincount(which, p)

    whole = classical.unbinned(log_density, x, values)
    coarse = classical.binned(shares, x[:, 0], edges, values)
    widths = [np.subtract(*curve.interval()[::-1]) for curve in (whole, coarse)]
    assert widths[0] < widths[1]
    assert abs(whole.best - 0.2) < 3 * widths[0] / 2


def test_goodness_of_fit():
    rng = np.random.default_rng(0)
    p_values = []
    for i in range(100):
        counts = rng.poisson(np.full(20, 3.0))
        p_values.append(classical.goodness_of_fit(counts, np.full(20, 3.0), 0, 300, i).p_value)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.1)
    assert classical.goodness_of_fit([10] * 20, [3.0] * 20).p_value < 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: classical.HistogramModel([1.0], [0.0], [1.0]), "no background"),
        (lambda: classical.HistogramModel([1.0], [1.0, 2.0], [1.0]), "shapes"),
        (lambda: classical.information_in_bins(np.ones(3), [0, 1]), "one for each event"),
        (lambda: classical.goodness_of_fit([1], [0.0]), "more than zero"),
        (lambda: classical.profiled([0, 1, 2], np.zeros((2, 4))), "for 3 values"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
