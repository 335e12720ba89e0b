"""What the inputs of an unfolding refuse: hidden numbers, NaN of selected events, other kinds."""

import numpy as np
import pytest

from hepml_lite import unfolding
from hepml_lite.unfolding import comparison, reports
from hepml_lite.unfolding.binned.curvature import second_differences
from hepml_lite.unfolding.profiled import ResponseChange

ROWS = np.arange(8.0).reshape(4, 2)
PAIRS = unfolding.SimulatedEvents.of(np.arange(60.0).reshape(30, 2), np.ones((30, 2)) * 3)
WEIGHTED = unfolding.ReweightedEvents(np.ones(30), np.ones((1, 30)), 30.0)
DRAWN = unfolding.GeneratedEvents(np.ones((1, 30, 2)), np.ones(30), np.ones((1, 30, 2)))
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


def moments(measured=None, **settings):
    method = unfolding.MomentUnfolding(n_steps=2, **settings).fit(PAIRS)
    return method.unfold(np.ones((30, 2)) if measured is None else measured)


def hypotheses(parameters):
    return unfolding.OptimalObservable(parameters).fit(ROWS, ROWS)


REFUSED = {
    "fewer columns": (lambda: moments(np.ones((30, 1))), "1 features and the fit had 2"),
    "NaN data": (lambda: moments(np.full((30, 2), np.nan)), "60 NaN or infinite"),
    "no data": (lambda: moments(np.ones((0, 2))), "no rows|no events"),
    "no moments": (lambda: moments(n_moments=0), "n_moments is 0"),
    "no batch": (lambda: moments(batch_size=0), "batch_size is 0"),
    "rate": (lambda: moments(learning_rate=-1), "learning_rate is -1"),
    "negative covariance": (lambda: reports.chi_squared([1, 2], [1, 1], -np.eye(2)), "is -1"),
    "indefinite": (lambda: reports.chi_squared([1, 2], [1, 1], [[1, 2], [2, 1]]), "from -1 to 3"),
    "not symmetric": (
        lambda: reports.chi_squared([1, 2], [1, 1], [[1, 5], [0, 1]]), "not symmetric"
    ),
    "no variance": (lambda: reports.chi_squared([1, 2], [1, 1], np.zeros((2, 2))), "from 0 to 0"),
    "no covariance": (lambda: reports.chi_squared([1, 2], [1, 1], None), "covariance has shape"),
    "counts": (
        lambda: reports.bottom_line_test([1, 2], [1, 3], 50 * np.eye(2), np.eye(2), np.eye(2)),
        "column 0 of response sums to 50",
    ),
    "NaN values": (lambda: WEIGHTED.histogram(np.full(30, np.nan), [0, 1]), "30 values of true"),
    "three hypotheses": (lambda: hypotheses((1, 2, 3)), "not two numbers"),
    "no hypotheses": (lambda: hypotheses(None), "parameters"),
    "one name": (lambda: comparison.moved_table(DRAWN, PAIRS, ["a"]), r"\(30, 2\): give \(N, 1\)"),
    "text for names": (lambda: comparison.gap_table(WEIGHTED, PAIRS, ROWS, "ab"), "one text"),
    "constant": (lambda: comparison.correlation_matrix(np.ones((5, 2))), "some never change"),
    "one event": (lambda: comparison.correlation_matrix(ROWS[:1]), "two events or more"),
    "negative weights": (lambda: comparison.correlation_matrix(ROWS, -np.ones(4)), "negative"),
    "no bins": (lambda: comparison.equal_bins(ROWS, 0), "n_bins is 0"),
    "no values": (lambda: comparison.equal_bins([]), "values has 0 numbers"),
    "equal values": (lambda: comparison.equal_bins(np.ones(9)), "need a spread"),
    "outside": (lambda: ResponseChange(np.arange(4.0), np.ones((4, 2)))(9), "θ is 9"),
    "no bin": (lambda: second_differences(0), "n_bins is 0"),
    "strength": (
        lambda: next(iter(unfolding.coverage_study().values())).row("4"), "strength is '4'"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    wrong, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: comparison.moved_table(WEIGHTED, PAIRS, ["a", "b"]), "weights move no event"),
        (lambda: comparison.gap_table(ROWS, PAIRS, ROWS, ["a", "b"]), "result is ndarray"),
        (lambda: comparison.gap_table(WEIGHTED, ROWS, ROWS, ["a", "b"]), "simulation is ndarray"),
        (lambda: unfolding.OptimalObservable((1, 2)).measure(ROWS, DRAWN), "ReweightedEvents"),
        (lambda: unfolding.SimulatedEvents.of_pair(ROWS), "pair is ndarray"),
    ],
)
def test_other_kinds_of_results_are_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()
