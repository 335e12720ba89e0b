"""The controls of the "try it" cells draw the figure anew."""

import ipywidgets
import matplotlib.pyplot as plt
import pytest

from hepml_lite.course.try_it import try_it


def test_a_control_draws_the_figure_anew():
    drawn = []

    def draw(power):
        drawn.append(power)
        return plt.figure()

    slider = ipywidgets.IntSlider(2, 0, 5)
    try_it(draw, power=slider)
    slider.value = 3
    assert drawn == [2, 3]
    assert not plt.get_fignums()


def test_an_error_in_the_first_figure_is_not_hidden():
    def draw(power):
        raise RuntimeError(f"no figure for {power}")

    with pytest.raises(RuntimeError, match="no figure for 2"):
        try_it(draw, power=ipywidgets.IntSlider(2, 0, 5))


def test_more_than_two_controls_belong_in_a_dashboard():
    with pytest.raises(ValueError, match="0 controls: give one or two"):
        try_it(plt.figure)
