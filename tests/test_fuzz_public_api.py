"""Whatever public functions are given: numbers without NaN, or a ValueError or TypeError of ours.

Each argument is drawn from good values and from what goes wrong in lessons. An error must be raised
by a check of this library, in a line that begins with `raise`, not by a library that it calls.
"""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from fuzzing import (
    BAD_ARRAYS,
    BAD_NUMBERS,
    LABELS,
    RNG,
    SCORES,
    SHARES,
    N,
    assert_right_or_refused,
    fuzzed,
    one_of,
)
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from hepml_lite import anomaly_detection, checks, containers, training, unfolding
from hepml_lite import densities as learned
from hepml_lite.exact import GaussianUnfolding, densities
from hepml_lite.jet_physics import observables
from hepml_lite.networks import (
    deep_sets,
    lola,
    particle_net,
    particle_transformer,
    pelican,
    transformer,
)
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics import (
    calibration,
    decorrelation,
    efficiency_shift,
    equal_efficiency,
    intervals,
    metrics,
    thresholds,
    two_sample,
    working_point,
)

pytestmark = pytest.mark.filterwarnings("ignore")

labels = one_of([LABELS, LABELS == 1, LABELS.tolist(), LABELS.astype(float)],
                [*BAD_ARRAYS, LABELS + 1, LABELS - 0.5, np.zeros(N), LABELS - 100])  # fmt: skip
scores = one_of([SCORES, SHARES, LABELS, SCORES.round(), np.zeros(N), 1e6 * SCORES], BAD_ARRAYS)
shares = one_of([SHARES, LABELS, np.full(N, 0.5)], [*BAD_ARRAYS, SCORES])
logits = one_of([SCORES, RNG.normal(size=(N, 2))], BAD_ARRAYS)
weights = one_of([None, SHARES, LABELS + 1], BAD_ARRAYS)
edges = one_of([[0, 0.5, 1], np.linspace(-3, 3, 5)], [*BAD_ARRAYS, [1, 0], [0, 0, 1]])
efficiency = one_of([0.3, 0.5, 1], BAD_NUMBERS)
efficiencies = one_of([0.3, [0.3, 0.5], np.array([0.2])], BAD_NUMBERS)
level = one_of([0.68, 0.95], BAD_NUMBERS)
n_bootstrap = one_of([2, 5], [b for b in BAD_NUMBERS])
count = one_of([1, 2, 10], BAD_NUMBERS)
number = one_of([0.5, 1.0, 2], BAD_NUMBERS)
rng = one_of([0, 1], [-1, 1.5, "seed", None, []])
selected = one_of([SCORES > 0, SCORES > 9], [*BAD_ARRAYS, LABELS])

STATISTICS = {
    "roc_curve": (metrics.roc_curve, labels, scores, weights),
    "auc": (metrics.auc, labels, scores, weights),
    "accuracy": (metrics.accuracy, labels, scores, number, weights),
    "background_rejection": (metrics.background_rejection, labels, scores, efficiencies, weights),
    "significance": (metrics.significance_improvement, labels, scores, number, weights),
    "bootstrap": (partial(metrics.bootstrap, metrics.auc), labels, scores, n_bootstrap, rng, level),
    "roc_band": (metrics.roc_band, labels, scores, n_bootstrap, rng, level, efficiencies),
    "threshold_at": (thresholds.threshold_at, scores, efficiency, weights),
    "efficiency_interval": (intervals.efficiency_interval, count, count, level),
    "central_interval": (intervals.central_interval, shares, level),
    "mass_sculpting": (
        partial(decorrelation.mass_sculpting, n_bootstrap=2),
        labels, scores, shares, efficiency, edges,
    ),
    "jensen_shannon": (decorrelation.jensen_shannon, shares, shares),
    "reliability_curve": (calibration.reliability_curve, labels, shares, count, level),
    "calibration_error": (
        calibration.expected_calibration_error, labels, shares, count, n_bootstrap, rng
    ),
    "brier_score": (calibration.brier_score, labels, shares),
    "temperature": (
        lambda y, s, t: calibration.temperature_scaling(y, s)(t), labels, logits, logits
    ),
    "platt": (lambda y, s, t: calibration.platt_scaling(y, s)(t), labels, scores, scores),
    "isotonic": (lambda y, s, t: calibration.isotonic(y, s)(t), labels, scores, scores),
    "shift": (
        lambda *a: efficiency_shift.shift_of_efficiency(a[0], a[1], a[2], None, *a[3:]),
        labels, scores, scores, efficiency, n_bootstrap, rng, level,
    ),
    "matched_threshold": (equal_efficiency.matched_threshold, labels, scores, count),
    "working_point": (
        lambda y, s, a, b: working_point.working_point(y, s).significance(a, b),
        labels, selected, number, number,
    ),
    "in_window": (
        working_point.in_window, shares, one_of([(0, 1)], [None, (1, 0), (0, np.nan), "ab", 3])
    ),
}  # fmt: skip

