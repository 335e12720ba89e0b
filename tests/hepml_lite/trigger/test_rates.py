"""Rates of a menu: laws of counting, an independent count, and the prescales by drawing."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger.quantities import quantities
from hepml_lite.trigger.rates import Item, MenuRates, threshold_for_rate

ITEMS = (
    Item("muon", {"muons 1": 12}),
    Item("two muons", {"muons 1": 8, "muons 2": 5}, prescale=3),
    Item("jet", {"jets 1": 60}, prescale=10),
    Item("HT", {"HT": 100}, prescale=2),
    Item("missing", {"met": 25}),
)


@pytest.fixture(scope="module")
def columns():
    return quantities(load("trigger_objects", "smoke", "test"))


@pytest.fixture(scope="module")
def weight(columns):
    return np.random.default_rng(1).choice([30.0, 400.0, 5000.0], len(columns["met"]))


@pytest.fixture(scope="module")
def rates(columns, weight):
    return MenuRates.of_events(ITEMS, columns, weight)


def test_laws_of_a_menu(rates):
    names = [item.name for item in ITEMS]
    each = [rates.rate(name).value for name in names]
    pure = [rates.pure_rate(name).value for name in names]
    assert sum(pure) < rates.total.value < rates.sum == pytest.approx(sum(each))
    assert max(each) <= rates.total.value
    assert all(own <= one for own, one in zip(pure, each, strict=True))
    overlap = rates.overlap.to_numpy()
    np.testing.assert_allclose(np.diag(overlap), each)
    assert (overlap <= np.minimum.outer(each, each) * (1 + 1e-12)).all()


def test_without_prescales_rates_are_plain_weighted_means(columns, weight):
    free = [Item(item.name, item.thresholds) for item in ITEMS]
    rates = MenuRates.of_events(free, columns, weight)
    passed = np.array([item.passes(columns) for item in free])
    assert rates.total.value == pytest.approx((weight * passed.any(axis=0)).mean())
    alone = passed.sum(axis=0) == 1
    for item, own in zip(free, passed, strict=True):
        assert rates.rate(item.name).value == pytest.approx((weight * own).mean())
        assert rates.pure_rate(item.name).value == pytest.approx((weight * (own & alone)).mean())
    covariance = np.cov(passed * weight) / passed.shape[1]
    ours = rates.covariance.to_numpy()
    np.testing.assert_allclose(np.diag(ours), np.diag(covariance), rtol=0.3)  # Poisson: no - f^2


def test_prescaled_rates_are_means_over_what_counters_keep(rates, columns, weight):
    rng = np.random.default_rng(3)
    passed = np.array([item.passes(columns) for item in ITEMS])
    chance = 1 / np.array([item.prescale for item in ITEMS])[:, None]
    draws = [passed & (rng.random(passed.shape) < chance) for _ in range(400)]
    totals = [(weight * kept.any(axis=0)).mean() for kept in draws]
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - rates.total.value) < 4 * error


def test_the_interval_covers_and_does_not_forget_the_largest_weight():
    """Rare events of a large weight: the interval of 68 % holds the truth at least as often."""
    rng = np.random.default_rng(5)
    weights, means = np.array([1.0, 50.0]), np.array([40.0, 0.7])
    truth = weights @ means / 1000
    inside = []
    for _ in range(400):
        counts = rng.poisson(means)
        passing = np.repeat(weights, counts)
        every = np.append(passing, weights.repeat(600))[:1000]
        column = np.append(np.ones(len(passing)), np.zeros(1000))[:1000]
        rate = MenuRates.of_events([Item("one", {"x": 1})], {"x": column}, every).total
        inside.append(rate.low <= truth <= rate.high)
    assert np.mean(inside) > 0.68 - 3 * np.sqrt(0.68 * 0.32 / 400)


def test_the_threshold_for_a_rate_is_the_lowest_one(weight):
    values = np.random.default_rng(7).integers(0, 40, len(weight))
    for rate in (50.0, 300.0, 1000.0):
        cut = threshold_for_rate(values, weight, rate)
        assert (weight * (values >= cut)).mean() <= rate
        assert (weight * (values >= cut - 1)).mean() > rate


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda c, w: Item("a", {}), "no threshold"),
        (lambda c, w: Item("a", {"met": 1}, prescale=0), "prescale of 'a' is 0"),
        (lambda c, w: Item("a", {"met": 1}, prescale=1.5), "1.5"),
        (lambda c, w: MenuRates.of_events([Item("a", {"mett": 1})], c, w), "mett"),
        (lambda c, w: MenuRates.of_events([], c, w), "1 to 62"),
        (lambda c, w: MenuRates.of_events(ITEMS, c, -w), "negative"),
        (lambda c, w: MenuRates.of_events(ITEMS, c, w[1:]), "sees"),
        (lambda c, w: MenuRates.of_events(ITEMS, c, w).rate("tau"), "no item 'tau'"),
        (lambda c, w: threshold_for_rate(c["met"], w, 1e-9), "1e-09"),
    ],
)
def test_refusals(columns, weight, wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong(columns, weight)


def test_more_events_of_an_old_format_still_have_quantities():
    few = TriggerEvents(np.zeros((2, 19, 3)), label=np.zeros(2, int), names=("background",))
    assert all((column == 0).all() for column in quantities(few).values())
