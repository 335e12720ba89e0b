"""Whether two samples hold the same jets: the test sees a difference, and none where none is."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite.tagging import real_mixtures


@pytest.fixture(scope="module")
def jets():
    return load("quark_gluon", split="test")


def test_matched_samples_have_one_spectrum():
    rng = np.random.default_rng(1)
    a, b = rng.exponential(1.0, 3000), rng.exponential(1.5, 2000)
    rows_a, rows_b = real_mixtures.matched(a, b)
    assert len(rows_a) == len(rows_b) == len(set(rows_b))
    label = np.repeat([0, 1], len(rows_a))
    before = metrics.auc(np.repeat([0, 1], [3000, 2000]), np.concatenate([a, b]))
    after = metrics.auc(label, np.concatenate([a[rows_a], b[rows_b]]))
    assert before > 0.58
    assert after == pytest.approx(0.5, abs=0.02)


def test_halves_of_one_class_are_the_same_and_two_classes_are_not(jets):
    quarks = jets.of_class("quark")
    halves = real_mixtures.same_kind(quarks[:600], quarks[600:1200])
    assert abs(halves.auc - 0.5) < 3 * halves.auc_error
    assert real_mixtures.same_kind(quarks[:600], jets.of_class("gluon")[:600]).auc > 0.75


def test_no_jet_is_judged_by_trees_that_have_seen_it():
    rng = np.random.default_rng(2)
    noise, labels = rng.normal(size=(600, 4)), rng.integers(0, 2, 600)
    learned_by_heart = real_mixtures.grown(noise, labels).decision_function(noise)
    assert metrics.auc(labels, learned_by_heart) > 0.85
    out_of_fold = real_mixtures.out_of_fold(noise, labels)
    assert metrics.auc(labels, out_of_fold) == pytest.approx(0.5, abs=0.08)


def test_stored_table_has_three_seeds_of_each_number():
    table = real_mixtures.stored()
    assert set(table.groupby(["part", "method", "judged"]).seed.nunique()) == {3}
    assert np.isfinite(table.value).all()
    assert (table.error >= 0).all()


def test_summary_has_a_row_for_each_method_and_names_other_parts():
    shown = real_mixtures.summary("tagger")
    assert {"no labels", "fewer particles", "labels of both"} <= set(shown.index)
    assert list(shown.columns) == ["Z + jet", "dijets"]
    with pytest.raises(ValueError, match="there are broken, paired, same jets, tagger"):
        real_mixtures.summary("taggers")
