"""The trigger on the calorimeter image: the student gives the teacher's score in whole numbers."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from hepml_lite.containers.trigger_events import N_OBJECTS, REGIONS, TriggerEvents
from hepml_lite.statistics.metrics import auc
from hepml_lite.trigger.anomaly.regions import Student, log_score, train_region_trigger


def images(n, clusters, rng, label=0):
    """Images with soft noise and some clusters of 30 GeV."""
    regions = rng.exponential(0.5, (n, *REGIONS)) * (rng.random((n, *REGIONS)) < 0.2)
    for _ in range(clusters):
        rows = rng.integers(0, REGIONS[0], n)
        columns = rng.integers(0, REGIONS[1], n)
        regions[np.arange(n), rows, columns] += rng.exponential(30, n)
    return TriggerEvents(
        objects=np.zeros((n, N_OBJECTS, 3)),
        regions=regions,
        label=np.full(n, label),
        weight=np.full(n, 100.0),
        names=("background", "signal"),
    )


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(1)
    return images(3000, 1, rng), images(500, 5, rng, label=1)


@pytest.fixture(scope="module")
def trained(sample):
    return train_region_trigger(sample[0], teacher_epochs=2, student_epochs=20, seed=1)


def test_the_student_follows_the_teacher_and_finds_busy_events(sample, trained):
    both = TriggerEvents.concatenate([*sample])
    teacher = trained.teacher_score(both)
    student = trained.student_score(both)
    assert spearmanr(teacher, student).statistic > 0.7
    assert auc(both.label, teacher) > 0.8
    assert auc(both.label, student) > 0.8


def test_the_whole_student_is_the_trained_one(sample, trained):
    signal = sample[1]
    with torch.no_grad():
        learned = trained.student(torch.tensor(signal.regions)).numpy()
    np.testing.assert_array_equal(trained.student_score(signal), learned)


def test_whole_numbers_are_exact_at_the_ends_of_the_range():
    torch.manual_seed(2)
    student = Student(4)
    extreme = torch.tensor(np.random.default_rng(2).choice([0.0, 1023.0, 4000.0], (50, *REGIONS)))
    with torch.no_grad():
        learned = student(extreme.float()).numpy()
    np.testing.assert_array_equal(student.whole()(extreme.reshape(50, -1))[:, 0], learned)


def test_the_score_is_a_logarithm_within_its_type():
    np.testing.assert_allclose(log_score(np.array([1.0, np.e, 0.0, 1e30])), [100, 116, 0, 255.75])


def test_events_without_regions_are_refused(trained):
    with pytest.raises(ValueError, match="no regions"):
        trained.student_score(TriggerEvents(objects=np.zeros((2, N_OBJECTS, 3))))
