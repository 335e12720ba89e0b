"""Misses, fakes and background of OmniFold: expectations, not dummy values."""

import numpy as np
import pytest

from hepml_lite.unfolding import OmniFold, SimulatedEvents

N = 8000
FAKE_RATE = 0.4  # fakes for each matched event with a negative measurement
BACKGROUND = 1200  # in the data
NATURE = 0.4  # mean of the truth; that of the simulation is zero, both widths are one
NOISE = 0.3
ERROR = (2 * (1 + NOISE**2) / N) ** 0.5  # of a mean: data and simulation


def detected(mean, rng):
    """Truth (N,), measured values (N,), and which were seen: soft events are often lost."""
    true = rng.normal(mean, 1, N)
    seen = rng.random(N) < 1 / (1 + np.exp(-1.5 - true))
    return true, true + NOISE * rng.normal(size=N), seen


def fakes_of(mean, rng):
    """Measured values of fakes; their share at each measurement is always the same."""
    _, measured, seen = detected(mean, rng)
    return measured[seen & (measured < 0) & (rng.random(N) < FAKE_RATE)]


@pytest.fixture(scope="module")
def simulation():
    rng = np.random.default_rng(1)
    true, measured, seen = detected(0.0, rng)
    fakes = fakes_of(0.0, rng)
    nothing = np.zeros(len(fakes))
    return SimulatedEvents.of(
        np.concatenate([true, nothing])[:, None],
        np.concatenate([measured, fakes])[:, None],
        None,
        np.arange(N + len(fakes)) < N,
        np.concatenate([seen, np.ones(len(fakes), bool)]),
    )


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    _, measured, seen = detected(NATURE, rng)
    return np.concatenate([measured[seen], fakes_of(NATURE, rng)])


def unfolded(simulation, rows, **background):
    method = OmniFold(n_iterations=2, folds=2, model="trees")
    return method.fit(simulation).unfold(rows[:, None], **background)


def mean_of(simulation, result):
    return np.average(simulation.true[:, 0], weights=result.weights)


def test_missed_events_come_back_and_fakes_go(simulation, data):
    result = unfolded(simulation, data)
    assert mean_of(simulation, result) == pytest.approx(NATURE, abs=4 * ERROR)
    assert (result.weights[N:] == 0).all()
    assert result.weights.sum() == pytest.approx(N)
    # the data have N true events: those seen fluctuate, and so do the fakes among them
    assert result.n_true == pytest.approx(N, abs=4 * (2 * N) ** 0.5)
    missed = simulation.missed
    exact = np.exp(NATURE * simulation.true[missed, 0] - NATURE**2 / 2)
    assert np.corrcoef(result.weights[missed], exact)[0, 1] > 0.95


def test_background_is_subtracted_with_negative_weights(simulation, data):
    rng = np.random.default_rng(3)
    polluted = np.concatenate([data, rng.normal(2, 0.5, BACKGROUND)])
    known = rng.normal(2, 0.5, 5 * BACKGROUND)[:, None]
    ignored = unfolded(simulation, polluted)
    subtracted = unfolded(
        simulation, polluted, background=known, background_weights=np.full(len(known), 0.2)
    )
    assert mean_of(simulation, subtracted) == pytest.approx(NATURE, abs=5 * ERROR)
    assert mean_of(simulation, ignored) > NATURE + 8 * ERROR
    assert subtracted.n_true == pytest.approx(N, abs=5 * (2 * N) ** 0.5)


def test_more_background_than_data_is_refused(simulation, data):
    with pytest.raises(ValueError, match="nothing is left"):
        unfolded(
            simulation,
            data[:100],
            background=data[:100, None],
            background_weights=np.full(100, 2.0),
        )
