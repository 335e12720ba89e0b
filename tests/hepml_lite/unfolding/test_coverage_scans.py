"""The stored study of coverage: whole, and honest where it says so."""

import shutil

import numpy as np
import pytest

from hepml_lite.unfolding import coverage_scans, coverage_study
from hepml_lite.unfolding.coverage_scans import LEVEL, fails

BINNED = ("iterative Bayes", "SVD", "Tikhonov")


def test_all_methods_are_studied_with_enough_experiments():
    study = coverage_study()
    for world in ("Gaussian", "peak and edge"):
        for method in BINNED:
            scan = study[world, method]
            assert scan.experiments >= 1000
            assert scan.covered.shape == (len(scan.strengths), len(scan.truth)) == scan.bias.shape
            assert scan.default in scan.strengths
    assert study["Gaussian", "OmniFold"].experiments >= 100


def test_undersmoothed_intervals_cover_in_every_bin_of_other_experiments():
    for scan in coverage_study().values():
        if scan.undersmoothed is not None:
            assert not fails(scan.again, scan.experiments).any()
    left = [key for key, scan in coverage_study().items() if scan.undersmoothed is None]
    assert left == [("peak and edge", "iterative Bayes"), ("Gaussian", "OmniFold")]


def test_default_strengths_fail_at_the_peak_and_the_edge():
    for method in BINNED:
        scan = coverage_study()["peak and edge", method]
        failing = scan.failing(scan.default)
        at_edge = scan.edges[:-1] == 1
        at_peak = np.abs((scan.edges[:-1] + scan.edges[1:]) / 2 - 6) < 0.5
        assert failing[at_edge].all()
        assert failing[at_peak].all()


def test_three_binomial_errors_are_the_limit():
    error = (LEVEL * (1 - LEVEL) / 1000) ** 0.5
    limits = LEVEL + error * np.array([-3.1, -2.9, 2.9, 3.1])
    assert fails(limits, 1000).tolist() == [True, False, False, True]


def test_unknown_strength_and_damaged_file_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="strength 5 was not studied"):
        coverage_study()["Gaussian", "iterative Bayes"].row(5)
    for path in coverage_scans.STORED.parent.glob("*.json"):
        shutil.copy(path, tmp_path)
    copy = tmp_path / "coverage.json"
    copy.write_text(copy.read_text().replace("1000", "2000", 1))
    monkeypatch.setattr(coverage_scans, "STORED", copy)
    coverage_study.cache_clear()
    with pytest.raises(ValueError, match=r"coverage\.json is damaged.*git restore"):
        coverage_study()
    coverage_study.cache_clear()
