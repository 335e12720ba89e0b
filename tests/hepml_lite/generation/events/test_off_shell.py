"""Direct diffusion from the Z pole to all masses: the spectrum and the asymmetry are known."""

import numpy as np
import pytest

from hepml_lite.densities import TrainingPlan
from hepml_lite.exact.drell_yan import DrellYan
from hepml_lite.generation.events.off_shell import (
    DirectDiffusion,
    forward_backward_asymmetry,
    make_bridge,
    on_shell,
)
from hepml_lite.statistics.migration import migration_matrix


@pytest.fixture(scope="module")
def moved():
    """On-shell events, and what became of them."""
    bridge = make_bridge()
    bridge.density.plan = TrainingPlan(
        epochs=8, batch_size=200, learning_rate=5e-3, patience=None, progress=False
    )
    model = DirectDiffusion(bridge=bridge)
    model.fit(on_shell().events(3000, rng=1)[0], DrellYan().events(3000, rng=2)[0])
    start = on_shell().events(3000, rng=3)[0]
    return start, model.transport(start, rng=4)


def test_the_spectrum_becomes_that_of_all_masses(moved):
    start, end = moved
    truth = DrellYan().events(100_000, rng=5)[0]
    assert np.abs(start[:, 0] - 91.19).max() < 2.5
    for column in (0, 1, 2):
        levels = np.quantile(truth[:, column], [0.05, 0.25, 0.5, 0.75, 0.95])
        below = (end[:, None, column] < levels).mean(0)
        np.testing.assert_allclose(below, [0.05, 0.25, 0.5, 0.75, 0.95], atol=0.05)
    assert np.isfinite(DrellYan().log_prob(end)).all()


def test_the_azimuth_stays_and_low_masses_stay_low(moved):
    start, end = moved
    np.testing.assert_array_equal(start[:, 3], end[:, 3])
    matrix = migration_matrix(start[:, 0], end[:, 0], [88, 91.2, 94], [60, 91.2, 120])
    assert matrix[0, 0] > 0.6, "events without a partner move a short way"
    assert matrix[1, 1] > 0.6


def test_the_asymmetry_changes_its_sign_at_the_pole():
    events = DrellYan().events(100_000, rng=5)[0]
    asymmetry, error = forward_backward_asymmetry(events, [60, 80, 100, 120])
    assert asymmetry[0] < -3 * error[0]
    assert asymmetry[2] > 3 * error[2]


def test_the_asymmetry_of_few_events_is_counted():
    x = np.array([[70, 1.0, 0.5, 0], [70, -1.0, 0.5, 0], [70, -1.0, -0.5, 0], [95, 1.0, 0.5, 0]])
    asymmetry, error = forward_backward_asymmetry(x, [60, 80, 100, 120])
    np.testing.assert_allclose(asymmetry, [1 / 3, 1, np.nan])
    assert error[0] == pytest.approx(np.sqrt((1 - 1 / 9) / 3))


def test_untrained_and_misshapen():
    with pytest.raises(RuntimeError, match="call fit first"):
        DirectDiffusion().transport(on_shell().events(5)[0])
    with pytest.raises(ValueError, match="give rows"):
        DirectDiffusion().fit(np.zeros((5, 3)), np.zeros((5, 4)))
