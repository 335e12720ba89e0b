"""Judges: the strongest of several, a floor, the ranking of generators, which metric sees what."""

import numpy as np
import pandas as pd
import pytest

from hepml_lite.generation.evaluation import (
    extrapolated_frechet_distance,
    metric_table,
    multiclass,
    strong_judge,
)
from hepml_lite.statistics.two_sample.distances import frechet_distance, kernel_distance


def rows(seed, n=2000):
    return np.random.default_rng(seed).normal(size=(n, 4))


def test_views_of_the_same_events():
    views = strong_judge.table_views(rows(0), rows(1))
    verdict = strong_judge.judge_views(views, 2)
    assert verdict.auc.value == pytest.approx(0.5, abs=4 * verdict.auc.error)
    assert np.median(verdict.weights) == pytest.approx(1, abs=0.3)


def test_the_strongest_counts():
    blind = strong_judge.View(rows(0), rows(1), strong_judge.wide_trees)
    sharp = strong_judge.View(rows(0), rows(1) + 0.5, strong_judge.wide_trees)
    verdict = strong_judge.judge_views({"blind": blind, "sharp": sharp})
    assert verdict.strongest == "sharp"
    # four features, each shifted by half a width: AUC = Phi(|d| / sqrt 2) with |d| = 1
    assert verdict.auc.value == pytest.approx(0.760, abs=0.04)


def test_views_of_other_events_are_refused():
    view = strong_judge.View(rows(0), rows(1), strong_judge.wide_trees)
    other = strong_judge.View(rows(0, 100), rows(1), strong_judge.wide_trees)
    with pytest.raises(ValueError, match="same events"):
        strong_judge.judge_views({"a": view, "b": other})


def test_posteriors_rank_generators():
    made = {"good": rows(0), "shifted": rows(1) + 1, "wide": 2 * rows(2)}
    found = multiclass.log_posteriors(made, rows(3))
    assert next(iter(found)) == "good"
    same = multiclass.log_posteriors({"a": rows(0), "b": rows(1)}, rows(3))
    assert same["a"].value == pytest.approx(-np.log(2), abs=0.05)


def test_each_metric_has_a_blind_spot():
    x = np.random.default_rng(0).normal(size=(3000, 3))
    x[:, 1] += x[:, 0]
    strengths = {"shift": 0.3, "lost correlation": 1.0, "copies": 0.5}
    floor = metric_table.floors(x, 6, rng=0)
    found = metric_table.significances(x, strengths, floor, n_repeats=1, rng=1)
    assert found.loc["shift", "W1"] > 5
    assert found.loc["lost correlation", "AUC"] > 5
    assert abs(found.loc["lost correlation", "separation"]) < 5  # histograms do not change
    assert found.loc["copies", "closer"] > 8
    assert found.loc["copies", ["W1", "separation", "FPD"]].abs().max() < 5


def test_unknown_distortions_are_named():
    with pytest.raises(ValueError, match="'blur'"):
        metric_table.significances(rows(0), {"blur": 1.0}, pd.DataFrame())


def test_distances_are_those_of_jetnet():
    """Values of jetnet 0.2.5 (evaluation.gen_metrics) on the same arrays, features as they are."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=(6000, 3))
    generated = 0.3 + 1.1 * rng.normal(size=(6000, 3))
    generated[:, 1] += 0.5 * generated[:, 0]
    assert frechet_distance(real, generated) == pytest.approx(0.5762421043188821)
    assert kernel_distance(real[:1000], generated[:1000]) == pytest.approx(5.41163562061665)
    fpd = extrapolated_frechet_distance(real, generated)
    # jetnet draws its subsamples anew: fpd(min_samples=600, max_samples=6000, normalise=False)
    jetnet, jetnet_error = 0.58268, 0.00950
    assert abs(fpd.value - jetnet) < 3 * np.hypot(fpd.error, jetnet_error)
