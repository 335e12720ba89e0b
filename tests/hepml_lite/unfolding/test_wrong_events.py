"""What the inputs of an unfolding refuse: hidden numbers, NaN of selected events, other kinds."""

import numpy as np
import pytest

from hepml_lite import unfolding

ROWS = np.arange(8.0).reshape(4, 2)
WITH_NAN = np.where(ROWS == 6, np.nan, ROWS)


@pytest.mark.parametrize(
    ("true", "message"),
    [
        (np.ma.masked_less(ROWS, 2), "true is a masked array"),
        (WITH_NAN, "1 numbers of true are NaN or infinite in events of the selection"),
        (ROWS + 1j, "true holds complex128"),
        (3.0, r"true holds float64 of shape \(\)"),
        ((ROWS,), "true is a tuple of 1"),
    ],
)
def test_a_level_of_wrong_numbers_is_refused(true, message):
    with pytest.raises(ValueError, match=message):
        unfolding.SimulatedEvents.of(true, ROWS)


def test_nan_of_events_outside_the_selection_is_allowed():
    inside = np.array([True, True, True, False])
    events = unfolding.SimulatedEvents.of(WITH_NAN, ROWS, true_ok=inside)
    assert events.matched.tolist() == inside.tolist()


def test_a_response_of_arrays_is_refused():
    with pytest.raises(TypeError, match="simulation is ndarray, not UnfoldingPair"):
        unfolding.response_of_events(ROWS, "mass", [0, 1, 2])


def test_chi_squared_wants_the_same_bins():
    assert unfolding.reports.chi_squared([3, 1], [1, 1], 4 * np.eye(2)).value == pytest.approx(1)
    with pytest.raises(ValueError, match="spectrum has 3 bins and expected has 2"):
        unfolding.reports.chi_squared([3, 1, 1], [1, 1], np.eye(2))


@pytest.mark.parametrize(
    "method",
    [
        unfolding.OmniFold(),
        unfolding.ConditionalGeneration(),
        unfolding.DistributionMapping(),
        unfolding.ForwardModel(),
    ],
)
def test_every_method_says_what_a_simulation_is(method):
    with pytest.raises(TypeError, match="simulation is ndarray: give an UnfoldingPair"):
        method.fit(ROWS)
    events = unfolding.SimulatedEvents.of(ROWS, ROWS)
    with pytest.raises(ValueError, match="columns of SimulatedEvents have no names"):
        method.fit(events, ["mass"])
