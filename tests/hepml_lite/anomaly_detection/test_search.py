"""Up-crossings against toys, sensitivity against formulae, limits against the asymptote."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm, poisson

from hepml_lite.anomaly_detection import bump_hunt, direct_background, on_off_p_value
from hepml_lite.anomaly_detection.search.limits import signal_limit
from hepml_lite.anomaly_detection.search.sensitivity import expected_sensitivity
from hepml_lite.anomaly_detection.search.up_crossings import up_crossings

EDGES = np.linspace(2700, 5000, 61)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2
BACKGROUND = 5000 * np.exp(-(CENTRES - 2700) / 800)


def test_up_crossings_agree_with_toys_for_large_significances():
    counts = np.random.default_rng(1).poisson(BACKGROUND)
    counts[30:33] += 70  # about three standard deviations in four bins
    mass = np.repeat(CENTRES, counts)
    hunt = bump_hunt(mass, EDGES, background=BACKGROUND, widths=(4, 4), n_toys=20_000)
    estimate = up_crossings(BACKGROUND, width=4, n_toys=200).global_p(hunt.local_p)
    assert 2e-3 < hunt.global_p < 0.1
    assert estimate.value == pytest.approx(hunt.global_p, rel=0.35)
    assert estimate.low < estimate.value < estimate.high


def test_up_crossings_of_a_common_p_value_are_at_most_one():
    crossings = up_crossings(BACKGROUND, width=2)
    assert crossings.global_p(0.4).value == 1
    with pytest.raises(ValueError, match="width is 60"):
        up_crossings(BACKGROUND, width=60)
    with pytest.raises(ValueError, match="local_p"):
        crossings.global_p(0.7)


def test_expected_sensitivity_of_one_window_is_that_of_a_count():
    background = np.full(2, 50.0)
    found = expected_sensitivity(
        background, [0.5, 0.5], [0, 30], widths=(2, 2), n_spectra=2000, n_toys=4000
    )
    nothing, signal = found
    critical = poisson.isf(0.05, 100) + 1
    assert nothing.power.value == pytest.approx(poisson.sf(critical - 1, 100), abs=0.015)
    assert signal.power.value == pytest.approx(poisson.sf(critical - 1, 130), abs=0.03)
    expected = norm.isf(poisson.sf(130 - 1, 100))
    assert signal.local_significance.value == pytest.approx(expected, abs=0.1)
    # one window has nowhere else to look
    assert signal.global_significance.value == pytest.approx(expected, abs=0.15)


def test_limit_on_a_count_is_that_of_the_asymptotic_formula():
    limit = signal_limit([1000], [1000], [1e-3], [1.0])
    assert limit.expected[2] == pytest.approx(norm.isf(0.025) * np.sqrt(1000), rel=0.03)
    assert limit.observed == pytest.approx(limit.expected[2], rel=1e-3)
    assert (np.diff(limit.expected) > 0).all()
    half_seen = signal_limit([1000], [1000], [1.0], [0.5])
    assert half_seen.observed == pytest.approx(2 * limit.observed, rel=1e-3)
    excess = signal_limit([1400], [1000], [10.0], [1.0])
    assert 400 < excess.observed < 500


def test_limit_with_hardly_any_background_is_two_to_three_events():
    limit = signal_limit([0], [0.001], [0.001], [1.0])
    # qmu = 2 s: the asymptotic limit is norm.isf(0.025)**2 / 2, the exact one -log(0.05) = 3.0
    assert 1.7 < limit.observed < 3.1


def test_limit_that_is_not_finite_is_refused(monkeypatch):
    def undefined(*given, **named):
        return np.nan, [np.nan] * 5

    monkeypatch.setattr("pyhf.infer.intervals.upper_limits.toms748_scan", undefined)
    with pytest.raises(ValueError, match=r"0\.02 expected events: merge"):
        signal_limit([3, 0], [3.0, 0.02], [0.5, 0.01], [0.5, 0.5])


def test_limits_without_background():
    with pytest.raises(ValueError, match="merge"):
        signal_limit([3.0, 0], [3.0, 0], [1.0, 1.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="signal_shape is zero"):
        signal_limit([3.0], [3.0], [1.0], [0.0])
    with pytest.raises(ValueError, match="give the same"):
        signal_limit([3.0], [3.0, 1.0], [1.0], [0.0])


def test_direct_background_of_data_without_signal():
    rng = np.random.default_rng(0)
    pulls = []
    p_values = []
    for _ in range(400):
        found = direct_background(rng.normal(size=2000), rng.normal(size=8000), 1.5)
        error = np.hypot(found.background.error, np.sqrt(found.background.value))
        pulls.append((found.n_observed - found.background.value) / error)
        p_values.append(found.p_value)
    assert np.mean(pulls) == pytest.approx(0, abs=0.15)
    assert np.std(pulls) == pytest.approx(1, abs=0.12)
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.045, abs=0.03)


def test_count_beside_a_control_sample_is_binomial():
    expected = binomtest(30, 30 + 64, 1 / 5, alternative="greater").pvalue
    assert on_off_p_value(30, 64, 4.0) == pytest.approx(expected)
    assert on_off_p_value(0, 5, 1.0) == 1
    with pytest.raises(ValueError, match="give both"):
        direct_background([], [1.0], 0.5)
