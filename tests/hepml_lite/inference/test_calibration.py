"""The judge on problems whose answer is known: x = theta + noise, prior and noise N(0, 1)."""

import numpy as np
import pytest
from scipy import stats

from hepml_lite.inference import calibration, diagnosis


def draws_and_truths(n=2000, n_draws=300, width=1.0, shift=0.0, n_parameters=2, seed=0):
    """Draws of the posterior N(x/2, 1/2), made wider or shifted in units of its width."""
    rng = np.random.default_rng(seed)
    truths = rng.normal(size=(n, n_parameters))
    data = truths + rng.normal(size=truths.shape)
    noise = shift + width * rng.normal(size=(n_draws, *truths.shape))
    return data / 2 + np.sqrt(0.5) * noise, truths


@pytest.mark.parametrize(
    ("n_features", "shift", "expected"), [(2, 0.0, 0.5), (1, 1.0, 0.691), (10, 0.5, 0.785)]
)
def test_classifier_reaches_the_best_accuracy(n_features, shift, expected):
    """Of two Gaussians at distance d it is Phi(d/2)."""
    rng = np.random.default_rng(1)
    distance = shift * np.sqrt(n_features)
    assert stats.norm.cdf(distance / 2) == pytest.approx(expected, abs=1e-3)
    a = rng.normal(size=(2000, n_features))
    b = shift + rng.normal(size=(2000, n_features))
    assert float(calibration.c2st(a, b, rng=0)) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("seed", range(2))
def test_no_fold_stays_untrained_with_one_feature(seed):
    """With ten hidden units seed 0 had one fold at chance level: 0.649 in all."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(2000, 1))
    b = rng.normal(1, 1, size=(2000, 1))
    assert calibration.c2st(a, b, seed).value == pytest.approx(0.691, abs=0.02)


def test_classifier_with_constant_features():
    rng = np.random.default_rng(0)
    a = np.column_stack([rng.normal(size=2000), np.ones(2000)])
    b = np.column_stack([rng.normal(size=2000), np.ones(2000)])
    assert calibration.c2st(a, b, 0).value == pytest.approx(0.5, abs=0.02)
    assert calibration.c2st(np.ones((50, 1)), np.ones((50, 1)), 0).value == pytest.approx(0.5)


def test_ranks_are_uniform_on_an_exact_sampler():
    p_values = calibration.simulation_based_calibration(*draws_and_truths()).p_values
    assert p_values.min() > 0.01


def test_a_posterior_too_narrow_by_two_is_named():
    """Its 68 % intervals hold 38 % and its 95 % intervals 67 %."""
    sample = draws_and_truths(4000, 400, width=0.5)
    found = [calibration.coverage(*sample, level)[0].value for level in (0.68, 0.95)]
    assert found == pytest.approx([0.38, 0.67], abs=0.025)
    balls = calibration.tarp(*draws_and_truths(2000, 300, width=0.5))
    assert balls.p_value < 1e-6
    in_the_middle = np.interp([0.1, 0.9], balls.levels, balls.coverage)
    assert in_the_middle[0] > 0.12  # more truths than promised at the very first draws ...
    assert in_the_middle[1] < 0.85  # ... and fewer than promised among most of the draws
    assert [each.name for each in diagnosis.diagnose(*sample)] == ["too narrow"] * 2


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({}, "no fault found"),
        ({"width": 2.0}, "too wide"),
        ({"shift": 0.3}, "too high"),
        ({"shift": -0.3}, "too low"),
    ],
)
def test_other_faults_are_named(wrong, name):
    assert [each.name for each in diagnosis.diagnose(*draws_and_truths(**wrong))] == [name] * 2


def test_widths_are_measured():
    found = diagnosis.diagnose(*draws_and_truths(4000, 1000, width=0.8))[0]
    assert found.width.value == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("width", "is_exact"), [(1.0, True), (0.7, False)])
def test_expected_coverage(width, is_exact):
    draws, truths = draws_and_truths(1000, 200, width=width)
    data_half = draws.mean(0)  # the mean of the draws is close to x/2
    claimed = stats.norm(data_half, width * np.sqrt(0.5))
    found = calibration.expected_coverage(
        claimed.logpdf(draws).sum(-1), claimed.logpdf(truths).sum(-1)
    )
    assert (found.p_value > 0.01) == is_exact


def test_expected_coverage_refuses_shapes_that_do_not_agree():
    with pytest.raises(ValueError, match="draws, truths"):
        calibration.expected_coverage(np.zeros((5, 3)), np.zeros(4))