CONSTITUENTS = RNG.random((3, 4, 3)) + 0.1
JETS = containers.Jets(CONSTITUENTS, label=[0, 1, 0])
jets = one_of([JETS, JETS[:0], JETS[:1]], [CONSTITUENTS, None, [], "jets", [JETS]])
OBSERVABLES = {
    "mass": (observables.mass, jets),
    "multiplicity": (observables.multiplicity, jets),
    "width": (observables.width, jets, number, number, number),
    "pt_dispersion": (observables.pt_dispersion, jets),
    "n_subjettiness": (observables.n_subjettiness, jets, count, number, number),
    "ratio": (observables.n_subjettiness_ratio, jets, count, number),
    "correlation": (observables.energy_correlation, jets, count, number, count),
    "d2": (observables.d2, jets, number),
    "soft_drop": (observables.soft_drop, jets, number, number, number),
    "trees": (observables.clustering.cluster, jets, st.sampled_from(["kt", "cambridge", 3, []])),
    "EFP": (
        observables.energy_flow_polynomials.energy_flow_polynomials,
        jets, one_of([0, 2], BAD_NUMBERS), number,
    ),
    "EEC": (observables.energy_correlators.energy_correlator, jets, edges, count),
    "network_inputs": (network_inputs, jets),
    "Jets": (
        lambda c, m, y: containers.Jets(c, m, label=y).mass,
        one_of(
            [CONSTITUENTS], [*BAD_ARRAYS, -CONSTITUENTS, CONSTITUENTS * np.nan, CONSTITUENTS[0]]
        ),
        one_of([None, np.ones((3, 4), bool)], [*BAD_ARRAYS, np.zeros((3, 4), bool)]),
        one_of([None, [0, 1, 0]], [*BAD_ARRAYS, [0.7, 0, 1], [0, 1, 2]]),
    ),
    "split": (lambda f, g: JETS.split(f, g), number, number),
}  # fmt: skip

