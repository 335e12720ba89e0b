"""Classical statistics against published tables and independent codes."""

import numpy as np
import pytest
from scipy.stats import binom, gamma, norm, poisson

from hepml_lite.inference import classical

# Feldman and Cousins, physics/9711021, table IV: 90 %, rows n, columns b
BACKGROUNDS = (0, 1, 2, 3, 4, 5)
PUBLISHED_90 = {
    0: [(0, 2.44), (0, 1.61), (0, 1.26), (0, 1.08), (0, 1.01), (0, 0.98)],
    1: [(0.11, 4.36), (0, 3.36), (0, 2.53), (0, 1.88), (0, 1.39), (0, 1.22)],
    3: [(1.10, 7.42), (0.10, 6.42), (0, 5.42), (0, 4.42), (0, 3.53), (0, 2.78)],
    6: [(2.21, 11.47), (1.61, 10.47), (1.08, 9.47), (0.15, 8.47), (0, 7.47), (0, 6.47)],
}
# Cousins, Linnemann and Tucker, physics/0702156, table 1: n_on, n_off, tau, Z_Bi
PUBLISHED_Z = [
    (4, 5, 5.0, 1.66),
    (6, 18.78, 14.44, 2.63),
    (9, 17.83, 4.69, 1.82),
    (17, 40.11, 10.56, 4.46),
    (50, 55, 2.0, 2.93),
    (67, 15, 0.5, 2.89),
    (200, 10, 0.1, 2.20),
    (523, 2327, 5.99, 5.93),
    (498426, 493434, 1.0, 5.01),
    (2119449, 23650096, 11.21, 6.40),
]


@pytest.mark.parametrize("n", PUBLISHED_90)
def test_published_intervals(n):
    found = [classical.feldman_cousins(n, b, 0.9) for b in BACKGROUNDS]
    np.testing.assert_allclose(found, PUBLISHED_90[n], atol=0.0101)


def test_bare_ordering():
    """Its upper limit rises from b = 3 to b = 3.5, where that of the tables does not."""
    bare = [classical.feldman_cousins(0, b, 0.9, monotone=False)[1] for b in (3.0, 3.5)]
    assert bare == pytest.approx([0.953, 1.058], abs=0.005)


def test_feldman_cousins_covers():
    """At every signal the chance to be inside the interval is at least the level."""
    intervals = [classical.feldman_cousins(n, 3.0, 0.68, monotone=False) for n in range(25)]
    low, high = np.transpose(intervals)

    for signal in (0.0, 0.4, 1.7, 5.0):
        inside = (low <= signal + 1e-6) & (signal <= high + 1e-6)
        assert poisson.pmf(np.arange(25), signal + 3)[inside].sum() > 0.68 - 1e-6


@pytest.mark.parametrize(("n_on", "n_off", "tau", "expected"), PUBLISHED_Z)
def test_z_bi(n_on, n_off, tau, expected):
    assert classical.z_bi(n_on, n_off, tau) == pytest.approx(expected, abs=0.005)


def test_z_bi_by_two_other_ways():
    """The tail of the binomial, and that of Poisson counts averaged over the background.

    The background given n_off has the density Gamma(n_off + 1) / tau, with a flat prior.
    """
    n_on, n_off, tau = 140, 100, 1.2
    by_binomial = norm.isf(binom.sf(n_on - 1, n_on + n_off, 1 / (1 + tau)))
    backgrounds = np.linspace(20, 220, 4001)
    density = tau * gamma.pdf(tau * backgrounds, n_off + 1)
    by_average = norm.isf((density * poisson.sf(n_on - 1, backgrounds)).sum() * 0.05)
    found = classical.z_bi(n_on, n_off, tau)
    assert found == pytest.approx(by_binomial, abs=1e-9)
    assert found == pytest.approx(by_average, abs=1e-4)


def belt(b, level, signals):
    """Feldman and Cousins by explicit sorting: for each signal the accepted counts, a slow way."""
    counts = np.arange(60)
    best = poisson.pmf(counts, np.maximum(counts, b))
    accepted = []
    for signal in signals:
        p = poisson.pmf(counts, signal + b)
        order = np.argsort(-p / best, kind="stable")
        n_needed = np.searchsorted(np.cumsum(p[order]), level) + 1
        accepted.append(set(counts[order[:n_needed]].tolist()))
    return accepted


@pytest.mark.parametrize("b", [0.5, 3.0])
def test_bare_limits_are_those_of_an_explicit_belt(b):
    signals = np.arange(0, 16, 0.02)
    accepted = belt(b, 0.9, signals)
    for n in (0, 2, 5):
        inside = [signal for signal, counts in zip(signals, accepted, strict=True) if n in counts]
        found = classical.feldman_cousins(n, b, 0.9, monotone=False)
        assert found == pytest.approx((min(inside), max(inside)), abs=0.021)


def test_asimov_significance_is_the_profile_likelihood_of_the_expected_counts():
    """The background has an auxiliary count m = tau b with tau = b / sigma^2, both as expected."""
    s, b, sigma = 12.0, 40.0, 5.0
    tau = b / sigma**2
    n, m = s + b, tau * b
    best_without_signal = (n + m) / (1 + tau)

    def log_likelihood(on, off):
        return n * np.log(on) - on + m * np.log(off) - off

    q = 2 * (log_likelihood(n, m) - log_likelihood(best_without_signal, tau * best_without_signal))
    assert classical.asimov_significance(s, b, sigma) == pytest.approx(np.sqrt(q), rel=1e-9)


@pytest.mark.parametrize("sigma", [0.0, 1e-4, 1e-2])
def test_asimov_significance_without_error(sigma):
    assert classical.asimov_significance(10, 100, sigma) == pytest.approx(0.98399, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: classical.feldman_cousins(-1, 3), "n is -1"),
        (lambda: classical.feldman_cousins(1, -3), "b is -3"),
        (lambda: classical.feldman_cousins(1, 3, 90), "level is 90"),
        (lambda: classical.z_bi(1, 1, 0), "tau is 0"),
        (lambda: classical.asimov_significance(1, 0), "b is 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
