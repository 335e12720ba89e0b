"""What students give by mistake to inference, its exact problems, searches and their pictures."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from data_fetch.generate.live_hadronic_z import LiveHadronicZ
from hepml_lite import plotting
from hepml_lite.anomaly_detection import injected
from hepml_lite.anomaly_detection.beyond.combination import Combination
from hepml_lite.anomaly_detection.beyond.factorised import FactorisedObservables
from hepml_lite.anomaly_detection.beyond.tails_and_resonance import TailsAndResonance
from hepml_lite.anomaly_detection.resonant.events import ResonantEvents
from hepml_lite.containers.events import Events
from hepml_lite.exact.hidden_shift import HiddenShift
from hepml_lite.exact.smeared_drell_yan import SmearedDrellYan
from hepml_lite.exact.tracker_thickness import TrackerThickness
from hepml_lite.inference import (
    EventFeatures,
    chosen_flow,
    classical,
    error_growth,
    failures,
    likelihood_of_means,
    matrix_element,
    posterior,
    results,
    sampling,
)
from hepml_lite.inference.calibration.coverage_score import coverage_penalty
from hepml_lite.inference.calibration.hidden_systematics import p_values_among
from hepml_lite.inference.experiments.experiment_design import DesignPlan, optimise
from hepml_lite.statistics.weighted_counts import weighted_sum_interval

TRACKER = TrackerThickness()
VALUES = np.linspace(-1, 1, 5)
TABLE = -(VALUES[:, None] ** 2) * np.ones((5, 3))
MODEL = classical.HistogramModel([5.0, 1], [50.0, 20], [5.0, 3])
DRAWS = np.linspace(-1, 1, 8)[:, None]
MASSES = Events(np.arange(100.0)[:, None], ("mjj",))
SEARCHED = ResonantEvents(np.arange(100.0), np.arange(200.0).reshape(100, 2))


def spectrum(counts=(1, 2), edges=(0, 1, 2), window=None):
    axes = plt.subplots(2)[1]
    plotting.spectrum_and_pull(*axes, edges, counts, [1, 2], [0.1, 0.1], window)


def matrix_elements(log_density=0.0, log_transfer=0.0):
    """The method with functions that give one number a row."""
    known = SimpleNamespace(
        sample=lambda n, x, rng: np.zeros((n, len(x), 1)),
        log_prob=lambda z, x: np.zeros(len(z)),
    )
    method = matrix_element.MatrixElementMethod(
        lambda theta, z: np.full(len(z), log_density),
        lambda x, z: np.broadcast_to(log_transfer, np.shape(log_transfer) or len(z)),
        known,
    )
    return method.event_likelihoods([0.0], np.zeros((3, 1)), 4)


def best(**settings):
    plan = DesignPlan(n_steps=2, n_warm_up=1, batch_size=4)
    arguments = {"start": [0.0], "plan": plan, "simulate": TRACKER.simulate, **settings}
    return optimise(TRACKER.sample_prior, **arguments)


def of_events(log_density, values=VALUES):
    return classical.unbinned(log_density, np.zeros((4, 1)), values)


def in_bins(shares, edges=(0, 1, 2), values=VALUES):
    return classical.binned(shares, np.array([0.5, 1.5]), edges, values)


REFUSED = {
    "falling values": (lambda: classical.profiled(VALUES[::-1], TABLE), "that rise"),
    "repeated values": (lambda: classical.marginalised(np.zeros(5), TABLE), "that rise"),
    "NaN in a table": (lambda: classical.profiled(VALUES, TABLE * np.nan), "table gave 15 NaN"),
    "NaN prior": (lambda: classical.profiled(VALUES, TABLE, [np.nan] * 3), "log_prior gave 3"),
    "impossible": (lambda: classical.profiled(VALUES, TABLE - np.inf), "zero at all 5 values"),
    "falling curve": (lambda: classical.Curve([1, 0], [0, 0]), "that rise"),
    "falling unbinned": (lambda: of_events(lambda v, x: x[:, 0], VALUES[::-1]), "that rise"),
    "NaN density of events": (lambda: of_events(lambda v, x: x[:, 0] * np.nan), "gave 4 NaN"),
    "one number": (lambda: of_events(lambda v, x: 0.0), r"give one logarithm each, \(4,\)"),
    "no function": (lambda: of_events(0.0), "log_density is 0.0: give a function"),
    "one share": (lambda: in_bins(lambda v: [1.0]), r"give the chance of each bin, \(2,\)"),
    "negative shares": (lambda: in_bins(lambda v: [-1.0, 2]), "1 shares are negative"),
    "nothing inside": (lambda: in_bins(lambda v: [0.5, 0.5], (8, 9, 10)), "none of 2 events"),
    "no information": (lambda: classical.smallest_errors(np.ones((2, 2)), 9), "eigenvalues from"),
    "negative events": (lambda: classical.smallest_errors([[1.0]], -9), "n_events is -9"),
    "strength of toys": (lambda: MODEL.toys(-1, [1, 1], 5), "mu is -1"),
    "NaN strength": (lambda: MODEL.q_tilde(np.nan, MODEL.observed([50, 20])), "mu is nan"),
    "column of densities": (
        lambda: sampling.walkers(lambda p: -(p**2), DRAWS, 3), r"give one logarithm each, \(8,\)"
    ),
    "NaN on the way": (
        lambda: sampling.walkers(lambda p: np.where(p[:, 0] ** 2 > 0.5, np.nan, 0), DRAWS, 3),
        "log_density gave [1-4] NaN",
    ),
    "no draws": (lambda: sampling.weighted(np.zeros((0, 1)), [], []), "log_proposal has 0"),
    "gradients": (
        lambda: posterior.fit(VALUES, torch.ones(5, 1, requires_grad=True)), "x cannot become"
    ),
    "complex data": (lambda: posterior.fit(VALUES, VALUES + 1j), "x holds complex128"),
    "masked data": (lambda: posterior.fit(VALUES, np.ma.masked_less(VALUES, 0)), "masked array"),
    "no summaries": (
        lambda: posterior.fit(VALUES, VALUES, embedding=lambda x: None), "gave no summaries"
    ),
    "no pairs": (lambda: posterior.plan_for(0, "flow_matching"), "n is 0"),
    "constant feature": (
        lambda: likelihood_of_means.fit(np.arange(30.0), np.ones((30, 5, 1))), "0 of features"
    ),
    "constant parameter": (
        lambda: EventFeatures().fit(np.ones(30), np.ones((30, 5, 1))), "column 0 of theta"
    ),
    "per cent": (lambda: coverage_penalty(68, 10), "coverage is 68"),
    "no interval": (lambda: coverage_penalty(0.68, 0), "n is 0"),
    "NaN coverage": (lambda: coverage_penalty(np.nan, 10), "coverage is nan"),
    "NaN statistic": (lambda: p_values_among(np.ones(5), np.array([np.nan])), "NaN"),
    "no reference": (lambda: p_values_among(np.ones(0), np.ones(2)), "reference is empty"),
    "region": (lambda: injected(MASSES, MASSES, (5, 2), 1.0), "region is"),
    "no background": (lambda: injected(MASSES, MASSES, (500, 600), 1.0), "no background"),
    "no signal": (lambda: injected(MASSES, MASSES[:0], (20, 60), 1.0), "there are 0"),
    "negative counts": (lambda: spectrum([-1, 2]), "negative"),
    "edges": (lambda: spectrum(edges=[0, 2, 1]), "rise"),
    "window": (lambda: spectrum(window=(1, 0)), "window is"),
    "spread": (lambda: TrackerThickness(spread=np.nan), "spread is nan"),
    "thickness": (lambda: TRACKER.uncertainty(0), "thickness is 0"),
    "momenta": (lambda: TRACKER.sample_prior(-1), "n is -1"),
    "nuisance": (lambda: HiddenShift(np.nan), "nuisance is nan"),
    "correlation": (lambda: HiddenShift(correlation="0.5"), "correlation is '0.5'"),
    "no events": (lambda: HiddenShift().posterior_width(-5), "n_events is -5"),
    "empty sets": (lambda: HiddenShift().posterior(np.zeros((3, 0, 2))), "N >= 1"),
    "size": (lambda: HiddenShift(0.1).best_power(10, 5), "size is 5"),
    "resolution": (lambda: SmearedDrellYan(mass_resolution=0.25), "mass_resolution"),
    "NaN ends": (lambda: matrix_element.phase_space_change(1, [np.nan], [np.nan]), "rise"),
    "exchanged ends": (lambda: matrix_element.phase_space_change(1, [1], [0]), "rise"),
    "NaN density": (lambda: matrix_elements(np.nan), "log_parton_density gave 12"),
    "one transfer": (lambda: matrix_elements(log_transfer=np.zeros((12, 1))), r"\(12, 1\)"),
    "no steps": (lambda: DesignPlan(n_steps=0), "n_steps is 0"),
    "rate": (lambda: DesignPlan(design_rate=np.nan), "design_rate is nan"),
    "NaN limit": (lambda: best(low=np.nan), "between low"),
    "limits": (lambda: best(high=[1.0, 2.0]), "a number or"),
    "diverged": (lambda: best(simulate=lambda theta, t: theta + t.sqrt()), "NaN or infinite"),
    "numpy": (lambda: best(simulate=lambda theta, t: theta.numpy()), "without a gradient"),
    "no size": (lambda: error_growth.fit_set_network(HiddenShift(), [], 100), "sizes is"),
    "half size": (lambda: error_growth.fit_set_network(HiddenShift(), 2.5, 100), "size is 2.5"),
    "held out": (
        lambda: chosen_flow.fit(np.zeros(50), np.zeros(50), held_out=0.99), "leaves 0 of 50"
    ),
    "one parameter": (lambda: failures.EXACT.log_prob([[0.1]], [[0, 0, 0]]), "give points"),
    "mean of nothing": (lambda: results.mean_of([]), "values is empty"),
    "part": (lambda: results.table([], "costs"), "no part 'costs'"),
    "list of searches": (lambda: Combination([1]).fit(SEARCHED, (20, 60)), "by name"),
    "tails": (lambda: TailsAndResonance(Combination({}), 0).fit(SEARCHED, (20, 60)), "tails=0"),
    "one mass": (
        lambda: FactorisedObservables().fit(ResonantEvents(np.ones(50), np.zeros((50, 1)))),
        "variance 0",
    ),
    "settings": (lambda: LiveHadronicZ(settings="StringPT:sigma = 0.4"), "several texts"),
    "workers": (lambda: LiveHadronicZ(workers=0), "workers is 0"),
    "variance": (lambda: weighted_sum_interval(3, 0, 1), "same events"),
    "largest": (lambda: weighted_sum_interval(3, 3, 0.5), "none of them exceeds"),
    "infinite": (lambda: weighted_sum_interval(np.inf, 1, 1), "total is inf"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    wrong, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        wrong()
    plt.close("all")


def test_a_damaged_card_of_results_is_named(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("part,case\n")
    for text in ("[{", '[{"part": 1}]', "3", "{}"):
        path.with_suffix(".json").write_text(text)
        with pytest.raises(ValueError, match=r"card of .*results\.csv is damaged"):
            results.read_results(path)


def test_no_signal_gives_the_background_back():
    assert len(injected(MASSES, MASSES[:0], (20, 60), 0)) == len(MASSES)


def test_tails_may_be_an_array():
    TailsAndResonance(Combination({}), np.array([0, 1]))._require_columns(2)


def test_the_network_is_still_a_posterior():
    found = best()
    assert np.isfinite(found.design).all()
    assert isinstance(found.network(torch.zeros(1, 1), torch.zeros(1, 1))[0], torch.Tensor)


def test_counts_and_seeds_of_other_formats_do():
    assert sampling.walkers(lambda p: -(p**2).sum(1), DRAWS, 3.0).shape == (3, 8, 1)
    assert MODEL.toys(1, [1, 1], 5.0, 0).main.shape == (5, 2)
    assert classical.Curve([0, 1, 2], [-1, 0, -1]).best == pytest.approx(1)


def test_a_huge_signal_has_a_small_limit_and_a_large_deficit_a_finite_significance():
    small = classical.HistogramModel([5.0, 0], [50.0, 20], [5.0, 3])
    huge = classical.HistogramModel([5e9, 0], [50.0, 20], [5.0, 3])
    limits = [classical.upper_limit(model, [50, 20]) for model in (small, huge)]
    assert limits[0] == pytest.approx(1e9 * limits[1], rel=1e-4)
    assert -np.inf < classical.z_bi(100, 500, 1) < -10
