"""Means over several trainings."""

import numpy as np
import pytest

from hepml_lite.statistics.intervals import mean_of_seeds


def test_mean_of_seeds_has_their_spread_and_the_error_of_the_one_test_sample():
    alone = mean_of_seeds([0.9, 0.8, 0.7])
    assert (alone.value, alone.error) == pytest.approx((0.8, 0.1 / np.sqrt(3)))
    shared = mean_of_seeds([0.9, 0.8, 0.7], error_of_test=0.05)
    assert shared.error == pytest.approx(np.hypot(0.1 / np.sqrt(3), 0.05))
    assert mean_of_seeds([0.5]).error == 0


@pytest.mark.parametrize("wrong", [[], [0.5, np.nan]])
def test_mean_of_seeds_needs_finite_values(wrong):
    with pytest.raises(ValueError, match="values"):
        mean_of_seeds(wrong)
