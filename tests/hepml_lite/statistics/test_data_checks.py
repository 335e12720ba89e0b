"""The one check of labels and scores: what is refused, and in which words."""

import numpy as np
import pytest

from hepml_lite.statistics.data_checks import (
    checked_columns,
    checked_finite,
    checked_grid,
    checked_labels,
    checked_logarithms,
    checked_probabilities,
    checked_scores,
    checked_weights,
)
from hepml_lite.statistics.settings_checks import checked_by_name, checked_function


def test_lists_and_bools_become_arrays_of_numbers():
    labels, scores = checked_scores([True, False], ["0.5", 1])
    assert labels.tolist() == [1, 0]
    assert scores.tolist() == [0.5, 1.0]
    assert checked_weights([0, 1, 1], [1, 2, 3], [1, 0, 2])[1].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: checked_labels([[0, 1]]), r"labels has shape \(1, 2\)"),
        (lambda: checked_labels([0.5, 1]), r"labels contain \[0.5 1. \]"),
        (lambda: checked_labels([np.nan, 1]), "labels contain"),
        (lambda: checked_labels([0, 1], n_classes=3), r"\[1, 1, 0\] jets of the classes 0 to 2"),
        (lambda: checked_labels([0, 0, 1], fewest=2), "2 background and 1 signal jets: 2 or more"),
        (lambda: checked_scores([0, 1], [1.0, np.inf], name="nominal"), "1 of 2 nominal are NaN"),
        (lambda: checked_scores([0, 1], [1.0]), r"\[\(2,\), \(1,\)\].*scores\[:, 1\]"),
        (lambda: checked_probabilities([0, 1], [-3, 2]), "from -3 to 2.*softmax"),
        (lambda: checked_probabilities([], []), "empty"),
        (lambda: checked_columns([0, 1], [0.1, 0.2]), r"the scores \(2,\)"),
        (lambda: checked_finite("z", [], fewest=1), "z has 0 numbers.*give 1 or more"),
        (lambda: checked_grid("values", [0, 2, 2]), r"values\[1\] is 2 and values\[2\] is 2.*rise"),
        (lambda: checked_grid("values", [3, 2, 1]), "np.argsort"),
        (lambda: checked_logarithms("log p", [0, np.nan], (2,)), "log p gave 1 NaN"),
        (lambda: checked_logarithms("log p", [[0.0]], (1,)), r"shape \(1, 1\): give.*\(1,\)"),
        (lambda: checked_by_name("columns", [1], "{'x': x}"), r"columns is \[1\].*by name"),
        (lambda: checked_function("log_density", 3.0, "x -> y"), "log_density is 3.0: give a func"),
        (lambda: checked_columns([0, 2], np.eye(2)), "0 .background. and 1 .signal. are allowed"),
    ],
)
def test_what_is_refused_names_argument_value_and_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
