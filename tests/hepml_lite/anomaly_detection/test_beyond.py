"""Searches beyond one resonance and a few features, on toys whose best score is known."""

import numpy as np
import pytest
from scipy.stats import expon, kstest, norm

from hepml_lite.anomaly_detection import (
    BackgroundExtrapolation,
    ClusterScan,
    Combination,
    CwolaHunting,
    FactorisedObservables,
    FullPhaseSpace,
    ResonantEvents,
    TailsAndResonance,
    WeakClassifier,
    events_of_sets,
    smallest_p_value,
)
from hepml_lite.anomaly_detection.beyond.full_phase_space import sets_of_rows
from hepml_lite.anomaly_detection.resonant.events import with_features
from hepml_lite.densities import TrainingPlan
from hepml_lite.densities.sets import SetFlowMatching
from hepml_lite.exact import GaussianResonance
from hepml_lite.statistics.metrics import auc, significance_improvement

REGION = (3.3, 3.7)
FLAT = GaussianResonance()
SLOPED = GaussianResonance(mass_slope=0.5)
SHORT = TrainingPlan(epochs=8, batch_size=512, learning_rate=5e-3, patience=None, progress=False)


def toy_events(toy, n_background, n_signal, rng):
    drawn = toy.events(n_background, n_signal, rng=rng, low=2.5)
    return ResonantEvents(drawn.mass, drawn.features), drawn.label


def trees():
    return WeakClassifier(n_ensemble=2, folds=2)


def improvement_over_exact(label, scores, exact):
    """Largest significance improvement as a share of that of the exact likelihood ratio."""
    return significance_improvement(label, scores) / significance_improvement(label, exact)


def tailed(n_background, n_signal, rng):
    """Background that falls in the mass, and a signal without a peak, at large masses."""
    generator = np.random.default_rng(rng)
    mass = 2.5 + generator.exponential(np.repeat([0.6, 1.2], [n_background, n_signal]))
    mass[n_background:] += 1.0
    label = np.repeat([0, 1], [n_background, n_signal])
    centre = np.where(label == 1, 2.0, 0.5 * (mass - 3.5))
    return ResonantEvents(mass, generator.normal(centre[:, None], 1, (len(mass), 2))), label


def test_extrapolated_background_is_that_of_the_region_where_the_simulation_is_not():
    region = (4.0, np.inf)
    data, _ = tailed(20_000, 200, 1)
    generator = np.random.default_rng(2)
    mass = 2.5 + generator.exponential(0.7, 40_000)
    centre = 0.3 * (mass - 3.5) - 0.4
    simulation = ResonantEvents(mass, generator.normal(centre[:, None], 1, (len(mass), 2)))
    search = BackgroundExtrapolation(simulation, trees(), plan=SHORT).fit(data, region, rng=3)

    test, label = tailed(20_000, 4000, 4)
    test, label = test[test.inside(region)], label[test.inside(region)]
    true = test.features[label == 0]
    for template, separated in (
        (simulation[simulation.inside(region)], True),
        (search.background, False),
    ):
        both = np.concatenate([true, template.features[: len(true)]])
        is_true = np.arange(len(both)) < len(true)
        scores = trees().fit(both[is_true], both[~is_true]).score(both)
        assert (auc(is_true.astype(int), scores) > 0.55) == separated
    exact = norm.logpdf(test.features, 2.0).sum(1)
    exact -= norm.logpdf(test.features, 0.5 * (test.mass - 3.5)[:, None]).sum(1)
    assert improvement_over_exact(label, search.score(test), exact) > 0.4


