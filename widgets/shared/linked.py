"""Linked views of a table of events: select events in one view, see the same ones in all others."""

from collections.abc import Sequence

import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend, sends nothing to the page
import pandas as pd
import panel as pn
from holoviews.selection import link_selections

from widgets.shared.style import BLUE, VERMILLION

HEIGHT = 280  # pixels of a view
COLUMNS = 2
POINT = {"size": 3, "alpha": 0.5, "responsive": True, "height": HEIGHT}


class LinkedViews(pn.viewable.Viewer):
    """Clouds of the same events, one for each pair of columns, with a common selection.

    A box or a lasso in one view selects events, and all views colour the same events. The last
    line of a notebook cell shows the views; call `widgets.setup()` in a cell before.

    Args:
        table: N events, a column for each quantity. The names of the columns, with units, become
            the labels of the axes. An event with NaN is not drawn where its column is shown.
        pairs: the columns (x, y) of each view.
        max_events: only the first so many events are shown, so that a selection stays quick.

    Raises:
        ValueError: if a pair names a column that the table does not have, or `pairs` is empty.
    """

    def __init__(
        self, table: pd.DataFrame, pairs: Sequence[tuple[str, str]], max_events: int = 5000
    ) -> None:
        super().__init__()
        if not pairs:
            raise ValueError("pairs is empty; give at least one, as in [('pT [GeV]', 'mass')]")
        for name in {name for pair in pairs for name in pair}:
            if name not in table.columns:
                raise ValueError(f"the table has no column {name!r}; it has {list(table.columns)}")
        self.events = hv.Dataset(table.iloc[:max_events], kdims=list(table.columns))
        self.link = link_selections.instance(selected_color=VERMILLION, unselected_color=BLUE)
        views = [self.link(self._cloud(x, y)) for x, y in pairs]
        self.layout = hv.Layout(views).cols(COLUMNS).opts(shared_axes=False)

    def selected(self) -> pd.DataFrame:
        """The selected rows of the shown events; all of them if nothing is selected."""
        if self.link.selection_expr is None:
            return self.events.data
        return self.link.filter(self.events).data

    def _cloud(self, x: str, y: str) -> hv.Points:
        """The events as points in the plane of two columns."""
        others = [name for name in self.events.data.columns if name not in (x, y)]
        points = hv.Points(self.events.data, kdims=[x, y], vdims=others)
        tools = ["box_select", "lasso_select"]
        return points.opts(
            title=f"{y} against {x}", tools=tools, active_tools=["box_select"], **POINT
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.pane.HoloViews(self.layout, sizing_mode="stretch_width", linked_axes=False)
