"""The judge on samples whose best classifier is known."""

import numpy as np
import pytest
from scipy.stats import norm

from hepml_lite.densities.judge import CLASSIFIERS, judge

TREES = {"trees": CLASSIFIERS["trees"]}


def gaussian(n, seed, shift=0.0):
    return np.random.default_rng(seed).normal(size=(n, 2)) + shift


def test_the_strongest_classifier_counts_and_reaches_the_best_area():
    found = judge(gaussian(600, 0), gaussian(600, 1, 0.5), n_folds=3)
    best = norm.cdf(np.sqrt(2) * 0.5 / np.sqrt(2))  # of Gaussians at distance sqrt(2) 0.5
    assert found.auc.value == found.table["AUC"].max()
    assert found.auc.value == pytest.approx(best, abs=3 * found.auc.error)
    assert found.table.index[0] == found.strongest
    assert abs(found.real_auc.value - 0.5) < 3.5 * found.real_auc.error
    assert f"AUC {found.auc} ({found.strongest}, the strongest of 3)" in str(found)


def test_equal_distributions_cannot_be_told_apart():
    found = judge(gaussian(1000, 0), gaussian(1000, 1), classifiers=TREES)
    assert abs(found.auc.value - 0.5) < 3 * found.auc.error
    assert found.real_auc.error == pytest.approx(np.sqrt(2) * found.auc.error, rel=0.1)


def test_a_wrong_condition_is_seen_only_beside_the_features():
    """Features follow the condition in the real rows, and ignore it in the generated ones."""
    condition, x = gaussian(400, 0), gaussian(400, 1)
    settings = {"classifiers": TREES, "n_folds": 3}
    alone = judge(condition, x, **settings)
    beside = judge(condition, x, condition=condition, generated_condition=condition, **settings)
    assert alone.auc.value < 0.58
    assert beside.auc.value > 0.9


def test_weights_of_the_generated_rows_repair_them():
    generated = gaussian(2000, 1, 0.5)
    weights = np.exp(0.25 - 0.5 * generated.sum(1))
    found = judge(gaussian(2000, 0), generated, generated_weights=weights, classifiers=TREES)
    assert abs(found.auc.value - 0.5) < 3 * found.auc.error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"real": gaussian(39, 0)}, "real has 39 rows"),
        ({"generated": np.zeros((50, 3))}, "x has 3 features"),
        ({"classifiers": {}}, "classifiers is {}"),
        ({"condition": np.zeros(50)}, "b has 2"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        judge(**{"real": gaussian(50, 0), "generated": gaussian(50, 1), **arguments})