FOUR_ROWS = one_of(
    [np.ones((4, 2)), [[1, 2]] * 4, pd.DataFrame(np.ones((4, 2))), torch.ones(4, 2)],
    [*BAD_ARRAYS, np.ones((4, 3)), np.ones((3, 2)), -np.ones((4, 2)), np.ones((0, 2))],
)  # fmt: skip
GEOMETRY = containers.Geometry.regular([0, 1], 1, [0, 1, 2], "mm", "mm")
OBJECTS = np.zeros((4, 19, 3))
row_weights = one_of([None, [1, 0, 2, 3], pd.Series(np.ones(4))], [*BAD_ARRAYS, -np.ones(4)])
row_labels = one_of([None, [0, 0, 0, 0]], [*BAD_ARRAYS, [0, 1, 2, 3]])
names = one_of([("a", "b")], ["ab", (), None, 3, ("a",)])
flags = one_of([None, np.ones(4, bool)], [*BAD_ARRAYS, np.zeros(4, bool), np.ones(4)])
CONTAINERS = {
    "Events": (
        lambda v, q, y, w: containers.Events(v, q, label=y, weight=w).values,
        FOUR_ROWS, names, row_labels, row_weights,
    ),
    "Showers": (
        lambda v, e, y, w: containers.Showers(v, e, GEOMETRY, label=y, weight=w).deposited,
        FOUR_ROWS, one_of([np.ones(4)], [*BAD_ARRAYS, -np.ones(4)]), row_labels, row_weights,
    ),
    "UnfoldingPair": (
        lambda *a: containers.UnfoldingPair(*a[:5], weight=a[5]).matched.measured,
        FOUR_ROWS, FOUR_ROWS, names, flags, flags, row_weights,
    ),
    "TriggerEvents": (
        lambda o, p, n, w: containers.TriggerEvents(o, p, processes=n, weight=w).jets,
        one_of([OBJECTS, OBJECTS.tolist()], [*BAD_ARRAYS, OBJECTS - 1, OBJECTS[0]]),
        one_of([None, [0, 1, 0, 1]], [*BAD_ARRAYS, [0.5] * 4, [0, 1, 2, 3]]),
        names, row_weights,
    ),
}  # fmt: skip

rows = one_of(
    [RNG.normal(size=(N, 2)), SCORES, SCORES.round(), pd.Series(SCORES)],
    [*BAD_ARRAYS, RNG.normal(size=(N, 3)), [1.0]],
)
DISTANCES = (
    "frechet_distance", "kernel_distance", "energy_distance", "wasserstein_distances",
    "sliced_wasserstein_distance", "optimal_transport_distance",
)  # fmt: skip
TWO_SAMPLE = {
    name: (getattr(two_sample, name), rows, rows, weights, weights) for name in DISTANCES
} | {
    "chance_level": (
        lambda a, b, rng, n: two_sample.chance_level(
            two_sample.energy_distance, a, b, rng, n_permutations=n
        ).p_value,
        rows, rows, rng, one_of([2], BAD_NUMBERS),
    ),
    "effective_sample_size": (two_sample.effective_sample_size, weights),
}  # fmt: skip

plane = one_of([RNG.normal(size=(N, 2)), np.zeros((1, 2)), [[0, 0]]], BAD_ARRAYS)
EXACT = {
    type(density).__name__: (density.log_prob, plane)
    for density in (densities.GaussianRing(), densities.TwoMoons(), densities.Checkerboard())
} | {
    "LinearGaussian": (densities.linear_gaussian(2, 2).log_prob, plane, plane),
    "events": (densities.GaussianRing().events, count, rng),
    "GaussianUnfolding": (GaussianUnfolding().weights, scores, one_of([0, 2], BAD_NUMBERS)),
}  # fmt: skip

FLOW = learned.Flow(plan=learned.TrainingPlan(epochs=1)).fit(
    np.random.default_rng(0).random((N, 2))
)
RATIO = learned.fit_ratio(
    RNG.normal(size=(N, 2)), RNG.normal(size=(N, 2)), model="trees", calibrate=False
)
spectrum = one_of([[3, 4, 5], np.array([3.0, 4.0, 5.0])], [*BAD_ARRAYS, [-3, 4, 5], [3, 4]])
response = one_of([np.eye(3), 0.8 * np.eye(3)], [*BAD_ARRAYS, -np.eye(3), np.eye(4)])
level_of_events = one_of([RNG.normal(size=(N, 2)), SCORES], [*BAD_ARRAYS, RNG.random((N - 1, 2))])
event_flags = one_of([None, SCORES > -9], [*BAD_ARRAYS, LABELS])
LEARNED_AND_UNFOLDED = {
    "log_prob": (FLOW.log_prob, plane),
    "sample": (lambda n, c, r: FLOW.sample(n, c, r), count, one_of([None], BAD_ARRAYS), rng),
    "ratio": (RATIO.log_ratio, plane),
    "fit_ratio": (
        lambda a, b, w: learned.fit_ratio(
            a, b, weights=(w, None), model="trees", calibrate=False, folds=2
        ).numerator.log_ratio,
        plane, one_of([RNG.normal(size=(N, 2))], BAD_ARRAYS), weights,
    ),
    "SimulatedEvents": (
        lambda *a: unfolding.SimulatedEvents.of(*a).weights,
        level_of_events, level_of_events, weights, event_flags, event_flags,
    ),
    "iterative_bayes": (
        lambda *a: unfolding.iterative_bayes(*a).errors, spectrum, response, spectrum, count
    ),
    "tikhonov": (lambda *a: unfolding.tikhonov(*a).errors, spectrum, response, spectrum, number),
    "invert": (lambda *a: unfolding.invert(*a).errors, spectrum, response),
    "chi_squared": (
        lambda *a: unfolding.reports.chi_squared(*a).value, spectrum, spectrum, response
    ),
}  # fmt: skip

