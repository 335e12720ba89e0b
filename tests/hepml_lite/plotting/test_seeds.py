"""Every training is a point."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from hepml_lite.plotting.seeds import all_seeds


def test_all_values_and_their_mean_are_drawn():
    _, axis = plt.subplots()
    values = {"trees": [1.0, 2.0, 6.0], "network": [4.0]}
    all_seeds(axis, values)
    points = [line for line in axis.lines if line.get_alpha() == 0.6]
    for line, numbers in zip(points, values.values(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), numbers)
    (bar,) = axis.containers  # one value has no spread
    assert bar.lines[0].get_ydata()[0] == 3
    low, high = bar.lines[2][0].get_segments()[0][:, 1]
    assert high - low == pytest.approx(2 * np.std([1, 2, 6], ddof=1) / np.sqrt(3))
    assert [label.get_text() for label in axis.get_xticklabels()] == list(values)
    plt.close()


def test_nothing_to_draw_is_named():
    with pytest.raises(ValueError, match="values is empty"):
        all_seeds(plt.gca(), {})
    plt.close()
