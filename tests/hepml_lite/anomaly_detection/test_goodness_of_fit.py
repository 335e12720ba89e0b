"""NPLM: its null by toys and by degrees of freedom, and a signal that it finds."""

import numpy as np
import pytest

from hepml_lite.anomaly_detection import KernelAlternative, NetworkAlternative, nplm
from hepml_lite.anomaly_detection.goodness_of_fit.nplm import nplm_statistic

RNG = np.random.default_rng(1)
REFERENCE = RNG.exponential(size=(5000, 1))
POOL = RNG.exponential(size=(20_000, 1))
NETWORK = NetworkAlternative(3, epochs=200, learning_rate=0.02)
KERNEL = KernelAlternative(n_centres=20, width=0.7, penalty=0.5)


def test_mean_without_signal_is_the_effective_number_of_degrees_of_freedom():
    found = nplm(POOL[:500], REFERENCE, 500, POOL, KERNEL, n_toys=80)
    standard = (REFERENCE - REFERENCE.mean(0)) / REFERENCE.std(0)
    expected = KERNEL.effective_degrees_of_freedom(standard, 500)
    error = found.toys.std() / np.sqrt(80)
    assert found.degrees_of_freedom == pytest.approx(expected, abs=4 * error)
    assert found.toys.std() == pytest.approx(np.sqrt(2 * expected), rel=0.3)
    assert 0.01 < found.p_value < 1


@pytest.mark.parametrize(
    "alternative", [KERNEL, NetworkAlternative(3, epochs=200, learning_rate=0.02)], ids=type
)
def test_a_signal_without_a_mass_is_found(alternative):
    signal = RNG.normal(6.4, 0.16, size=(20, 1))
    data = np.concatenate([POOL[:500], signal])
    found = nplm(data, REFERENCE[:2000], 500, POOL[500:], alternative, n_toys=9)
    assert found.p_value == pytest.approx(1 / 10)
    assert found.asymptotic_p_value < 1e-3
    assert found.significance > 3


def test_more_events_of_the_same_kind_are_a_signal_too():
    more = nplm_statistic(POOL[:620], REFERENCE, 500, KERNEL)
    as_many = nplm_statistic(POOL[:500], REFERENCE, 500, KERNEL)
    assert more > as_many + 15  # about (120 / √500)²


def test_what_cannot_be_tested():
    with pytest.raises(ValueError, match="same features"):
        nplm_statistic(np.zeros((5, 2)), REFERENCE, 5, KERNEL)
    with pytest.raises(ValueError, match="constant"):
        nplm_statistic(np.zeros((5, 1)), np.zeros((5, 1)), 5, KERNEL)
    with pytest.raises(ValueError, match="pool has 10"):
        nplm(POOL[:5], REFERENCE, 50, POOL[:10], KERNEL)