mass_edges = one_of([[0, 0.25, 0.5, 1], np.linspace(-3, 3, 4)], [*BAD_ARRAYS, [1, 0]])
widths = one_of([(1, 2), (2, 2)], [None, (2, 1), (1, 9), 3, "ab", (0, 1), (1.5, 2)])
SEARCHES = {
    "bump_hunt": (
        lambda m, e, b, w, n, r: anomaly_detection.bump_hunt(
            m, e, background=b, widths=w, n_toys=n, rng=r
        ).window_p,
        scores, mass_edges, spectrum, widths, one_of([1, 5], [0, -1, None, 2.5]), rng,
    ),
    "fit_spectrum": (
        lambda c, e, n: anomaly_detection.fit_spectrum(
            c, e, function="polynomial", n_parameters=n
        ).expected,
        spectrum, mass_edges, one_of([1, 2], BAD_NUMBERS),
    ),
    "weakly_supervised_scores": (
        lambda a, b, c: anomaly_detection.weakly_supervised_scores(
            a, b, c, n_ensemble=1, folds=2
        ),
        plane, plane, plane,
    ),
    "improvement": (
        lambda a, b, c: anomaly_detection.reports.improvement(a, b, c).improvement,
        labels, scores, one_of([0.9, 0.5], BAD_NUMBERS),
    ),
    "flatness": (
        lambda a, b, c: anomaly_detection.reports.flatness(a, b, c).reduced,
        scores, selected, edges,
    ),
    "without_signal": (
        lambda p: anomaly_detection.reports.without_signal(p).uniformity, shares
    ),
    "direct_background": (
        lambda a, b, c: anomaly_detection.direct_background(a, b, c).p_value,
        scores, scores, number,
    ),
}  # fmt: skip

PARTICLES = torch.rand(3, 4, 3) + 1
MASK = torch.ones(3, 4, dtype=torch.bool)
BAD_PARTICLES = (
    None, [], "text", PARTICLES.numpy(), PARTICLES[0], PARTICLES[..., :2], PARTICLES.long(),
    PARTICLES.half(), PARTICLES * torch.nan, PARTICLES * torch.inf, PARTICLES.to(torch.complex64),
    torch.rand(3, 4, 9), torch.rand(0, 4, 3), torch.rand(3, 4, 4) + torch.tensor([4.0, 0, 0, 0]),
)  # fmt: skip
NETWORKS = {
    "PFN": deep_sets.ParticleFlowNetwork(3, (4, 4), (4,)),
    "EFN": deep_sets.EnergyFlowNetwork(3, (4, 4), (4,)),
    "transformer": transformer.TransformerEncoder(3, width=8, n_heads=2),
    "ParticleNet": particle_net.ParticleNet(blocks=((8, 8),), n_neighbours=2),
    "ParT": particle_transformer.ParticleTransformer(0, (8,), (4,), 2, 1),
    "LoLa": lola.LoLa(4, 2, (4,)),
    "PELICAN": pelican.PELICAN(),
}


@pytest.mark.parametrize("name", STATISTICS)
@fuzzed(100)
@given(data=st.data())
def test_statistics(name, data):
    function, *strategies = STATISTICS[name]
    assert_right_or_refused(function, *(data.draw(s) for s in strategies))


