"""As `test_fuzz_public_api`, for tests of coverage, judges, methods of unfolding and samples."""

import numpy as np
import pytest
from fuzzing import (
    BAD_ARRAYS,
    BAD_NUMBERS,
    RNG,
    SHARES,
    N,
    assert_right_or_refused,
    fuzzed,
    one_of,
)
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from data_fetch import load
from data_fetch.generate import ee_shapes
from data_fetch.public.layouts import cms_dimuon
from hepml_lite import containers, unfolding
from hepml_lite.containers.pile_up import overlay
from hepml_lite.densities import Bridge, Flow, TrainingPlan
from hepml_lite.densities.bridge import BridgeDensity
from hepml_lite.densities.judge import judge
from hepml_lite.statistics import migration, two_sample

pytestmark = pytest.mark.filterwarnings("ignore")

level = one_of([0.68, 0.95], BAD_NUMBERS)
count = one_of([1, 2, 10], BAD_NUMBERS)
number = one_of([0.5, 1.0, 2], BAD_NUMBERS)
rng = one_of([0, 1], [-1, 1.5, "seed", None, []])

DRAWS = RNG.normal(size=(20, N, 2))
TRUTHS = RNG.normal(size=(N, 2))
draws = one_of([DRAWS, DRAWS.tolist(), DRAWS.round()], [*BAD_ARRAYS, DRAWS[:, :, :1], DRAWS[:0]])
truths = one_of([TRUTHS, TRUTHS.round()], [*BAD_ARRAYS, TRUTHS[:5], TRUTHS[:, 0], TRUTHS.T])
COVERAGE = {
    "interval_coverage": (
        lambda *a: [i.value for i in two_sample.interval_coverage(*a)], draws, truths, level, rng
    ),
    "simulation_based_calibration": (
        lambda *a: two_sample.simulation_based_calibration(*a).p_values,
        draws, truths, one_of([2, 5], BAD_NUMBERS), rng,
    ),
    "tarp": (
        lambda *a: two_sample.tarp(*a).p_value,
        draws, truths, one_of([None, TRUTHS + 1], [*BAD_ARRAYS, TRUTHS[:5]]), rng, count,
    ),
}  # fmt: skip


def logistic(n_features, seed):
    """A fast classifier."""
    return LogisticRegression()


rows = one_of([RNG.normal(size=(N, 2)), TRUTHS.tolist()], [*BAD_ARRAYS, TRUTHS[:5], TRUTHS.T])
weights = one_of([None, SHARES], [*BAD_ARRAYS, np.zeros(N)])
JUDGES = {
    "judge": (
        lambda a, b, c, d, w, n, r, m: judge(
            a, b, condition=c, generated_condition=d, weights=w, n_folds=n, rng=r, classifiers=m
        ).auc.value,
        rows, rows, one_of([None, SHARES], BAD_ARRAYS), one_of([None, SHARES], BAD_ARRAYS),
        weights, one_of([2], BAD_NUMBERS), rng,
        one_of([{"logistic": logistic}], [None, {}, logistic, "trees", {"trees": "trees"}]),
    ),
    "classifier_two_sample_test": (
        lambda a, b, r, w, n: two_sample.classifier_two_sample_test(
            a, b, r, weights_a=w, n_folds=n, make_classifier=logistic
        ).auc,
        rows, rows, rng, weights, one_of([2], BAD_NUMBERS),
    ),
}  # fmt: skip

PLAN = TrainingPlan(epochs=1)
EVENTS = unfolding.SimulatedEvents.of(TRUTHS, TRUTHS + 0.1)
PAIR = containers.UnfoldingPair(TRUTHS, TRUTHS + 0.1, ("a", "b"))


def tiny():
    """A density that trains in a moment."""
    return Flow(n_layers=1, hidden_features=(4,), plan=PLAN)