def test_a_resonance_in_the_tails():
    def events(n_background, n_signal, rng):
        found, label = toy_events(FLAT, n_background, n_signal, rng)
        scale = np.where(label == 1, 4.0, 1.0)[:, None]
        return with_features(found, np.random.default_rng(rng).exponential(scale)), label

    data, _ = events(20_000, 150, 1)
    test, label = events(20_000, 4000, 2)
    inside = test.inside(REGION)
    search = TailsAndResonance(CwolaHunting(classifier=trees()), [2], kept=0.2)
    search.fit(data, REGION, rng=3)
    beside = data[~data.inside(REGION)]
    assert search.in_tails(beside).mean() == pytest.approx(0.2, abs=0.002)
    scores = search.score(test)
    assert scores[~search.in_tails(test)].max() < scores[search.in_tails(test)].min()
    tail = test.features[:, 2]
    exact = FLAT.log_likelihood_ratio(test.mass, test.features[:, :2])
    exact += expon.logpdf(tail, scale=4) - expon.logpdf(tail)
    found = improvement_over_exact(label[inside], scores[inside], exact[inside])
    without = CwolaHunting(classifier=trees())
    without.fit(ResonantEvents(data.mass, data.features[:, :2]), REGION, rng=3)
    resonance_alone = without.score(ResonantEvents(test.mass, test.features[:, :2]))
    assert found > 0.4
    assert found > 1.5 * improvement_over_exact(
        label[inside], resonance_alone[inside], exact[inside]
    )
    with pytest.raises(ValueError, match=r"tails=\[7\]"):
        TailsAndResonance(CwolaHunting(), [7]).fit(data, REGION)


def test_several_tails_share_the_cut():
    data, _ = toy_events(FLAT, 20_000, 0, 1)
    search = TailsAndResonance(CwolaHunting(classifier=trees()), [0, 1], kept=0.1)
    search.fit(data, REGION)
    assert search.in_tails(data).mean() == pytest.approx(0.1, abs=0.01)
    shares = (data.features >= search.thresholds).mean(axis=0)
    np.testing.assert_allclose(shares, np.sqrt(0.1), atol=0.02)  # independent columns


def sets_with_signal(n_background, n_signal, rng):
    """Up to four particles; those of the background move with the mass."""
    generator = np.random.default_rng(rng)
    drawn = SLOPED.events(n_background, n_signal, rng=generator, low=2.5)
    mask = np.arange(4) < 2 + generator.binomial(2, 0.7, len(drawn.mass))[:, None]
    centre = np.where(drawn.label == 1, 1.5, 0.5 * (drawn.mass - 3.5))
    x = generator.normal(centre[:, None, None], 1.0, (len(drawn.mass), 4, 1))
    return events_of_sets(drawn.mass, x, mask), drawn.label


def test_sets_of_particles_show_the_signal_that_no_feature_was_made_for():
    data, _ = sets_with_signal(10_000, 250, 1)
    test, label = sets_with_signal(10_000, 3000, 2)
    density = SetFlowMatching(plan=SHORT, width=32, n_layers=1, n_steps=10)
    search = FullPhaseSpace(1, density, n_ensemble=1, plan=SHORT).fit(data, REGION, rng=3)
    inside = test.inside(REGION)
    x, mask = sets_of_rows(test.features, 1)
    of_particles = norm.logpdf(x[..., 0], 1.5)
    of_particles -= norm.logpdf(x[..., 0], 0.5 * (test.mass - 3.5)[:, None])
    exact = np.where(mask, of_particles, 0).sum(axis=1)
    scores = search.score(test)
    assert improvement_over_exact(label[inside], scores[inside], exact[inside]) > 0.4
    with pytest.raises(ValueError, match="no multiple of 3"):
        FullPhaseSpace(2).fit(data, REGION)


def test_a_set_is_the_same_as_a_row():
    generator = np.random.default_rng(0)
    particles = generator.normal(size=(30, 5, 3))
    mask = generator.random((30, 5)) < 0.5
    found, real = sets_of_rows(events_of_sets(np.ones(30), particles, mask).features, 3)
    np.testing.assert_array_equal(real, mask)
    np.testing.assert_array_equal(found[mask], particles[mask])
    assert not found[~mask].any()


def test_clusters_of_the_background_have_the_counts_that_their_sidebands_say():
    data, _ = toy_events(SLOPED, 40_000, 0, 1)
    spread = {}
    for degree in (0, 1):
        scan = ClusterScan(30, degree=degree).fit(data, REGION, rng=2)
        assert scan.expected.sum() == pytest.approx(scan.counts.sum())
        spread[degree] = np.mean(scan.deviations**2)
    assert spread[1] < 1.6
    assert spread[0] > 1.5 * spread[1]  # the features move with the mass


