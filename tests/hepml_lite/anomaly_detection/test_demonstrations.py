"""What outlier scores do not do: exact in one dimension, and with detectors of a known score."""

import numpy as np
import pytest
from scipy.stats import norm, uniform

from hepml_lite.anomaly_detection.outliers.demonstrations import (
    both_directions,
    bottleneck_scan,
    contamination_scan,
    coordinates,
    mixed,
)
from hepml_lite.statistics.metrics import auc


class DistanceToMean:
    """Scores the distance from the mean of the training: what a scan does is then exact."""

    def fit(self, background, *, rng=0):
        self.mean = np.mean(background, axis=0)
        return self

    def score(self, events):
        return np.linalg.norm(events - self.mean, axis=1)


class SizeOnly(DistanceToMean):
    """A score of complexity alone: it ignores the training."""

    def score(self, events):
        return np.linalg.norm(events, axis=1)


@pytest.fixture
def two_classes():
    rng = np.random.default_rng(0)
    simple = 0.5 * rng.normal(size=(1000, 5))
    complex_ = 2.0 * rng.normal(size=(1000, 5))
    return np.concatenate([simple, complex_]), np.repeat([0, 1], 1000)


def test_the_density_of_each_coordinate_is_a_density():
    background = coordinates.lesson_background()
    m = np.linspace(1e-6, 1500, 400_001)
    for coordinate in coordinates.lesson_coordinates(background):
        p = np.exp(-coordinates.density_score(m, background, coordinate))
        slope = np.exp(coordinate.log_slope(m))
        assert np.trapezoid(p * slope, m) == pytest.approx(1, abs=1e-4)  # ∫ p_u du


def test_the_ranking_of_events_depends_on_the_coordinate():
    background = coordinates.lesson_background()
    mass, log_mass, _, rank = coordinates.lesson_coordinates(background)
    events = np.array([5.0, 173.0])  # p falls with m, and p_u = m p of ln m has a maximum at 80
    one = coordinates.density_score(events, background, mass)
    other = coordinates.density_score(events, background, log_mass)
    assert one[1] > one[0]
    assert other[0] > other[1]
    np.testing.assert_allclose(coordinates.density_score(events, background, rank), 0, atol=1e-8)


def test_the_auc_of_a_density_is_anything_and_that_of_a_ratio_is_one_number():
    background = coordinates.lesson_background()
    signal = coordinates.lesson_signals()["light"]
    of_density = []
    of_ratio = []
    for coordinate in coordinates.lesson_coordinates(background):
        of_density.append(
            coordinates.exact_auc(
                lambda m, c=coordinate: coordinates.density_score(m, background, c),
                background,
                signal,
            )
        )
        of_ratio.append(
            coordinates.exact_auc(
                lambda m, c=coordinate: coordinates.ratio_score(m, background, signal, c),
                background,
                signal,
            )
        )
    assert of_density[0] == pytest.approx(1 - np.exp(-0.1), abs=0.01)  # lighter than 8 of 80 GeV
    assert of_density[1] > 0.85  # in ln m a light event is rare
    assert of_density[3] == pytest.approx(0.5)
    assert np.ptp(of_ratio) < 1e-6
    assert min(of_ratio) > max(of_density)


def test_the_exact_auc_is_that_of_gaussians():
    found = coordinates.exact_auc(lambda x: x, norm(0, 1), norm(1, 1))
    assert found == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=1e-3)
    assert coordinates.exact_auc(lambda x: x, uniform(), uniform()) == pytest.approx(0.5)


def test_a_score_of_complexity_finds_one_direction_only(two_classes):
    rows, labels = two_classes
    up, down = both_directions(SizeOnly, rows, labels, rows, labels)
    assert up.auc == pytest.approx(1 - down.auc)
    assert up.auc > 0.95
    assert up.improvement.largest > 1
    assert down.improvement.largest == pytest.approx(1)


def test_a_scan_of_widths_reports_both_errors(two_classes):
    rows, labels = two_classes
    scan = bottleneck_scan(lambda n: DistanceToMean(), (1, 2), rows[labels == 0], rows, labels)
    assert [width.n_latent for width in scan] == [1, 2]
    score = np.linalg.norm(rows - rows[labels == 0].mean(0), axis=1)
    assert scan[0].error_of_background == pytest.approx(score[labels == 0].mean())
    assert scan[1].error_of_signal == pytest.approx(score[labels == 1].mean())
    assert scan[0].judged.auc == pytest.approx(auc(labels, score))


def test_contaminated_rows_have_the_share_asked_for():
    background = np.zeros((200, 2))
    signal = np.ones((50, 2))
    for share in (0.0, 0.05, 0.25):
        rows = mixed(background, signal, share, rng=3)
        assert rows.shape == (200, 2)
        assert rows[:, 0].mean() == pytest.approx(share)
    with pytest.raises(ValueError, match="80 signal rows are needed and 50 are there"):
        mixed(background, signal, 0.4)
    with pytest.raises(ValueError, match="share is 1"):
        mixed(background, signal, 1)


def test_with_as_much_signal_as_background_nothing_is_strange():
    rng = np.random.default_rng(1)
    background = rng.normal(size=(1000, 2))
    signal = rng.normal([4.0, 0.0], size=(1000, 2))
    rows = np.concatenate([background, signal])
    labels = np.repeat([0, 1], 1000)
    scan = contamination_scan(DistanceToMean, (0.0, 0.1, 0.5), background, signal, rows, labels)
    aucs = [found.judged.auc for found in scan]
    assert aucs[0] > aucs[1] > aucs[2]
    assert aucs[2] == pytest.approx(0.5, abs=0.03)
