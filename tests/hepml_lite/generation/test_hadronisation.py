"""Hadronisation: energy, the latent break-ups, and a fit that comes near the true function."""

import numpy as np
import pytest
from scipy.stats import beta

from hepml_lite.generation.hadronisation import (
    Fragmentation,
    FragmentationFit,
    Strings,
    observables,
)

EDGES = np.linspace(0, 1, 11)
TRUTH = Fragmentation(np.diff(beta(1.5, 3).cdf(EDGES)))


def test_strings_conserve_energy_and_know_their_breaks():
    events = TRUTH.simulate(500, rng=0)
    assert isinstance(events, Strings)
    assert events.hadrons.sum(1) == pytest.approx(1)
    n_breaks = np.isfinite(events.breaks).sum(1)
    assert ((events.hadrons > 0).sum(1) == n_breaks + 1).all()
    first = np.histogram(events.breaks[:, 0], EDGES)[0] / 500
    assert first == pytest.approx(TRUTH.probabilities, abs=0.08)


def test_observables_do_not_see_the_order():
    hadrons = TRUTH.simulate(20, rng=0).hadrons
    assert observables(hadrons[:, ::-1]) == pytest.approx(observables(hadrons))


def test_the_fit_finds_the_function():
    data = observables(TRUTH.simulate(6000, rng=1).hadrons)
    start = Fragmentation(np.ones(10))
    fit = FragmentationFit(start, n_iterations=5, n_events=6000).fit(data, rng=2)
    before = np.abs(start.probabilities - TRUTH.probabilities).sum()
    after = np.abs(fit.found.probabilities - TRUTH.probabilities).sum()
    assert after < 0.4 * before
    again = observables(fit.found.simulate(6000, rng=3).hadrons)
    assert again[:, 0].mean() == pytest.approx(data[:, 0].mean(), rel=0.05)


def test_impossible_functions_and_data_are_refused():
    with pytest.raises(ValueError, match="two or more"):
        Fragmentation(np.ones(1))
    with pytest.raises(ValueError, match="`observables`"):
        FragmentationFit().fit(np.ones((5, 2)))
    with pytest.raises(RuntimeError, match="call fit"):
        _ = FragmentationFit().found