@pytest.mark.parametrize("name", OBSERVABLES)
@fuzzed(60)
@given(data=st.data())
def test_containers_and_observables(name, data):
    function, *strategies = OBSERVABLES[name]
    assert_right_or_refused(function, *(data.draw(s) for s in strategies))


@pytest.mark.parametrize("name", CONTAINERS)
@fuzzed(80)
@given(data=st.data())
def test_containers_of_rows(name, data):
    function, *strategies = CONTAINERS[name]
    assert_right_or_refused(function, *(data.draw(s) for s in strategies))


@pytest.mark.parametrize("name", TWO_SAMPLE)
@fuzzed(60)
@given(data=st.data())
def test_two_samples(name, data):
    function, *strategies = TWO_SAMPLE[name]
    assert_right_or_refused(function, *(data.draw(s) for s in strategies))


@pytest.mark.parametrize("name", EXACT)
@fuzzed(60)
@given(data=st.data())
def test_exact_models(name, data):
    function, *strategies = EXACT[name]
    assert_right_or_refused(function, *(data.draw(s) for s in strategies))


@pytest.mark.parametrize("name", LEARNED_AND_UNFOLDED)
@fuzzed(40)
@given(data=st.data())
def test_densities_and_unfolding(name, data):
    function, *strategies = LEARNED_AND_UNFOLDED[name]
    assert_right_or_refused(function, *(data.draw(s) for s in strategies))


@pytest.mark.parametrize("name", SEARCHES)
@fuzzed(40)
@given(data=st.data())
def test_searches(name, data):
    function, *strategies = SEARCHES[name]
    assert_right_or_refused(function, *(data.draw(s) for s in strategies))


@pytest.mark.parametrize("name", NETWORKS)
@fuzzed(60)
@given(
    particles=one_of([PARTICLES, torch.rand(3, 4, 4) * 0.1 + 1], BAD_PARTICLES),
    mask=one_of([MASK, MASK & False], [None, MASK.float(), MASK[:, :3], MASK.numpy(), MASK[:0]]),
)
@torch.no_grad()
def test_networks(name, particles, mask):
    assert_right_or_refused(NETWORKS[name].eval(), particles, mask)


ROWS = RNG.normal(size=(N, 4)).astype(np.float32)


@fuzzed(60)
@given(
    model=one_of([MLP((4, 3, 2))], [MLP, None, nn.ReLU(), MLP((4, 1))]),
    inputs=one_of([ROWS, torch.tensor(ROWS)], BAD_ARRAYS),
    truth=labels,
    options=st.fixed_dictionaries(
        {},
        optional={
            "loss": st.sampled_from([nn.CrossEntropyLoss(), "mean", None, lambda *_: 1.0]),
            "optimizer": st.sampled_from(["adam", torch.optim.SGD, 3]),
            "epochs": count,
            "batch_size": count,
            "learning_rate": one_of([1e-3], [b for b in BAD_NUMBERS if b != 1e300]),
            "schedule": st.sampled_from([None, training.cosine, 0.5]),
        },
    ),
)
def test_fit(model, inputs, truth, options):
    def run():
        given_options = {"loss": training.cross_entropy, "epochs": 1} | options
        history = training.fit(
            model, (inputs, truth), device="cpu", progress=False, **given_options
        )
        return history.train_loss

    # what fit promises for NaN in data
    assert_right_or_refused(run, also=(FloatingPointError,))


@fuzzed(60)
@given(
    exercise_id=st.sampled_from(["0.1", "0.2", "2.1"]),
    answer=st.sampled_from([*BAD_ARRAYS, *BAD_NUMBERS, lambda *_: np.nan, lambda *_: None, abs]),
)
def test_checks_never_raise_and_never_call_nonsense_right(exercise_id, answer):
    """`check` gives back the reference, unless the answer is right."""
    assert checks.check(exercise_id, answer) is not answer or answer is None