def test_the_cluster_of_the_signal_has_too_many_events():
    data, _ = toy_events(SLOPED, 20_000, 300, 1)
    test, label = toy_events(SLOPED, 20_000, 4000, 2)
    scan = ClusterScan(30).fit(data, REGION, rng=3)
    assert scan.deviations.max() > 4
    inside = test.inside(REGION)
    exact = SLOPED.log_likelihood_ratio(test.mass, test.features)[inside]
    assert improvement_over_exact(label[inside], scan.score(test)[inside], exact) > 0.4
    with pytest.raises(ValueError, match="ask for fewer"):
        ClusterScan(10**6).fit(data, REGION)


def test_a_mixture_ties_what_is_independent_in_each_class():
    heavy = GaussianResonance(resonance=4.5)
    data, _ = toy_events(heavy, 20_000, 400, 1)
    alone, _ = toy_events(heavy, 20_000, 0, 2)
    test, label = toy_events(heavy, 20_000, 4000, 3)
    exact = heavy.log_likelihood_ratio(test.mass, test.features)
    found = FactorisedObservables(n_ensemble=2, folds=2).fit(data, rng=4)
    assert improvement_over_exact(label, found.score(test), exact) > 0.4
    assert found.explained > 0.01
    assert FactorisedObservables(n_ensemble=2, folds=2).fit(alone, rng=4).explained < 0.002
    in_region = FactorisedObservables(n_ensemble=2, folds=2).fit(data, (4.3, 4.7), rng=4)
    assert improvement_over_exact(label, in_region.score(test), exact) > 0.4
    below = FactorisedObservables("below", n_ensemble=2, folds=2).fit(data, rng=4)
    np.testing.assert_array_equal(below.score(test), -found.score(test))
    with pytest.raises(ValueError, match="direction is 'up'"):
        FactorisedObservables("up").fit(data)


class Column:
    """A search that knows one feature, and learns nothing."""

    def __init__(self, column):
        self.column = column

    def fit(self, events, region, *, rng=0):
        return self

    def score(self, events):
        return events.features[:, self.column]


def test_the_sum_gains_where_all_see_and_the_largest_loses_less_where_one_is_blind():
    toy = GaussianResonance(distance=4.0)
    drawn, label = toy_events(toy, 20_000, 4000, 1)
    noise = np.random.default_rng(2).normal(size=(len(drawn), 2))
    events = with_features(drawn, noise)
    inside = events.inside(REGION)
    found = {}
    for columns in ((0,), (1,), (0, 1), (0, 2, 3)):
        for how in ("sum", "largest"):
            searches = {f"feature {column}": Column(column) for column in columns}
            search = Combination(searches, how).fit(events[label == 0], REGION)
            found[columns, how] = significance_improvement(
                label[inside], search.score(events)[inside]
            )
    alone = max(found[(0,), "sum"], found[(1,), "sum"])
    assert found[(0, 1), "sum"] > 1.2 * alone
    assert found[(0, 1), "sum"] > found[(0, 1), "largest"]
    assert found[(0, 2, 3), "largest"] > found[(0, 2, 3), "sum"]
    with pytest.raises(ValueError, match=r"searches is \{\}"):
        Combination({}).fit(events, REGION)


def test_the_smallest_of_several_p_values():
    assert smallest_p_value([0.01, 0.5]) == pytest.approx(1 - 0.99**2)
    generator = np.random.default_rng(1)
    common = generator.normal(size=(4000, 1))
    toys = norm.sf(0.9 * common + np.sqrt(1 - 0.9**2) * generator.normal(size=(4000, 5)))
    found = np.array([smallest_p_value(one, toys[2000:]) for one in toys[:2000:4]])
    independent = np.array([smallest_p_value(one) for one in toys[:2000:4]])
    assert kstest(found, "uniform").pvalue > 0.01
    assert independent.mean() > 0.6  # too cautious: the detectors agree
    with pytest.raises(ValueError, match="one column for each"):
        smallest_p_value([0.1], toys)
    with pytest.raises(ValueError, match="outside"):
        smallest_p_value([1.2])
