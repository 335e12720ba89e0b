import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from data_fetch import load
from hepml_lite.jet_physics.observables.catalogue import OBSERVABLES
from hepml_lite.statistics.metrics import auc
from hepml_lite.tagging.formulas import (
    VARIABLES,
    auc_against_complexity,
    find_formula,
    formula_variables,
    tag,
)

CHEAP = ("m", "n", "width", "ptd")
QUICK = {"generations": 10, "population": 60, "max_complexity": 12, "restarts": 2}


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", split="train")[:600]


@pytest.fixture(scope="module")
def others():
    return load("top_tagging", split="val")[:600]


@pytest.fixture(scope="module")
def front(jets):
    return find_formula(jets, names=CHEAP, **QUICK)


def test_variables_are_observables_of_order_one(jets):
    x = formula_variables(jets[:60])
    assert x.shape == (60, len(VARIABLES))
    assert np.all((np.median(x, axis=0) > 0.05) & (np.median(x, axis=0) < 2))
    np.testing.assert_allclose(x[:, 0] * 172.5, OBSERVABLES["mass"](jets[:60]))


def test_a_longer_formula_tags_unseen_jets_better_than_the_mass(front, others):
    mass = auc(others.label, others.mass)
    assert auc(others.label, tag(front[-1], others)) > mass + 0.01
    assert tag(front.at_most(5), others).shape == (len(others),)


def test_the_score_is_the_log_odds(front, others):
    top = 1 / (1 + np.exp(-tag(front[-1], others)))
    for low, high in ((0, 0.3), (0.7, 1)):
        chosen = (top >= low) & (top <= high)
        error = np.sqrt(top[chosen].mean() * (1 - top[chosen].mean()) / chosen.sum())
        assert abs(others.label[chosen].mean() - top[chosen].mean()) < 4 * error + 0.02


def test_a_formula_imitates_a_tagger(jets):
    x = formula_variables(jets, CHEAP)
    teacher = 3 * np.abs(x[:, 0] - 1) - x[:, 1]
    best = find_formula(jets, teacher, CHEAP, **QUICK)[-1]
    linear = LinearRegression().fit(x, teacher).score(x, teacher)
    assert 1 - best.loss / teacher.var() > linear + 0.05
    assert best.loss == pytest.approx(np.mean((tag(best, jets) - teacher) ** 2))


def test_drawing_shows_every_formula_and_the_references(front, others):
    x = formula_variables(others, CHEAP)
    ax = plt.figure().gca()
    auc_against_complexity(ax, front, x, others.label, {"jet mass": others.mass})
    points = ax.containers[0][0].get_xydata()
    np.testing.assert_array_equal(points[:, 0], [formula.complexity for formula in front])
    np.testing.assert_allclose(points[:, 1], [auc(others.label, f(x)) for f in front])
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any(text.startswith("jet mass: AUC 0.") for text in shown)
    plt.close("all")


def test_unknown_variables_are_named(jets):
    with pytest.raises(ValueError, match="mass_of_the_moon"):
        formula_variables(jets, ["mass_of_the_moon"])
    with pytest.raises(ValueError, match="choose from"):
        formula_variables(jets, [])
