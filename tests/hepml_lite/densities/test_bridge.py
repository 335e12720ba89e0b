"""Bridges between Gaussians: the law of the ends is known exactly, for each start and for all."""

import numpy as np
import pytest
from scipy.integrate import quad

from hepml_lite import densities
from hepml_lite.densities import TrainingPlan
from hepml_lite.densities.bridge import Bridge, BridgeDensity

PLAN = TrainingPlan(epochs=20, batch_size=500, learning_rate=6e-3, progress=False)
SLOPE = -0.6  # of a response that no shortest way would have
WIDTH = 0.8  # of the response; ends then have width one, as starts


def bridge(**settings) -> Bridge:
    return Bridge(BridgeDensity(plan=PLAN, **settings))


def pairs(n=12000, seed=0):
    """Start of N(0, 1), end = SLOPE start + noise of WIDTH, in two features; shifted and scaled."""
    rng = np.random.default_rng(seed)
    start = rng.normal(size=(n, 2))
    return start, 100 + 10 * (SLOPE * start + WIDTH * rng.normal(size=start.shape))


def ends_of(fitted: Bridge, start: float, n=2500) -> np.ndarray:
    """Standardised ends (n, 2) of n copies of one start."""
    return (fitted.transport(np.full((n, 2), start)) - 100) / 10


@pytest.fixture(scope="module")
def conditional() -> Bridge:
    return bridge().fit(*pairs())


@pytest.fixture(scope="module")
def unconditional() -> Bridge:
    return bridge(sees_start=False).fit(*pairs())


def slope_without_the_start() -> float:
    """exp of the integral over t of the linear drift (Cov(x_1, x_t) / Var(x_t) - 1) / (1 - t)."""

    def drift(t: float) -> float:
        variance = (1 - t) ** 2 + t**2 + 2 * t * (1 - t) * SLOPE + t * (1 - t)
        return (((1 - t) * SLOPE + t) / variance - 1) / (1 - t)

    return np.exp(quad(drift, 0, 1 - 1e-9)[0])


@pytest.mark.parametrize("start", [-1.0, 0.0, 1.5])
def test_with_the_start_each_event_has_its_response(conditional, start):
    ends = ends_of(conditional, start)
    np.testing.assert_allclose(ends.mean(0), SLOPE * start, atol=0.1)
    np.testing.assert_allclose(ends.std(0), WIDTH, rtol=0.07)


def test_without_the_start_only_the_marginal_is_right(unconditional):
    start, end = pairs(5000, seed=1)
    ends = unconditional.transport(start)
    np.testing.assert_allclose(ends.mean(0), end.mean(0), atol=0.5)
    np.testing.assert_allclose(ends.std(0), end.std(0), rtol=0.05)
    assert abs(np.corrcoef(ends.T)[0, 1]) < 0.05
    expected = slope_without_the_start()
    assert abs(expected - SLOPE) > 0.5  # else the test would show nothing
    response = (ends_of(unconditional, 1.0) - ends_of(unconditional, -1.0)).mean(0) / 2
    np.testing.assert_allclose(response, expected, atol=0.1)


def test_samples_without_pairs_by_optimal_transport():
    """Without noise the map is the shift and scale between the Gaussians."""
    start, end = pairs(2000)
    fitted = bridge(noise=0.0, sees_start=False).fit(start, end[:1700], paired=False)
    ends = fitted.transport(start)
    np.testing.assert_allclose(ends.mean(0), 100, atol=0.8)
    np.testing.assert_allclose(ends.std(0), 10, rtol=0.08)
    assert np.corrcoef(start[:, 0], ends[:, 0])[0, 1] > 0.98


def test_without_pairs_conditions_are_never_mixed():
    """Label 0 moves from -1 to +3 and label 1 from +1 to -3: transport alone would cross them."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 4000)
    start = 2.0 * label[:, None] - 1 + 0.2 * rng.normal(size=(4000, 1))
    end_label = rng.integers(0, 2, 3000)
    end = 3 - 6.0 * end_label[:, None] + 0.2 * rng.normal(size=(3000, 1))
    fitted = bridge(noise=0.3).fit(start, end, label, paired=False, end_condition=end_label)
    ends = fitted.transport(start, label)
    assert ends[label == 0].mean() == pytest.approx(3, abs=0.2)
    assert ends[label == 1].mean() == pytest.approx(-3, abs=0.2)


def test_weights_choose_pairs():
    """Of two responses, +1 and -1, one has three times the weight."""
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4000, 1))
    up = rng.random(4000) < 0.5
    end = start + np.where(up, 1, -1)[:, None]
    fitted = bridge().fit(start, end, weights=np.where(up, 3, 1))
    assert (fitted.transport(start) - start).mean() == pytest.approx(0.5, abs=0.1)


def test_a_saved_bridge_is_the_same_bridge(conditional, tmp_path):
    start, _ = pairs(20)
    path = densities.save(conditional.density, tmp_path / "bridge.safetensors")
    loaded = Bridge(densities.load(path))
    np.testing.assert_array_equal(loaded.transport(start), conditional.transport(start))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"end": np.zeros((9, 2))}, "start has 10 rows and end has 9: .*paired=False"),
        ({"end": np.zeros((10, 3))}, "x has 3 features and the fit had 2"),
        ({"end_weights": np.ones(10)}, "set paired=False"),
        (
            {"paired": False, "condition": np.zeros(10), "end_condition": np.ones(10)},
            "no start has the condition",
        ),
    ],
)
def test_bad_input_is_refused(arguments, message):
    start, end = pairs(10)
    with pytest.raises(ValueError, match=message):
        bridge().fit(**{"start": start, "end": end, **arguments})


def test_before_the_fit():
    with pytest.raises(RuntimeError, match="call fit"):
        bridge().transport([[0.0, 0.0]])
