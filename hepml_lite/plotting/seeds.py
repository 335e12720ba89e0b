"""Every training as a point: a mean alone hides how much luck there is."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.plotting.style import class_style

WIDTH = 0.5  # of the points of one method, in units of the distance of two


def all_seeds(axis: Axes, values: Mapping[str, ArrayLike]) -> None:
    """Draw all values of each name as points, and their mean with its standard error.

    Args:
        axis: frame.
        values: of each name, (S,), from S trainings.

    Raises:
        ValueError: no values at all.
    """
    if not values:
        raise ValueError("values is empty: give the values of one name or more")
    for place, (name, numbers) in enumerate(values.items()):
        y = np.asarray(numbers, float)
        style = class_style(name)
        steps = np.linspace(-WIDTH / 2, WIDTH / 2, len(y)) if len(y) > 1 else np.zeros(1)
        axis.plot(place + steps, y, style["marker"], color=style["color"], alpha=0.6, markersize=7)
        if len(y) > 1:
            error = y.std(ddof=1) / np.sqrt(len(y))
            mean = y.mean()
            axis.errorbar(
                place, mean, error, fmt="_", color="black", capsize=5, markersize=16, linewidth=2
            )
    axis.set_xticks(range(len(values)), list(values))
