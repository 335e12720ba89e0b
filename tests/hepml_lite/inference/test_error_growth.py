"""Errors of summed ratios grow with the number of events; those of a set network do not."""

import numpy as np
import pytest

from hepml_lite.exact import EffectiveTheory, SignalMixture
from hepml_lite.inference import error_growth, mined_gold
from hepml_lite.inference.ratio.network import FittedRatio

pytestmark = pytest.mark.xdist_group("error_growth")  # one worker makes the events, once

MIXTURE = SignalMixture()
VALUES = error_growth.grid_of(MIXTURE.prior)


class BiasedRatio:
    """The exact log ratio, with an error that is the same for every event: 0.3 theta."""

    def log_ratio(self, theta, x):
        return MIXTURE.log_ratio(theta, x, MIXTURE.reference) + 0.3 * np.asarray(theta)[0]


def test_moments_of_a_gaussian():
    values = np.linspace(-5, 7, 241)
    found = error_growth.moments(values, -((values - 1.0) ** 2)[None] / 2 / 0.25)
    assert found.mean[0] == pytest.approx(1)
    assert found.width[0] == pytest.approx(0.5, rel=1e-3)


def test_a_bias_of_each_event_grows_with_the_root_of_their_number():
    """The shift is 0.3 N width², in widths 0.3 N width: the width falls as one over the root."""
    theta = np.full((30, 1), 0.25)
    shifts = []
    for size in (100, 900):
        sets = MIXTURE.simulate(theta, size, rng=size).swapaxes(0, 1)
        exact = error_growth.exact_moments(MIXTURE, sets, VALUES)
        biased = error_growth.product_moments(BiasedRatio(), MIXTURE.prior, sets, VALUES)
        pulls = (biased.mean - exact.mean) / exact.width
        assert pulls == pytest.approx(0.3 * size * exact.width, rel=0.25)
        shifts.append(pulls.mean())
    assert shifts[1] / shifts[0] == pytest.approx(3, rel=0.2)


@pytest.fixture(scope="module")
def learned():
    gold = MIXTURE.mine(MIXTURE.prior.sample(4000, 0), 1)
    ratio: FittedRatio = mined_gold.fit(gold, "carl")
    network = error_growth.fit_set_network(MIXTURE, [20, 200], 150_000, rng=0)
    return ratio, network


def test_the_set_network_is_close_at_all_sizes(learned):
    table = error_growth.error_growth(MIXTURE, *learned, [20, 200], n_sets=25)
    of_sets = table[table["method"] == "set network"]
    assert (of_sets["shift"] < 1).all()
    assert of_sets["width"].between(0.7, 1.5).all()
    of_product = table[table["method"] == "product of ratios"]
    assert of_product["shift"].iloc[1] > of_product["shift"].iloc[0]


def test_bad_input_is_refused(learned):
    with pytest.raises(ValueError, match="are 6 sets of 1000"):
        error_growth.fit_set_network(MIXTURE, [1000], 10_000)
    with pytest.raises(ValueError, match="2 parameters"):
        error_growth.error_growth(EffectiveTheory(), *learned, [10])
    with pytest.raises(ValueError, match="for 3 values"):
        error_growth.moments([0, 1, 2], np.zeros((1, 2)))
