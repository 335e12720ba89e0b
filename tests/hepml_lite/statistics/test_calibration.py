import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn import metrics as sklearn_metrics
from sklearn.calibration import calibration_curve

from hepml_lite.plotting import reliability_diagram
from hepml_lite.statistics.calibration import (
    brier_score,
    expected_calibration_error,
    isotonic,
    platt_scaling,
    reliability_curve,
    temperature_scaling,
)
from hepml_lite.statistics.metrics import auc


def calibrated(n=4000, seed=0, slope=1.0, offset=0.0):
    """Labels and the probability that they were drawn with, then distorted in the logit."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, n)
    labels = (rng.random(n) < expit(logits)).astype(int)
    return labels, expit(slope * logits + offset)


def test_the_curve_is_scikit_learns():
    labels, probability = calibrated(4002, slope=2.0)  # no jet lies on a quantile
    curve = reliability_curve(labels, probability, 12)
    observed, predicted = calibration_curve(labels, probability, n_bins=12, strategy="quantile")
    assert curve.observed == pytest.approx(observed)
    assert curve.predicted == pytest.approx(predicted)
    assert np.ptp(curve.jets) <= 1
    assert curve.jets.sum() == len(labels)


def test_scores_are_scikit_learns():
    labels, probability = calibrated(slope=2.0)
    expected = sklearn_metrics.brier_score_loss(labels, probability)
    assert brier_score(labels, probability) == pytest.approx(expected)


def test_bins_of_calibrated_probabilities_cover_the_diagonal():
    inside = []
    for seed in range(60):
        curve = reliability_curve(*calibrated(1000, seed), n_bins=5)
        inside += [(curve.low <= curve.predicted) & (curve.predicted <= curve.high)]
    assert np.mean(inside) == pytest.approx(0.68, abs=0.08)


def test_the_error_of_a_calibrated_tagger_is_what_it_is_expected_to_be():
    p_values = []
    for seed in range(40):
        error = expected_calibration_error(*calibrated(1000, seed), n_bootstrap=99, rng=seed)
        p_values.append(error.p_value)
    assert error.if_calibrated.value > 0.01, "it is not zero"
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.15), "p-values are uniform"
    small, large = (
        expected_calibration_error(*calibrated(n), n_bootstrap=50, rng=0).if_calibrated.value
        for n in (500, 50_000)
    )
    assert large == pytest.approx(small / 10, rel=0.3), "it falls with the root of the jets"


def test_a_tagger_that_is_too_sure_is_found_out():
    error = expected_calibration_error(*calibrated(slope=2.0), n_bootstrap=99, rng=0)
    assert error.value > 5 * error.if_calibrated.value
    assert error.p_value == pytest.approx(0.01)
    known = np.repeat([0.2, 0.6], 50), np.repeat([0, 1, 0, 1], [35, 15, 25, 25])
    error = expected_calibration_error(known[1], known[0], n_bins=2, n_bootstrap=2, rng=0)
    assert error.value == pytest.approx(0.1)  # shares of 0.3 and 0.5


@pytest.mark.parametrize("applied", [0.4, 1.0, 2.5])
def test_temperature_scaling_finds_the_temperature_that_was_applied(applied):
    labels, probability = calibrated(20_000)
    logits = applied * logit(probability)
    found = temperature_scaling(labels, logits)
    assert found.temperature == pytest.approx(applied, rel=0.05)
    assert auc(labels, found(logits)) == auc(labels, logits)
    assert found(logits) == pytest.approx(probability, abs=0.02)
    columns = np.stack([0.5 * logits, 1.5 * logits], 1)  # what counts is the difference
    assert temperature_scaling(labels, columns).temperature == pytest.approx(found.temperature)
    assert found(columns) == pytest.approx(found(logits))


def test_temperature_of_many_classes():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 5))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(1)  # drawn from the softmax
    found = temperature_scaling(labels, 3 * logits)
    assert found.temperature == pytest.approx(3, rel=0.03)
    assert found(logits).sum(1) == pytest.approx(1)


def test_platt_and_isotonic_correct_an_offset_that_temperature_cannot():
    labels, probability = calibrated(slope=2.0, offset=1.5)
    scores = logit(probability)
    test, distorted = calibrated(seed=1, slope=2.0, offset=1.5)
    mended = {
        "temperature": temperature_scaling(labels, scores)(logit(distorted)),
        "Platt": platt_scaling(labels, scores)(logit(distorted)),
        "isotonic": isotonic(labels, scores)(logit(distorted)),
    }
    p_values = {
        name: expected_calibration_error(test, p, n_bootstrap=99, rng=0).p_value
        for name, p in mended.items()
    }
    assert p_values["temperature"] == pytest.approx(0.01)
    assert p_values["Platt"] > 0.05
    assert np.abs(mended["Platt"] - expit((logit(distorted) - 1.5) / 2)).max() < 0.05
    assert brier_score(test, mended["isotonic"]) < brier_score(test, distorted) - 0.01
    assert auc(test, mended["Platt"]) == auc(test, distorted)


def test_the_diagram_shows_a_point_for_each_bin():
    labels, good = calibrated(800)
    _, sure = calibrated(800, slope=3.0)
    with mpl.rc_context({"backend": "agg"}):
        figure, ax = plt.subplots()
        reliability_diagram(ax, labels, {"network": sure, "after scaling": good}, n_bins=8)
        figure.canvas.draw()
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        points = [container[0].get_xdata() for container in ax.containers]
        plt.close(figure)
    assert [text.split(":")[0] for text in texts] == ["network", "after scaling"]
    assert [len(x) for x in points] == [8, 8]
    assert ax.get_xlabel() == "predicted probability of signal"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reliability_curve([0, 1], [0.2, 1.2]), "softmax"),
        (lambda: reliability_curve([0, 2], [0.2, 0.3]), r"labels contain \[0 2\]"),
        (lambda: reliability_curve([0, 1], [[0.2, 0.8]] * 2), r"\[:, 1\]"),
        (lambda: reliability_curve([0, 1], [0.2, np.nan]), "1 of 2 probabilities are NaN"),
        (lambda: reliability_curve([0, 1], [0.2, 0.3], 0), "n_bins is 0"),
        (lambda: brier_score([0, 1, 1], [0.2, 0.3]), "one number a jet"),
        (lambda: temperature_scaling([0, 1], [-1.0, 1.0]), "separate"),
        (lambda: temperature_scaling([1, 0], [-1.0, 1.0]), "tell nothing"),
        (lambda: temperature_scaling([0, 3], np.zeros((2, 3))), "0 to 2 are allowed"),
        (lambda: expected_calibration_error([0, 1], [0.2, 0.3], n_bootstrap=1), "n_bootstrap is 1"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_integer_weight_is_as_many_jets():
    rng = np.random.default_rng(7)
    logits = rng.normal(0.2, 1.5, 600)
    labels = (rng.random(600) < 1 / (1 + np.exp(-0.6 * logits))).astype(int)
    weights = rng.integers(0, 4, 600)
    again = np.repeat(np.arange(600), weights)
    p = 1 / (1 + np.exp(-logits))

    assert brier_score(labels, p, weights) == pytest.approx(brier_score(labels[again], p[again]))
    temperature = temperature_scaling(labels, logits, weights).temperature
    repeated = temperature_scaling(labels[again], logits[again]).temperature
    assert temperature == pytest.approx(repeated, rel=1e-6)
    for fit, tolerance in ((platt_scaling, 1e-5), (isotonic, 1e-12)):
        weighted = fit(labels, logits, weights)(logits)
        assert weighted == pytest.approx(fit(labels[again], logits[again])(logits), abs=tolerance)
    one_bin = reliability_curve(labels, p, 1, weights=weights)
    repeated_bin = reliability_curve(labels[again], p[again], 1)
    assert one_bin.observed == pytest.approx(repeated_bin.observed)
    assert one_bin.predicted == pytest.approx(repeated_bin.predicted)
    assert one_bin.high - one_bin.low > repeated_bin.high - repeated_bin.low  # fewer jets


def test_weights_of_one_change_nothing():
    rng = np.random.default_rng(8)
    p = rng.random(500)
    labels = (rng.random(500) < p).astype(int)
    plain = expected_calibration_error(labels, p, n_bootstrap=20)
    weighted = expected_calibration_error(labels, p, n_bootstrap=20, weights=np.ones(500))
    assert weighted == plain
    curve = reliability_curve(labels, p)
    for name, values in reliability_curve(labels, p, weights=np.full(500, 3.0))._asdict().items():
        assert values == pytest.approx(getattr(curve, name)), name


@pytest.mark.parametrize("weights", [[-1, 1, 1], [0, 0, 0], [1, 1], [np.nan, 1, 1]])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        brier_score([0, 1, 1], [0.2, 0.3, 0.9], weights)
