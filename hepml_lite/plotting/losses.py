"""The loss of a training: as curves, and redrawn in place while a notebook trains."""

import io
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hepml_lite.plotting.style import COLOURS, class_style

if TYPE_CHECKING:
    from IPython.display import DisplayHandle, Image


class Losses(Protocol):
    """What is drawn of a training; `hepml_lite.training.History` has it."""

    @property
    def total_epochs(self) -> int:
        """Planned number of epochs."""
        ...

    @property
    def train_loss(self) -> Sequence[float]:
        """Loss after each epoch."""
        ...

    @property
    def validation_loss(self) -> Sequence[float]:
        """Loss after each epoch, empty without validation."""
        ...

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights are kept, from 1; 0: none yet."""
        ...


def loss_curves(ax: Axes, history: Losses) -> Axes:
    """Training and validation loss after each epoch, with the best epoch marked.

    `history` is that of `training.fit`; its total_epochs fixes the x axis while curves grow.
    """
    curves = {"training": history.train_loss, "validation": history.validation_loss}
    done = len(history.train_loss)
    title = [f"epoch {done} of {history.total_epochs}"]
    for place, (name, losses) in enumerate(curves.items()):
        if len(losses):
            ax.plot(np.arange(1, len(losses) + 1), losses, label=name, **class_style(place), ms=4)
            title.append(f"{name} {losses[-1]:.4g}")
    if history.best_epoch and history.validation_loss:
        best = history.best_epoch, history.validation_loss[history.best_epoch - 1]
        ax.plot(*best, "*", color=COLOURS["green"], ms=16, label=f"best: epoch {best[0]}")
    ax.set(xlabel="epoch", ylabel="loss", xlim=(0.5, max(history.total_epochs, done, 1) + 0.5))
    ax.set_title(", ".join(title), fontsize="medium")
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    if done:
        ax.legend(loc="upper right")
    return ax


class LiveLoss:
    """Training callback that redraws one figure of the loss in place while a notebook trains.

    It leaves exactly one figure, also when papermill or nbclient run the notebook, and does
    nothing outside a Jupyter kernel. `seconds` is the least time between two redraws, so that
    short epochs are not slowed down; the last state is always drawn.
    """

    def __init__(self, seconds: float = 0.3):
        self.seconds = seconds
        self._handle: DisplayHandle | None = None
        self._drawn = -np.inf

    def on_start(self, history: Losses) -> None:
        """Show the empty figure that the epochs fill."""
        self._handle = _display_handle()
        self._drawn = -np.inf
        if self._handle is not None:
            self._handle.display(_loss_image(history))

    def on_epoch_end(self, history: Losses) -> None:
        """Redraw, unless the last redraw was a moment ago."""
        if time.monotonic() - self._drawn >= self.seconds:
            self.on_end(history)

    def on_end(self, history: Losses) -> None:
        """Draw the curves as they are now."""
        if self._handle is not None:
            self._handle.update(_loss_image(history))
            self._drawn = time.monotonic()


def _display_handle() -> "DisplayHandle | None":
    """A handle on one output of the running cell, or None outside a Jupyter kernel."""
    try:
        from IPython import get_ipython
        from IPython.display import DisplayHandle
    except ImportError:  # plain Python trains as well, without a figure
        return None
    return DisplayHandle() if hasattr(get_ipython(), "kernel") else None


def _loss_image(history: Losses) -> "Image":
    """The loss curves as an image for IPython, with an alternative text."""
    from IPython.display import Image

    # pyplot would show the figure a second time below the cell; a layout engine doubles the time
    figure = Figure(figsize=(8, 4), dpi=80)
    figure.set_layout_engine("none")
    buffer = io.BytesIO()
    ax = loss_curves(figure.add_axes((0.12, 0.16, 0.86, 0.74)), history)
    figure.savefig(buffer, format="png")
    return Image(buffer.getvalue(), format="png", alt=f"Loss curves: {ax.get_title()}")
