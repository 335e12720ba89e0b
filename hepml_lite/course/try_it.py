"""Controls below a figure, for the "try it" cells of the tutorials."""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
from IPython.display import DisplayHandle, display
from ipywidgets import ValueWidget, VBox
from matplotlib.figure import Figure


def try_it(draw: Callable[..., Figure], **controls: ValueWidget) -> None:
    """Show the figure that `draw` returns, and one or two controls that draw it anew.

    The first figure is an ordinary output of the cell: an error in it stops the notebook, and an
    exported page shows it. JupyterLab, VS Code and Colab update it in place.

    Args:
        draw: makes a new figure from keywords with the names of the controls.
        controls: one or two widgets with a value; sliders want `continuous_update=False`.

    Raises:
        ValueError: no control, or more than two.
    """
    if len(controls) not in (1, 2):
        raise ValueError(f"{len(controls)} controls: give one or two, more belong in a dashboard")

    def drawn() -> Figure:
        figure = draw(**{name: control.value for name, control in controls.items()})
        plt.close(figure)  # or the cell would show it a second time
        return figure

    shown = DisplayHandle()
    shown.display(drawn())

    def follow(_change: dict[str, Any]) -> None:
        shown.update(drawn())

    for control in controls.values():
        control.observe(follow, names="value")
    display(VBox(list(controls.values())))
