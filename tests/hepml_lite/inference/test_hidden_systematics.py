"""A nuisance that the training never saw, on a model whose bias and power are known."""

import numpy as np
import pytest
from scipy.stats import norm

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.exact import HiddenShift
from hepml_lite.inference import hidden_systematics, posterior
from hepml_lite.inference.calibration.coverage_score import coverage_penalty, coverage_score

N_EVENTS = 100


@pytest.fixture(scope="module")
def analysis():
    """The exact posterior of an analysis that knows of no nuisance."""
    return HiddenShift()


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_bias_and_coverage_are_exact(angle, analysis):
    nature = HiddenShift(nuisance=0.1, angle=angle)
    sets = hidden_systematics.draw_sets(nature, 4000, N_EVENTS, rng=0)
    mean, width = analysis.posterior(sets.events)
    errors = mean - sets.theta[:, 0]
    assert errors.mean() == pytest.approx(nature.bias(N_EVENTS), abs=4 * width / 4000**0.5)
    inside = np.mean(np.abs(errors) < norm.ppf(0.84) * width)
    assert inside == pytest.approx(nature.coverage(N_EVENTS, 0.68), abs=0.03)


def test_who_knows_the_nuisance_is_not_biased():
    nature = HiddenShift(nuisance=0.5, angle=40.0)
    sets = hidden_systematics.draw_sets(nature, 2000, N_EVENTS, rng=0)
    mean, width = nature.posterior(sets.events)
    assert (mean - sets.theta[:, 0]).mean() == pytest.approx(0, abs=4 * width / 2000**0.5)


def test_the_posterior_is_that_of_the_likelihood(analysis):
    sets = hidden_systematics.draw_sets(analysis, 1, N_EVENTS, rng=0)
    grid = np.linspace(-3, 3, 601)[:, None]
    of_events = [analysis.log_likelihood(point, sets.events[0]).sum() for point in grid]
    log_p = analysis.prior.log_prob(grid) + of_events
    density = np.exp(log_p - log_p.max())
    density /= density.sum() * 0.01
    assert np.exp(analysis.log_prob(grid, sets.events)) == pytest.approx(density, abs=1e-3)


def test_a_nuisance_that_looks_like_the_parameter_is_invisible():
    assert HiddenShift(0.3, angle=0.0).visible_shift() == pytest.approx(0, abs=1e-6)
    assert HiddenShift(0.3, angle=0.0).best_power(N_EVENTS) == pytest.approx(0.05, abs=1e-6)
    assert HiddenShift(0.3, angle=90.0).best_power(N_EVENTS) > 0.8


def found(angle, nuisance, analysis):
    nature = HiddenShift(nuisance, angle)
    table = hidden_systematics.who_finds_it(
        analysis, HiddenShift(), nature, N_EVENTS, n_tries=12, n_sets=60, rng=1
    )
    return {name: interval.value for name, interval in table["found"].items()}


def test_each_check_finds_what_it_can(analysis):
    """A shift of the second feature: data tests see it, tests of simulations do not."""
    shares = found(90.0, 0.5, analysis)
    assert shares["posterior predictive"] > 0.8
    assert shares["classifier of data and model"] > 0.5
    assert shares["ranks (SBC) of data with known truth"] > 0.8
    assert shares["coverage of data with known truth"] > 0.8
    assert shares["TARP of data with known truth"] > 0.5
    for name in ("ranks (SBC)", "coverage", "TARP"):
        assert shares[f"{name} of simulations"] < 0.35
    assert shares["importance weights"] < 0.1  # an exact posterior of a wrong simulator


def test_the_degenerate_direction_needs_the_truth(analysis):
    """The same size along the parameter: as biased, and seen by no test of the data."""
    shares = found(0.0, 0.5, analysis)
    assert shares["posterior predictive"] < 0.35
    assert shares["classifier of data and model"] < 0.35
    assert shares["ranks (SBC) of data with known truth"] > 0.8


def test_predictive_check_has_nearly_the_best_power(analysis):
    nature = HiddenShift(0.25, angle=90.0)
    rng = np.random.default_rng(0)
    reference = hidden_systematics.draw_sets(analysis, 200, N_EVENTS, rng).events
    data = hidden_systematics.draw_sets(nature, 200, N_EVENTS, rng).events
    distances = [
        hidden_systematics.predictive_distances(analysis, analysis, events, rng)
        for events in (reference, data)
    ]
    power = np.mean(hidden_systematics.p_values_among(*distances) < 0.05)
    assert power == pytest.approx(nature.best_power(N_EVENTS), abs=0.15)


def test_a_trained_posterior_of_sets(analysis):
    """An estimate with an embedding of sets has all checks, importance weights included."""
    sets = hidden_systematics.draw_sets(analysis, 2000, 20, rng=0)
    plan = TrainingPlan(epochs=8, batch_size=100, learning_rate=1e-2, progress=False)
    fitted = posterior.fit(
        sets.theta, sets.events, embedding=lambda events: events.mean(1), plan=plan
    )
    table = hidden_systematics.who_finds_it(
        fitted, analysis, HiddenShift(2.0), n_events=20, n_tries=2, n_sets=50
    )
    assert table["found"]["posterior predictive"].value == 1
    assert "importance weights" in table.index


def test_score_by_hand():
    """100 intervals of width 2, 68 of which hold the truth: no penalty."""
    truths = np.where(np.arange(100) < 68, 0.0, 5.0)
    found = coverage_score(-np.ones(100), np.ones(100), truths)
    assert found.score == pytest.approx(-np.log(2.001))
    assert found.penalty == 1
    assert found.coverage.value == pytest.approx(0.68)


def test_too_few_covered_costs_more_than_too_many():
    error = (0.6827 * 0.3173 / 200) ** 0.5
    assert coverage_penalty(0.6827 - 5 * error, 200) == pytest.approx(1 + 3**4)
    assert coverage_penalty(0.6827 + 5 * error, 200) == pytest.approx(1 + 3**3)


def test_wider_intervals_of_a_biased_analysis_score_better():
    """A hidden bias of two widths: an interval enlarged by an estimated systematic wins."""
    rng = np.random.default_rng(0)
    centre = 2.0 + rng.normal(size=500)
    honest = coverage_score(centre - 2.4, centre + 2.4, np.zeros(500))
    narrow = coverage_score(centre - 1, centre + 1, np.zeros(500))
    assert honest.penalty == 1
    assert honest.score > narrow.score


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coverage_score([1.0], [0.0], [0.5]), "exchanged"),
        (lambda: coverage_score([0.0, 1.0], [1.0], [0.5]), "2 lower and 1 upper"),
        (lambda: HiddenShift(correlation=1.0), "correlation is 1.0"),
        (
            lambda: hidden_systematics.who_finds_it(
                HiddenShift(), HiddenShift(), HiddenShift(), n_sets=10
            ),
            "n_sets",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
