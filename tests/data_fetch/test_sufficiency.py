"""The table *what it suffices for* follows the bundled files; its errors are the known ones."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from hepml_lite.containers.events import Events
from hepml_lite.statistics import metrics

SCRIPT = Path(__file__).parents[2] / "docs" / "data" / "sufficiency.py"


@pytest.fixture(scope="module")
def sufficiency():
    spec = importlib.util.spec_from_file_location("sufficiency", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_up_to_date(sufficiency):
    assert sufficiency.PAGE.read_text() == sufficiency.page(), (
        "run: python docs/data/sufficiency.py"
    )


def test_the_resolved_area_is_two_standard_deviations_of_chance(sufficiency):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 200])
    areas = [metrics.auc(labels, rng.normal(size=500)) for _ in range(500)]
    assert sufficiency.area_gap(300, 200) == pytest.approx(2 * np.std(areas), rel=0.1)


def test_equal_samples_are_rarely_told_apart_and_different_ones_always(sufficiency):
    rng = np.random.default_rng(1)
    verdicts = []
    for _ in range(100):
        verdicts.append(sufficiency.gap(rng.normal(size=3000), rng.normal(size=3000)))
    wrong = sum(": resolved" in verdict for verdict in verdicts)
    assert wrong <= 10  # 3 % expected, the upper two standard deviations of chi-squared
    assert ": resolved" in sufficiency.gap(rng.normal(size=3000), rng.normal(0.3, 1, 3000))


def test_weights_raise_the_largest_known_rejection(sufficiency):
    label = np.zeros(1000, int)
    plain = Events(np.zeros((1000, 1)), ("m",), label=label)
    weighted = Events(np.zeros((1000, 1)), ("m",), label=label, weight=np.repeat([1, 20], 500))
    first = dict(sufficiency.rejection(plain, "test"))
    second = dict(sufficiency.rejection(weighted, "test"))
    assert first["largest rejection known to 30 %, test"] == "90"
    assert second["largest rejection known to 30 %, test"] == "945"