OMNIFOLD = unfolding.OmniFold(n_iterations=1, model="trees", folds=2, calibrate=False)
GENERATION = unfolding.ConditionalGeneration(tiny, n_samples=1).fit(EVENTS)
MAPPING = unfolding.DistributionMapping(Bridge(BridgeDensity(width=4, n_steps=2, plan=PLAN)))
MAPPING.fit(EVENTS)
FORWARD = unfolding.ForwardModel(tiny, tiny, tiny, n_proposals=2).fit(EVENTS)
REWEIGHTED = unfolding.ReweightedEvents(np.ones(N), np.ones((1, N)), 50.0)
measured = one_of([TRUTHS, TRUTHS[:20].tolist()], [*BAD_ARRAYS, TRUTHS.T, TRUTHS[:1]])
simulation = one_of([EVENTS, PAIR], [None, TRUTHS, "zjets_unfolding", (TRUTHS, TRUTHS), []])
names = one_of([None, ("a",), ["a", "b"]], ["a", ("c",), 3, (1,), ()])
METHODS = {
    "OmniFold": (
        lambda s, q, m, w, b, v, r: OMNIFOLD.fit(s, q).unfold(
            m, w, background=b, background_weights=v, rng=r
        ).weights,
        simulation, names, measured, weights, one_of([None, TRUTHS[:5]], BAD_ARRAYS),
        one_of([None, SHARES[:5]], BAD_ARRAYS), rng,
    ),
    "settings": (
        lambda i, e, f, c: unfolding.OmniFold(
            n_iterations=i, model="trees", n_ensemble=e, folds=f, clip=c, calibrate=False
        ).fit(EVENTS).unfold(TRUTHS).weights,
        one_of([0, 1], BAD_NUMBERS), one_of([1], BAD_NUMBERS),
        one_of([2], BAD_NUMBERS), one_of([None, 5.0], BAD_NUMBERS),
    ),
    "ConditionalGeneration": (
        lambda m, w, r: GENERATION.unfold(m, w, rng=r).samples, measured, weights, rng
    ),
    "DistributionMapping": (
        lambda m, w, r: MAPPING.unfold(m, w, rng=r).samples, measured, weights, rng
    ),
    "ForwardModel": (
        lambda m, w, r: FORWARD.unfold(m, w, rng=r).samples, measured, weights, rng
    ),
    "fit": (
        lambda s, q, make: type(make)().fit(s, q) and 0.0,
        simulation, names, st.sampled_from([OMNIFOLD, GENERATION]),
    ),
}  # fmt: skip

MATRIX = 0.8 * np.eye(3)
COVARIANCE = np.diag([3.0, 4, 5])
SPECTRUM = np.array([3.0, 4, 5])
spectrum = one_of([SPECTRUM, [3, 4, 5]], [*BAD_ARRAYS, -SPECTRUM, SPECTRUM[:2], SPECTRUM * np.nan])
matrix = one_of([MATRIX, MATRIX.tolist()], [*BAD_ARRAYS, -MATRIX, np.eye(4), MATRIX * np.nan])
covariance = one_of([COVARIANCE], [*BAD_ARRAYS, -COVARIANCE, np.full((3, 3), np.inf), np.eye(2)])
edges = one_of([[0, 0.5, 1], np.linspace(-3, 3, 5)], [*BAD_ARRAYS, [1, 0], [0, 0, 1]])
values = one_of([SHARES], [*BAD_ARRAYS, SHARES[:5]])
spectra = one_of([np.ones((4, 3)), RNG.random((4, 3))], [*BAD_ARRAYS, np.ones((1, 3))])


def bayes(spectrum, strength):
    """A method that the scans of strengths can call."""
    return unfolding.iterative_bayes(spectrum, MATRIX, SPECTRUM, int(strength))


strengths = one_of([[1, 2], (1, 2, 3, 4, 5)], [[], [0], None, "12", ["a"], [np.nan], 3])
BINNED = {
    "svd": (
        lambda *a: unfolding.svd(*a).unfolded,
        spectrum, one_of([None, COVARIANCE], [*BAD_ARRAYS, -COVARIANCE]), matrix, spectrum, count,
    ),
    "response_of_events": (
        lambda *a: unfolding.response_of_events(*a).matrix,
        one_of([PAIR], [None, EVENTS]), one_of(["a"], ["c", None, 3, ("a", "b"), ()]), edges,
        one_of([None, [-9, 0, 9]], BAD_ARRAYS),
    ),
    "response_covariance": (
        unfolding.response_covariance, spectrum, matrix, spectrum, count, spectrum,
        one_of(["poisson", "multinomial"], ["gauss", None, 3, []]),
    ),
    "rank_from_d": (unfolding.strength.rank_from_d, spectrum, number),
    "global_correlation": (unfolding.strength.global_correlation, covariance),
    "scan_global_correlation": (
        lambda *a: unfolding.strength.scan_global_correlation(*a).scores,
        one_of([bayes], [None, "bayes"]), spectrum, strengths,
    ),
    "scan_l_curve": (
        lambda *a: unfolding.strength.scan_l_curve(*a).scores,
        one_of([bayes], [None]), spectrum, matrix, spectrum, strengths,
    ),
    "cross_validation": (
        lambda *a: unfolding.strength.cross_validation(*a).scores,
        one_of([bayes], [None]), spectrum, matrix, strengths, one_of([2], BAD_NUMBERS), count, rng,
    ),
    "coverage": (
        lambda *a: unfolding.reports.coverage(*a).bias, spectra, spectra, spectrum, number
    ),
    "bottom_line_test": (
        lambda *a: unfolding.reports.bottom_line_test(*a).unfolded.value,
        spectrum, spectrum, matrix, covariance, covariance,
    ),
    "closed_gap": (
        lambda *a: unfolding.reports.closed_gap(*a).after,
        values, weights, values, values, edges, one_of([2], BAD_NUMBERS), rng,
    ),
    "migration_matrix": (
        migration.migration_matrix, values, values, edges, edges, weights
    ),
    "migration_distance": (migration.migration_distance, matrix, matrix),
    "histogram": (REWEIGHTED.histogram, values, edges),
}  # fmt: skip

