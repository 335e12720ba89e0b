"""Which metric sees what: on samples whose fault is known."""

import numpy as np
import pytest

from hepml_lite.generation.evaluation import (
    extrapolated_frechet_distance,
    memorisation,
    neighbour_metrics,
)

N = 2000


def rows(seed, n=N, n_features=3):
    return np.random.default_rng(seed).normal(size=(n, n_features))


def test_two_samples_of_one_distribution():
    found = neighbour_metrics(rows(0), rows(1))
    assert found.precision == pytest.approx(found.recall, abs=0.03)
    assert found.density == pytest.approx(1, abs=0.05)
    assert found.coverage == pytest.approx(1 - 2.0**-5, abs=0.02)


def test_a_narrow_generator_has_precision_without_recall():
    found = neighbour_metrics(rows(0), 0.3 * rows(1))
    assert found.precision > 0.98
    assert found.recall < 0.5
    assert found.coverage < 0.5


def test_a_wide_generator_has_recall_without_precision():
    found = neighbour_metrics(rows(0), 3 * rows(1))
    assert found.recall > 0.97
    assert found.precision < 0.6


def test_density_is_not_fooled_by_an_outlier():
    real = rows(0)
    real[0] = [12, 12, 12]  # its ball reaches back to the others
    found = neighbour_metrics(real, rows(1) + 6)
    assert found.precision > 0.9
    assert found.density < 0.3


def test_swapping_the_samples_swaps_precision_and_recall():
    one = neighbour_metrics(rows(0), 1.5 * rows(1))
    other = neighbour_metrics(1.5 * rows(1), rows(0))
    assert one.precision == other.recall
    assert one.recall == other.precision


def test_copies_are_found():
    training, fresh = rows(0), rows(1)
    honest = memorisation(training, fresh, rows(2))
    assert honest.copies < 0.01
    assert honest.closer_to_training == pytest.approx(0.5, abs=4 * honest.error)
    resampled = training[np.random.default_rng(3).integers(N, size=N)]
    copied = memorisation(training, fresh, resampled)
    assert copied.copies == 1
    assert copied.closer_to_training == 1
    half = memorisation(training, fresh, np.concatenate([resampled[:500], rows(4, 500)]))
    assert half.copies == pytest.approx(0.5, abs=0.01)


def test_precision_and_recall_do_not_see_copies():
    training = rows(0)
    resampled = training[np.random.default_rng(3).integers(N, size=N)]
    assert neighbour_metrics(rows(1), resampled).precision > 0.9


def test_extrapolation_takes_away_the_bias():
    same = extrapolated_frechet_distance(rows(0, 5000, 8), rows(1, 5000, 8))
    assert same.distances[-1] > 10 * abs(same.value)  # at the smallest size
    assert abs(same.value) < 0.02


def test_extrapolation_keeps_a_difference():
    shift = np.array([0.3, 0, 0])
    found = extrapolated_frechet_distance(rows(0, 5000), rows(1, 5000) + shift)
    assert found.value == pytest.approx(0.09, abs=0.015)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: neighbour_metrics(rows(0, 4), rows(1, 4)), "more than k rows"),
        (lambda: neighbour_metrics(rows(0), rows(1, n_features=2)), "shape|columns|features"),
        (lambda: memorisation(rows(0), rows(1, 10), rows(2)), "at least as many"),
        (lambda: extrapolated_frechet_distance(rows(0), rows(1), smallest=N), "smaller number"),
    ],
)
def test_impossible_samples_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
