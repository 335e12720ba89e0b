"""Resonant searches on the exact toy, whose best score is known."""

import numpy as np
import pytest

from hepml_lite.anomaly_detection import (
    Anode,
    Cathode,
    CwolaHunting,
    Drapes,
    Idealised,
    InFolds,
    LaCathode,
    Quak,
    RAnode,
    ResonantEvents,
    Supervised,
    TagNTrain,
    WeakClassifier,
    dijet_features,
    logit_then_standardise,
    reports,
)
from hepml_lite.anomaly_detection.resonant.events import joined, with_features
from hepml_lite.anomaly_detection.resonant.sideband_density import usual_flow
from hepml_lite.containers.events import Events
from hepml_lite.exact import GaussianResonance
from hepml_lite.statistics.metrics import auc, significance_improvement

REGION = (3.3, 3.7)
TOY = GaussianResonance(mass_slope=0.5)


def toy_events(n_background, n_signal, rng):
    drawn = TOY.events(n_background, n_signal, rng=rng, low=2.5)
    return ResonantEvents(drawn.mass, drawn.features), drawn.label


DATA, _ = toy_events(15_000, 300, 1)
BACKGROUND, _ = toy_events(15_000, 0, 2)
TEST, LABEL = toy_events(15_000, 3000, 3)
INSIDE = TEST.inside(REGION)


def small_flow():
    flow = usual_flow()
    flow.n_layers = 1
    flow.hidden_features = (32,)
    return flow


def trees():
    return WeakClassifier(n_ensemble=2, folds=2)


SEARCHES = {
    "cwola": lambda: CwolaHunting(classifier=trees()),
    "cathode": lambda: Cathode(small_flow(), trees()),
    "lacathode": lambda: LaCathode(small_flow(), trees()),
    "drapes": lambda: Drapes(classifier=trees()),
    "anode": lambda: Anode(small_flow(), small_flow()),
    "r_anode": lambda: RAnode(small_flow()),
    "quak": lambda: Quak(TEST[LABEL == 1], 0.5, small_flow(), small_flow()),
    "tag_n_train": lambda: TagNTrain([0], [1], 0.1, 3, trees(), trees()),
    "idealised": lambda: Idealised(BACKGROUND, trees()),
    "supervised": lambda: Supervised(TEST[LABEL == 1], BACKGROUND, trees()),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_the_signal_is_found_and_nothing_beats_the_exact_ratio(name):
    search = SEARCHES[name]().fit(DATA, REGION, rng=5)
    scores = search.score(TEST)[INSIDE]
    exact = TOY.log_likelihood_ratio(TEST.mass, TEST.features)[INSIDE]
    label = LABEL[INSIDE]
    assert auc(label, scores) < auc(label, exact) + 0.02
    assert significance_improvement(label, scores) > 0.4 * significance_improvement(label, exact)


def test_the_template_of_cathode_cannot_be_told_from_background():
    cathode = SEARCHES["cathode"]().fit(DATA, REGION)
    true = BACKGROUND.features[BACKGROUND.inside(REGION)]
    drawn = cathode.background.features[: len(true)]
    scores = trees().fit(true, drawn).score(np.concatenate([true, drawn]))
    label = np.repeat([1, 0], [len(true), len(drawn)])
    assert auc(label, scores) < 0.53


def test_only_the_latent_space_leaves_the_sidebands_flat():
    """Without signal; the features move by two widths over the spectrum."""
    edges = np.linspace(2.5, 4.1, 17)
    found = {}
    for name in ("cathode", "lacathode"):
        scores = SEARCHES[name]().fit(BACKGROUND, REGION, rng=2).score(DATA)
        threshold = np.quantile(scores[DATA.inside(REGION)], 0.9)
        beside = ~DATA.inside(REGION)
        found[name] = reports.flatness(
            DATA.mass[beside], scores[beside] >= threshold, edges[[0, 2, 4, 6, 8, 12, 14, 16]]
        )
    assert found["lacathode"].reduced < 2
    assert found["cathode"].reduced > 2 * found["lacathode"].reduced


def test_in_folds_no_event_is_scored_by_a_search_that_saw_it():
    class Memory:
        def fit(self, events, region, *, rng=0):
            self.seen = set(events.mass.tolist())
            return self

        def score(self, events):
            return np.array([m in self.seen for m in events.mass.tolist()], float)

    search = InFolds(Memory, folds=3).fit(DATA[:300], (3.0, 3.5))
    assert np.ptp(search.score(DATA[:300])) == 0
    assert len(search.score(DATA[300:310])) == 10


def test_the_fraction_of_signal_that_r_anode_finds():
    search = SEARCHES["r_anode"]().fit(DATA, REGION, rng=1)
    true = 300 * 0.954 / DATA.inside(REGION).sum()
    assert 0.3 * true < search.fraction < 3 * true


def test_a_density_after_a_logit_has_unit_integral():
    """Its Jacobian is tracked: without it the integral would be that of the logit."""
    x = np.random.default_rng(0).beta(2, 5, size=(2000, 2)) * [3.0, 1.0]
    flow = small_flow()
    flow.change = logit_then_standardise({0: (0.0, 3.0), 1: (0.0, 1.0)})
    flow.fit(x, rng=1)
    first = 3 * (np.arange(60) + 0.5) / 60
    second = (np.arange(60) + 0.5) / 60
    grid = np.stack(np.meshgrid(first, second), -1).reshape(-1, 2)
    assert np.exp(flow.log_prob(grid)).mean() * 3 == pytest.approx(1, abs=0.03)


def test_features_of_dijets():
    names = ("mjj", "m1", "m2", "tau21_1", "tau21_2", "delta_r")
    values = np.array([[3500, 100, 400, 0.2, 0.3, 3.1], [3600, 90, 95, 0.7, 0.8, 2.9]])
    found = dijet_features(Events(values=values, quantities=names), ["delta_r"])
    np.testing.assert_allclose(found.mass, [3500, 3600])
    np.testing.assert_allclose(found.features[0], [100, 300, 0.2, 0.3, 3.1], rtol=1e-6)


def test_events():
    both = joined(DATA[:3], DATA[3:5])
    np.testing.assert_array_equal(both.mass, DATA.mass[:5])
    assert with_features(both, np.zeros(5)).features.shape == (5, 3)
    with pytest.raises(ValueError, match="are the units right"):
        DATA.split((3300.0, 3700.0))
    with pytest.raises(ValueError, match="low, high"):
        DATA.split((4, 3))
    with pytest.raises(ValueError, match="one mass for each"):
        ResonantEvents(np.zeros(3), np.zeros((4, 2)))
    with pytest.raises(RuntimeError, match="not trained"):
        RAnode().score(DATA)