SHAPES = load("ee_shapes", "smoke", "test")[:100]
PROFILES = load("calo_profiles", "smoke", "test")
TRIGGER = load("trigger_objects", "smoke", "test")[:10]
FEW = SHAPES[:5]
FEW_JETS = load("top_tagging", "smoke", "test")[:4]
BAD_NAMES = (None, 3, "nonsense", [], {}, np.nan, ("ee_shapes",), b"ee_shapes", "../ee_shapes")
SAMPLES = {
    "load": (
        lambda *a: len(load(*a)),
        one_of(["ee_shapes", "calo_profiles"], BAD_NAMES), one_of(["smoke"], BAD_NAMES),
        one_of([None, "val"], BAD_NAMES), st.just(None),
        one_of([slice(None), slice(2, 5)], [None, 3, [1, 2], slice(0, 9, 2), slice("a"), "all"]),
    ),
    "quantity": (
        lambda s, name: s[name],
        st.sampled_from([SHAPES, PROFILES]),
        one_of([0, slice(2), [1, 2]], [None, "nonsense", 1.5, [0.5], 10**9, {}, [[1], [1, 2]]]),
    ),
    "columns": (
        lambda s, *names: s.columns(*names), st.just(SHAPES),
        one_of(["thrust", *SHAPES.quantities], BAD_NAMES), one_of(SHAPES.quantities, BAD_NAMES),
    ),
    "of_class": (
        lambda s, name: s.of_class(name).values, st.just(SHAPES), one_of(SHAPES.names, BAD_NAMES)
    ),
    "split": (lambda a, b, r: FEW.split(a, b, rng=r)[0].values, number, number, rng),
    "concatenate": (
        lambda parts: containers.Events.concatenate(parts).values,
        one_of([[FEW, FEW]], [[], [FEW, PROFILES], None, FEW, "ab", [FEW, None], [1, 2]]),
    ),
    "concatenate jets": (
        lambda parts: containers.Jets.concatenate(parts).constituents,
        one_of([[FEW_JETS, FEW_JETS]], [[], [FEW_JETS, FEW], None, FEW_JETS, "ab", [1, 2]]),
    ),
    "truncate": (lambda n: FEW_JETS.truncate(n).mass, count),
    "padded": (lambda n: FEW_JETS.padded(n).mass, one_of([100], BAD_NUMBERS)),
    "ScoredJets": (
        lambda m, s, p, y: containers.ScoredJets(m, s, p, label=y).mass,
        values, one_of([{"PFN": SHARES}], [None, [SHARES], {}, {"none": SHARES}, {1: SHARES}]),
        one_of([None, SHARES], BAD_ARRAYS), one_of([np.tile([0, 1], N // 2)], BAD_ARRAYS),
    ),
    "dequantised": (
        lambda s, r: s.dequantised(r).values, st.sampled_from([FEW, PROFILES[:5]]), rng
    ),
    "dequantised trigger": (lambda r: TRIGGER.dequantised(r).objects, rng),
    "overlay": (
        lambda a, b, mu, r: overlay(a, b, mu, r).objects,
        one_of([TRIGGER], [None, FEW]), one_of([TRIGGER], [None, FEW, TRIGGER[:0]]),
        one_of([0, 2.5], BAD_NUMBERS), rng,
    ),
    "simulate": (
        ee_shapes.simulate,
        one_of([-1.0], [b for b in BAD_NUMBERS if b not in (0, True)]), count, count, number,
    ),
}  # fmt: skip

HEADER = ",".join(cms_dimuon.COLUMNS)
GOOD = "20,1.1,0.5,1,15,-0.3,-2.5,-1"
LINES = st.sampled_from(
    [
        GOOD, GOOD, GOOD.replace("20", "nan"), GOOD.replace("20", "-20"), GOOD.replace("1.1", "99"),
        GOOD.replace("0.5", "inf"), GOOD.replace("20", "1e400"), GOOD[:-3], GOOD + ",7",
        "x,y", "", "\x00", GOOD.replace("20", "twenty"), "é" * 8,
    ]
)  # fmt: skip


QUICK = COVERAGE | JUDGES | BINNED | SAMPLES


@pytest.mark.parametrize("name", QUICK)
@fuzzed(50)
@given(data=st.data())
def test_right_or_refused(name, data):
    function, *strategies = QUICK[name]
    arguments = [data.draw(strategy) for strategy in strategies]
    assert_right_or_refused(function, *arguments, also=(FileNotFoundError, IndexError))


@pytest.mark.parametrize("name", METHODS)
@fuzzed(20)
@given(data=st.data())
def test_methods_of_unfolding(name, data):
    function, *strategies = METHODS[name]
    assert_right_or_refused(function, *(data.draw(strategy) for strategy in strategies))


@fuzzed(60)
@given(header=one_of([HEADER], ["", HEADER[3:], "pt;eta", HEADER.upper()]), lines=st.lists(LINES))
def test_tables_of_muon_pairs(header, lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("muons") / "pairs.csv"
    path.write_text("\n".join([header, *lines]), "utf-8")
    assert_right_or_refused(lambda: cms_dimuon.read(path).values)
