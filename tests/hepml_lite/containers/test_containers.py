"""Events, unfolding pairs, trigger events, showers: rows stay together, bad input is refused."""

import numpy as np
import pytest

from hepml_lite.containers.events import Events
from hepml_lite.containers.showers import Geometry, Layer, Showers
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.containers.unfolding_pair import UnfoldingPair

N = 12
RNG = np.random.default_rng(0)
GEOMETRY = Geometry.regular([0, 1, 3], 4, [0, 0.5, 2], "X0", "Moliere radii")


def events():
    return Events(RNG.normal(size=(N, 2)), ("mjj", "m1"), label=np.arange(N) % 2, names=("a", "b"))


def pairs():
    truth = RNG.normal(size=(N, 3))
    names = {"label": np.arange(N) % 2, "names": ("simulation", "nature")}
    return UnfoldingPair(truth, truth + 0.1, ("mass", "width", "zg"), **names)


def trigger_events():
    return TriggerEvents(RNG.exponential(size=(N, 19, 3)), label=np.arange(N) % 2, names=("a", "b"))


def showers():
    voxels = RNG.exponential(size=(N, GEOMETRY.n_voxels))
    names = {"label": np.arange(N) % 2, "names": ("a", "b")}
    return Showers(voxels, voxels.sum(axis=1), GEOMETRY, **names)


ALL = [events, pairs, trigger_events, showers]


