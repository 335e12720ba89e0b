"""Linked views of a table of events: select events in one view, see the same ones in all others."""

from collections.abc import Sequence
from functools import partial

import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend, sends nothing to the page
import numpy as np
import pandas as pd
import panel as pn
from bokeh.models import ColumnDataSource, LogColorMapper
from bokeh.palettes import Viridis256

from widgets.shared.notebook_view import NotebookView
from widgets.shared.style import BLUE, VERMILLION, figure

HEIGHT = 280  # pixels of a view
COLUMNS = 2
POINT = {"size": 3, "alpha": 0.5, "color": BLUE, "responsive": True, "height": HEIGHT}
DIMMEST = 1e-5  # share of the momentum in the darkest pixel
SELECTED = {"selection_color": VERMILLION, "selection_alpha": 0.8, "nonselection_alpha": 0.25}


class LinkedViews(NotebookView):
    """Clouds of the same events, one for each pair of columns, with a common selection.

    A box or a lasso in one view selects events, and all views colour the same events. All views
    draw from one Bokeh source, so the browser colours them itself, and sends Python only the rows.
    The last line of a notebook cell shows the views; call `widgets.setup()` in a cell before.

    Args:
        table: N events, a column for each quantity. The names of the columns, with units, become
            the labels of the axes. An event with NaN is not drawn where its column is shown.
        pairs: the columns (x, y) of each view.
        max_events: only the first so many events are shown, so that a selection stays quick.
        images: (N, H, W) a picture of each event, such as the momentum in pixels; one more view
            shows the mean of those selected. The first axis of a picture points right.
        reach: half the width and height of a picture.

    Raises:
        ValueError: if a pair names a column that the table does not have, `pairs` is empty, or the
            number of images is another than that of the events.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        pairs: Sequence[tuple[str, str]],
        max_events: int = 5000,
        images: np.ndarray | None = None,
        reach: float = 0.8,
    ) -> None:
        super().__init__()
        if not pairs:
            raise ValueError("pairs is empty; give at least one, as in [('pT [GeV]', 'mass')]")
        for name in {name for pair in pairs for name in pair}:
            if name not in table.columns:
                raise ValueError(f"the table has no column {name!r}; it has {list(table.columns)}")
        if images is not None and len(images) != len(table):
            raise ValueError(f"{len(images)} images of {len(table)} events: give one of each")
        self.images = None if images is None else images[:max_events]
        self.reach = reach
        self.events = hv.Dataset(table.iloc[:max_events], kdims=list(table.columns))
        clouds = [self._cloud(x, y) for x, y in pairs]
        layout = hv.Layout(clouds).cols(COLUMNS)
        self.layout = layout.opts(shared_axes=False, shared_datasource=True)
        self.rows: list[int] = []  # selected last, in any display

    def selected(self) -> pd.DataFrame:
        """The selected rows of the shown events; all of them if nothing is selected."""
        return self.events.data.iloc[sorted(self.rows)] if self.rows else self.events.data

    def mean_image(self) -> np.ndarray:
        """Mean picture (H, W) of the selected events; of all if nothing is selected.

        Raises:
            ValueError: if there are no images.
        """
        if self.images is None:
            raise ValueError("no images: give them as LinkedViews(..., images=...)")
        return (self.images[sorted(self.rows)] if self.rows else self.images).mean(axis=0)

    def _picture(self) -> pn.pane.Bokeh:
        """The mean picture as one more figure."""
        corner = {"x": [-self.reach], "y": [-self.reach]}
        size = {"dw": [2 * self.reach], "dh": [2 * self.reach]}
        source = ColumnDataSource({"image": [self.mean_image().T], **corner, **size})
        ends = (-self.reach, self.reach)
        shape = {"width": 330, "height": 300, "sizing_mode": "fixed"}
        ranges = {"x_range": ends, "y_range": ends}
        picture = figure("mean of the selected", "Δη", "Δφ", **ranges, **shape)
        colours = LogColorMapper(Viridis256, low=DIMMEST, high=float(self.mean_image().max()))
        picture.image("image", x="x", y="y", dw="dw", dh="dh", source=source, color_mapper=colours)
        return pn.pane.Bokeh(picture)

    def _cloud(self, x: str, y: str) -> hv.Points:
        """The events as points in the plane of two columns."""
        others = [name for name in self.events.data.columns if name not in (x, y)]
        points = hv.Points(self.events.data, kdims=[x, y], vdims=others)
        return points.opts(
            title=f"{y} against {x}",
            default_tools=["save", "reset"],
            tools=["box_select", "lasso_select"],
            active_tools=["box_select"],
            **POINT,
            **SELECTED,
        )

    def _select(self, attribute: str, old: list[int], new: list[int]) -> None:
        """Bokeh calls this when the browser has selected other rows."""
        self.rows = list(new)

    def __panel__(self) -> pn.viewable.Viewable:
        figures = hv.renderer("bokeh").get_plot(self.layout).state  # new ones for each display
        source = figures.select_one({"type": ColumnDataSource})
        # a stream of HoloViews would listen to the source that its view had before all shared one
        source.selected.on_change("indices", self._select)
        clouds = pn.pane.Bokeh(figures, sizing_mode="stretch_width")
        if self.images is None:
            return clouds
        picture = self._picture()
        source.selected.on_change("indices", partial(self._draw_mean, picture))
        return pn.Column(clouds, picture, sizing_mode="stretch_width")

    def _draw_mean(
        self, picture: pn.pane.Bokeh, attribute: str, old: list[int], new: list[int]
    ) -> None:
        """Show the mean of the events selected last."""
        source = picture.object.select_one({"type": ColumnDataSource})
        source.data = {**source.data, "image": [self.mean_image().T]}
        pn.io.push_notebook(picture)  # in a notebook nothing else sends it to the browser
