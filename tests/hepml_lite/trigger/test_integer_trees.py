"""Trees in whole numbers: equal to scikit-learn on rounded inputs, at the thresholds as well."""

import shutil

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from hepml_lite.trigger.emulation.integer_trees import of_gradient_boosting, whole_threshold
from hepml_lite.trigger.firmware import simulation
from hepml_lite.trigger.firmware.trees_verilog import forest_design
from hepml_lite.trigger.fixed_point import FixedPoint

INPUT = FixedPoint(8, 5, rounding="RND", overflow="SAT")
FINE = FixedPoint(40, 8, rounding="RND")
COARSE = FixedPoint(10, 4, rounding="RND", overflow="SAT")


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(1)
    x = INPUT.quantise(rng.normal(0, 3, (800, 4)))
    return x, (x[:, 0] * x[:, 1] + x[:, 2] > rng.normal(0, 2, 800)).astype(int)


@pytest.fixture(scope="module")
def model(sample):
    return GradientBoostingClassifier(n_estimators=12, max_depth=3, random_state=1).fit(*sample)


def test_a_fine_forest_is_the_decision_function(sample, model):
    forest = of_gradient_boosting(model, INPUT, FINE)
    every = np.random.default_rng(2).integers(-128, 128, (3000, 4)) * INPUT.step
    for x in (sample[0], every):
        np.testing.assert_allclose(forest(x), model.decision_function(x), atol=13 * FINE.step)


@pytest.mark.parametrize(("convention", "on_it"), [("<=", True), ("<", False)])
def test_the_convention_decides_on_the_threshold(convention, on_it):
    step = 0.25
    codes = np.arange(-20, 20)
    for threshold in (-1.5, 0.0, 1.25):
        left = codes <= whole_threshold(threshold, step, convention)
        expected = codes * step <= threshold if on_it else codes * step < threshold
        np.testing.assert_array_equal(left, expected)
    between = codes <= whole_threshold(0.3, step, convention)
    np.testing.assert_array_equal(between, codes * step < 0.3)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="apt install iverilog")
def test_verilog_of_trees_is_bit_exact(sample, model, tmp_path):
    forest = of_gradient_boosting(model, INPUT, COARSE)
    thresholds = np.concatenate([tree.largest_left for tree in forest.trees])
    at = np.repeat(np.clip(thresholds, -128, 126)[:, None], 4, axis=1)
    codes = np.concatenate([INPUT.codes(sample[0]), at, at + 1])
    run = simulation.with_icarus(forest_design(forest), tmp_path)
    np.testing.assert_array_equal(run(codes), forest.codes(codes))


def test_refusals(sample):
    with pytest.raises(ValueError, match="fitted GradientBoostingClassifier"):
        of_gradient_boosting(GradientBoostingClassifier(), INPUT, FINE)
    with pytest.raises(ValueError, match="convention '>'"):
        whole_threshold(1.0, 0.5, ">")
    three = GradientBoostingClassifier(n_estimators=1).fit(sample[0], np.arange(800) % 3)
    with pytest.raises(ValueError, match="3 classes"):
        of_gradient_boosting(three, INPUT, FINE)
