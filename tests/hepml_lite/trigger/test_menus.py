"""Thresholds within a budget, turn-on curves, and false-positive rates that may be quoted."""

import numpy as np
import pytest
from scipy.stats import norm

from hepml_lite.trigger.rates import Item, MenuRates
from hepml_lite.trigger.rates.menus import efficiencies, kept, thresholds_within
from hepml_lite.trigger.rates.turn_on import turn_on
from hepml_lite.trigger.rates.working_points import at_false_positive, clopper_pearson


@pytest.fixture
def columns():
    rng = np.random.default_rng(2)
    common = rng.exponential(10, 20000)
    return {
        "jet": common + rng.exponential(3, 20000),
        "sum": 2 * common,
        "muon": rng.exponential(4, 20000),
    }


def test_the_menu_fills_its_budget_and_does_not_exceed_it(columns):
    weight = np.full(20000, 1e6)
    budget = 2e4
    items = thresholds_within({"jet": 1, "sum": 1, "muon": 2}, columns, weight, budget)
    rates = MenuRates.of_events(items, columns, weight)
    assert 0.97 * budget < rates.total.value <= budget < rates.sum
    assert rates.rate("muon").value == pytest.approx(2 * rates.rate("jet").value, rel=0.05)


def test_a_menu_keeps_what_any_item_keeps(columns):
    items = (Item("jet", {"jet": 30}), Item("muon", {"muon": 12}))
    either = (columns["jet"] >= 30) | (columns["muon"] >= 12)
    np.testing.assert_array_equal(kept(items, columns), either)
    weight = np.arange(20000.0)
    shares = efficiencies(items, columns, weight)
    assert shares["all"] == pytest.approx(np.average(either, weights=weight))
    assert shares["all"] < shares["jet"] + shares["muon"]


def test_the_turn_on_of_a_gaussian_resolution_is_an_error_function():
    rng = np.random.default_rng(3)
    offline = rng.uniform(20, 60, 400_000)
    curve = turn_on(offline, offline + rng.normal(0, 4, 400_000) >= 40, np.arange(20, 61, 2.0))
    centres = (curve.edges[:-1] + curve.edges[1:]) / 2
    expected = norm.cdf((centres - 40) / 4)
    found = np.array([one.value for one in curve.efficiency])
    np.testing.assert_allclose(found, expected, atol=0.012)
    assert curve.reaches(0.95) == 46  # 40 + 1.64 * 4 = 46.6 lies in the first bin that has it


def test_a_turn_on_that_never_reaches_its_plateau():
    curve = turn_on([1.0, 2.0, 3.0], [True, False, False], [0.0, 1.5, 2.5, 4.0, 5.0])
    assert curve.reaches(0.9) == np.inf
    assert np.isnan(curve.efficiency[-1].value)


def test_clopper_pearson_covers():
    """Of many experiments with a share of 1 in 500, at least 68 % of the intervals hold it."""
    rng = np.random.default_rng(4)
    counts = rng.binomial(5000, 0.002, 400)
    intervals = [clopper_pearson(int(count), 5000) for count in counts]
    held = np.mean([one.low <= 0.002 <= one.high for one in intervals])
    assert 0.66 < held < 0.9
    assert clopper_pearson(0, 100).high == pytest.approx(1 - 0.16 ** (1 / 100))


def test_a_working_point_needs_ten_events():
    rng = np.random.default_rng(5)
    background, signal = rng.normal(size=20000), rng.normal(2, 1, 3000)
    point = at_false_positive(background, signal, 1e-3)
    assert point.n_background == 20
    assert point.true_positive.value == pytest.approx(norm.sf(norm.isf(1e-3) - 2), abs=0.03)
    with pytest.raises(ValueError, match="at least 100000 background events"):
        at_false_positive(background, signal, 1e-4)


def test_equal_scores_pass_together():
    background = np.repeat([0.0, 1.0, 2.0], [900, 50, 50])
    point = at_false_positive(background, np.array([2.0, 1.0]), 0.08)
    assert point.threshold == 2
    assert point.n_background == 50


def test_bad_input_is_named(columns):
    weight = np.ones(20000)
    with pytest.raises(ValueError, match="there are: jet, sum, muon"):
        thresholds_within({"met": 1}, columns, weight, 0.1)
    with pytest.raises(ValueError, match="the share of 'jet'"):
        thresholds_within({"jet": 0}, columns, weight, 0.1)
    with pytest.raises(ValueError, match="no items"):
        kept((), columns)
    with pytest.raises(ValueError, match="one bool"):
        turn_on([1.0], [1], [0.0, 2.0])
