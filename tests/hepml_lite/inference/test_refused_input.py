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
from hepml_lite.inference import chosen_flow, error_growth, failures, matrix_element, results
from hepml_lite.inference.calibration.coverage_score import coverage_penalty
from hepml_lite.inference.calibration.hidden_systematics import p_values_among
from hepml_lite.inference.experiments.experiment_design import DesignPlan, optimise
from hepml_lite.statistics.weighted_counts import weighted_sum_interval

TRACKER = TrackerThickness()
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


REFUSED = {
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
