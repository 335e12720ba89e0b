"""Learned ratios against exact ones, and what mined gold is worth."""

import numpy as np
import pytest

from hepml_lite import exact
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.inference import mined_gold, ratio

SHORT = TrainingPlan(epochs=15, batch_size=256, learning_rate=5e-3, patience=15, progress=False)


def r_squared(expected, found):
    return 1 - np.mean((found - expected) ** 2) / expected.var()


@pytest.fixture(scope="module")
def board():
    """The Galton board with test events, their exact log ratios, and mined events."""
    simulator = exact.GaltonBoard()
    theta, x = simulator.joint(3000, rng=9)
    gold = simulator.mine(simulator.prior.sample(10_000, 1), 2)
    return theta, x, simulator.log_ratio(theta, x, simulator.reference), gold


def test_gold_reproduces_the_exact_ratio(board):
    theta, x, expected, gold = board
    found = mined_gold.fit(gold, "alice", plan=SHORT).log_ratio(theta, x)
    assert r_squared(expected, found) > 0.97


def test_gold_needs_at_least_five_times_fewer_simulations(board):
    """Errors of labels with all events, and of gold with a fifth of them."""
    theta, x, expected, gold = board
    fifth = exact.MinedEvents(
        gold.theta[:2000], gold.reference, gold.x[:2000], gold.label[:2000],
        gold.log_ratio[:2000], gold.score[:2000],
    )  # fmt: skip
    longer = TrainingPlan(
        epochs=60, batch_size=256, learning_rate=5e-3, patience=None, progress=False
    )
    with_labels = mined_gold.fit(gold, "carl", plan=SHORT).log_ratio(theta, x)
    with_gold = mined_gold.fit(fifth, "alice", plan=longer).log_ratio(theta, x)
    assert r_squared(expected, with_gold) > r_squared(expected, with_labels)


def test_score_is_the_best_observable():
    """SALLY on the signal mixture: the exact score at the reference is known."""
    mixture = exact.SignalMixture()
    theta = np.tile(mixture.reference, (10_000, 1))
    x, latents = mixture.events_with_latents(theta, np.random.default_rng(0))
    joint = mixture.joint_score(theta, x, latents)
    fitted = mined_gold.fit_score(x, joint, mixture.reference, plan=SHORT)
    step = 1e-4
    rows = np.linspace(1, 9, 81)[:, None]
    upper = mixture.log_likelihood(mixture.reference + step, rows)
    lower = mixture.log_likelihood(mixture.reference - step, rows)
    expected = (upper - lower) / (2 * step)
    assert r_squared(expected, fitted.score(rows)[:, 0]) > 0.95


@pytest.mark.parametrize("balance", [0.0, ratio.BALANCE])
def test_ratio_of_a_linear_gaussian(balance):
    """log p(x | theta) - log p(x) of theta ~ N(0, 1), x = theta + noise of N(0, 1)."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(10_000, 1))
    x = theta + rng.normal(size=(10_000, 1))
    fitted = ratio.fit(theta, x, balance=balance, plan=SHORT)
    expected = -((x - theta) ** 2) / 2 + x**2 / 4 + np.log(2) / 2
    found = fitted.log_ratio(theta[:2000], x[:2000])
    assert r_squared(expected[:2000, 0], found) > (0.97 if balance == 0 else 0.9)
    summed = fitted.log_ratio_of_set([[0.0], [1.0]], x[:10])
    assert summed[1] == pytest.approx(fitted.log_ratio([1.0], x[:10]).sum())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda gold: mined_gold.fit(gold, "gold"), "give one of carl"),
        (lambda gold: ratio.fit(np.zeros((30, 1)), np.zeros((29, 1))), "29 rows"),
        (lambda gold: ratio.fit(np.zeros((5, 1)), np.zeros((5, 1))), "at least twenty"),
        (lambda gold: mined_gold.fit_score(gold.x, gold.score[1:], [0.0]), "score has shape"),
    ],
)
def test_bad_input_is_refused(call, message, board):
    with pytest.raises(ValueError, match=message):
        call(board[3])