@pytest.mark.parametrize("make", ALL)
def test_rows_stay_together(make):
    rows = make()
    order = np.random.default_rng(1).permutation(N)
    shuffled = rows[order]
    for key, array in rows.arrays().items():
        np.testing.assert_array_equal(shuffled.arrays()[key], array[order])
    for name, chosen in (("second half", rows[N // 2 :]), ("mask", rows[rows.label == 1])):
        assert len(chosen) == N // 2, name
    assert len(rows[3]) == 1
    with pytest.raises(IndexError, match=f"row {N} of a sample of {N}"):
        rows[N]


@pytest.mark.parametrize("make", ALL)
def test_concatenation_undoes_a_split(make):
    rows = make()
    again = type(rows).concatenate(rows.split(0.5, 0.25, 0.25, rng=None))
    for key, array in rows.arrays().items():
        np.testing.assert_array_equal(again.arrays()[key], array)


@pytest.mark.parametrize("make", ALL)
def test_classes_are_chosen_by_name(make):
    rows = make()
    assert set(rows.of_class(rows.names[1]).label) == {1}
    with pytest.raises(ValueError, match="no class 'c'"):
        rows.of_class("c")
    assert f"6 {rows.names[0]}" in repr(rows)


@pytest.mark.parametrize("make", ALL)
def test_nobody_can_change_the_arrays(make):
    for array in make().arrays().values():
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_quantities_are_chosen_by_name():
    sample = events()
    np.testing.assert_array_equal(sample["m1"], sample.values[:, 1])
    np.testing.assert_array_equal(sample.columns("m1", "mjj"), sample.values[:, ::-1])
    with pytest.raises(ValueError, match=r"no quantity 'm2'; choose from: mjj, m1"):
        sample["m2"]
    truth, measured = pairs().columns("zg")
    np.testing.assert_allclose(measured - truth, 0.1, rtol=1e-5)


def test_objects_of_each_kind_are_where_the_layout_says():
    sample = trigger_events()
    kinds = (sample.met, sample.egamma, sample.muons, sample.jets)
    assert [kind.shape[1] for kind in kinds] == [1, 4, 4, 10]
    np.testing.assert_array_equal(np.concatenate(kinds, axis=1), sample.objects)


def test_layers_add_up_to_the_shower():
    sample = showers()
    assert sample.grid().shape == (N, 2, 4, 2)
    np.testing.assert_array_equal(sample.grid()[:, 1], sample.layer(1))
    np.testing.assert_allclose(sample.layer_energies().sum(axis=1), sample.deposited)


def test_irregular_layers_have_no_grid_but_each_its_voxels():
    layers = (Layer((0, 1), 1, (0, 1)), Layer((0, 1, 2), 3, (1, 2)))
    sample = Showers(np.arange(7.0)[None], [21.0], Geometry(layers, "cm", "cm"))
    assert sample.layer(1)[0].tolist() == [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(ValueError, match="divided in different ways"):
        sample.grid()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Events(np.ones((3, 2)), ("mjj",)), r"shape \(3, 2\).*\(events, 1\)"),
        (lambda: Events([[1.0], [np.nan]], ("mjj",)), r"1 of 2 rows.*'mjj', the first is row 1"),
        (lambda: UnfoldingPair(np.ones((3, 1)), np.ones((2, 1)), ("m",)), "measured has shape"),
        (lambda: TriggerEvents(np.ones((3, 18, 3))), r"\(events, 19, 3\)"),
        (lambda: TriggerEvents(-np.ones((3, 19, 3))), "row 0 has negative pT"),
        (lambda: Showers(np.ones((3, 5)), np.ones(3), GEOMETRY), r"expected \(3, 16\)"),
        (lambda: Showers(-np.ones((3, 16)), np.ones(3), GEOMETRY), "row 0 has a negative energy"),
        (lambda: Events(np.ma.array([[1.0]]), ("mjj",)), "values is a masked array"),
        (
            lambda: TriggerEvents(np.full((3, 19, 3), 40.0)),
            r"\|eta\| above 30, the first is event 0",
        ),
        (lambda: Events([[1.0]], ("mjj",), label=[0.7]), "0.7 is not an integer"),
        (lambda: Events([[1.0]], ("mjj",), label=[2]), "labels run from 2 to 2"),
        (lambda: Events([[1.0]], ("mjj",), label=[0, 0]), r"label has shape \(2,\)"),
    ],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_weights_follow_their_rows_and_say_what_they_are_worth():
    events = Events(np.zeros((4, 1)), ("m",), weight=[1, 1, 1, 3])
    assert events[1:].weight.tolist() == [1, 1, 3]
    assert events.effective_number == pytest.approx(36 / 12)
    assert Events(np.zeros((4, 1)), ("m",)).effective_number == 4
    with pytest.raises(ValueError, match=r"1 of 2 weights .* -1.0 in row 1"):
        Events(np.zeros((2, 1)), ("m",), weight=[1, -1])


def test_misses_and_fakes_hold_nan_where_nothing_is():
    ok = np.array([True, True, False])
    pairs = UnfoldingPair(np.ones((3, 1)), np.ones((3, 1)), ("m",), true_ok=ok)
    assert np.isnan(pairs.truth[:, 0]).tolist() == [False, False, True]
    assert len(pairs.matched) == 2
    with pytest.raises(ValueError, match="neither true nor measured, the first is row 2"):
        UnfoldingPair(np.ones((3, 1)), np.ones((3, 1)), ("m",), true_ok=ok, measured_ok=ok)
    with pytest.raises(ValueError, match="NaN or infinite"):
        UnfoldingPair(np.full((3, 1), np.nan), np.ones((3, 1)), ("m",), true_ok=ok)


def test_dequantised_spreads_each_step_and_leaves_counts_and_floors():
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.normal(size=4000), rng.poisson(5, 4000), np.zeros(4000)])
    card = {"precision": {"x": 0.2, "n": 1, "z": 0.1}, "floors": {"z": 0}}
    stored = np.round(values / [0.2, 1, 0.1]) * [0.2, 1, 0.1]
    moved = Events(stored, ("x", "n", "z"), card=card).dequantised(rng)
    assert np.abs(moved["x"] - stored[:, 0]).max() < 0.1001
    assert len(np.unique(moved["x"])) > 3900
    np.testing.assert_array_equal(moved["n"], stored[:, 1])
    assert not moved["z"].any()
    with pytest.raises(ValueError, match="no precision for 'x'"):
        Events(stored, ("x", "n", "z")).dequantised()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": np.ma.array([1, 2], mask=[0, 1])}, "weight is a masked array"),
        ({"weight": ["a", "b"]}, "weight holds <U1, not real numbers"),
        ({"weight": [1j, 2]}, "weight holds complex128, not real numbers"),
        ({"quantities": "ab"}, "quantities is 'ab', one text"),
        ({"quantities": None}, "quantities is None: give a tuple of texts"),
        ({"quantities": (1, 2)}, r"quantities is \(1, 2\): give a tuple of texts"),
        ({"names": 3}, "names is 3: give a tuple of texts"),
        ({"truth": 3.0}, r"truth has shape \(\); expected \(rows, columns\)"),
    ],
)
def test_weights_and_names_are_checked_as_strictly_as_numbers(change, message):
    good = {"truth": np.ones((2, 2)), "measured": np.ones((2, 2)), "quantities": ("a", "b")}
    with pytest.raises(ValueError, match=message):
        UnfoldingPair(**good | change)


def test_weighted_rows_are_printed_with_the_effective_number_of_each_class():
    weighted = Events(
        np.zeros((5, 1)), ("m",), label=[0, 0, 0, 1, 1], names=("a", "b"), weight=[2, 2, 2, 3, 1]
    )
    assert repr(weighted) == "Events(3 a (effective number 3), 2 b (effective number 1.6))"
    assert repr(weighted[:0]) == "Events(0 a (effective number 0), 0 b (effective number 0))"
    assert repr(weighted[:3]).startswith("Events(3 a (effective number 3), 0 b")
