"""The base of all dashboards: state, one update a move, new Bokeh models for each display.

A theme's dashboard is a class in widgets/<theme>.py:

    class Tagging(Dashboard):
        title, sentence = "Tagging", "One sentence for the index page."
        window = param.Range((140, 210), bounds=(0, 300))       # every control is a parameter

        def compute(self):                                      # pure; on every move
            return {"line": "<b>in words</b>", "points": {"x": [...], "y": [...]}}

        def layout(self, display):                              # once for each display
            f = figure("Title", "x [GeV]", "y")
            f.scatter("x", "y", source=display.source("points"))
            return pn.Column(self.controls(), display.text("line"), f)

Two parts of Panel are not used. Its dynamic Markdown and HTML panes fail: if the same dashboard is
shown in two cells, or its cell runs again, the next move of a slider raises an error. Figures in a
FlexBox are not updated. Ranges of figures are given as numbers: see `widgets.shared.style.figure`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import panel as pn
from bokeh.models import AllIndices, ColumnDataSource, CustomJS, Div, Plot

from widgets.shared import url_state
from widgets.shared.notebook_view import NotebookView
from widgets.shared.style import BLUE, px, text_block

Outputs = Mapping[str, Any]  # name -> columns {str: array} of a source, or the HTML of a text

# The browser writes the address when the sliders stop: browsers refuse too many changes of it
_WRITE_ADDRESS = """
const page = new URLSearchParams(window.location.search)
for (const [name, value] of new URLSearchParams(cb_obj.text)) page.set(name, value)
const query = "?" + page.toString().replaceAll("%2C", ",")
clearTimeout(window.hepml_address)
window.hepml_address = setTimeout(() => window.history.replaceState(null, "", query), 250)
"""
_NARROW_BUTTON = ".bk-btn { padding: 6px 2px }"
# In JupyterLab's dark theme Panel's own colours of a pressed and a free button are the same
_PRESSED = f".bk-btn.bk-active {{ background: {BLUE} !important; color: white !important }}"


class Display:
    """The Bokeh models of one display of a dashboard; each name gives one model."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = dict(outputs)
        self._models: dict[str, ColumnDataSource | Div] = {}

    @property
    def models(self) -> dict[str, ColumnDataSource | Div]:
        """The models that follow the dashboard, by the name of their output."""
        return dict(self._models)

    def source(self, name: str) -> ColumnDataSource:
        """The data source with the columns `name` of `compute`; it is updated on every move."""
        return self._models.setdefault(name, ColumnDataSource(dict(self._outputs[name])))

    def text(self, name: str, size: float = 18) -> pn.pane.Bokeh:
        """The HTML `name` of `compute`, in a font of `size` pixels; it is updated on every move."""
        div = text_block(self._outputs[name], size)
        self._models[name] = div
        return pn.pane.Bokeh(div, sizing_mode="stretch_width")

    def address(self, query: str) -> pn.pane.Bokeh:
        """An invisible text that the browser copies into the address bar."""
        self._outputs["address"] = query
        pane = self.text("address")
        pane.object.visible = False
        pane.object.js_on_change("text", CustomJS(code=_WRITE_ADDRESS))
        return pane

    def write(self, outputs: Outputs) -> None:
        """Send the outputs that changed."""
        for name, model in self._models.items():
            new = outputs[name]
            if new is self._outputs[name] or (isinstance(new, str) and new == self._outputs[name]):
                continue
            if isinstance(model, Div):
                model.text = new
            else:
                model.data = dict(new)
        self._outputs.update(outputs)


def _drop_unused_models(page: pn.viewable.Viewable) -> None:
    """Remove what Bokeh prepares for selections, which no figure has: a fifth of all its models."""
    all_rows = AllIndices()
    for pane in page.select():
        if isinstance(pane, pn.pane.Bokeh) and isinstance(pane.object, Plot):
            for renderer in pane.object.renderers:
                renderer.nonselection_glyph = "auto"  # made in the browser if it is ever needed
                renderer.muted_glyph = "auto"
                renderer.view.filter = all_rows


class Dashboard(NotebookView):
    """Base of all dashboards; a subclass gives title, sentence, parameters, compute and layout."""

    title: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    widgets: ClassVar[dict[str, Any]] = {}  # how a parameter is shown, as pn.Param takes it
    needs_server: ClassVar[str] = (
        "its numbers are computed anew at each move"  # or `static` is there
    )
    MAX_DISPLAYS: ClassVar[int] = 8  # of one instance; older displays are not updated

    def __init__(self, *, hide: tuple[str, ...] = (), **state: Any) -> None:
        super().__init__(**state)
        unknown = set(hide) - set(self._own())
        if unknown:
            raise ValueError(f"cannot hide {sorted(unknown)}: the controls are {self._own()}")
        self.hidden = tuple(hide)
        self._displays: list[tuple[Display, pn.viewable.Viewable]] = []
        self._settling = False
        self.adapt()
        self.settle(set(self._own()))
        self._outputs = self.compute()
        self.param.watch(self._refresh, self._own())

    def compute(self) -> Outputs:
        """All outputs for the present state; runs on every move, so it must take milliseconds."""
        raise NotImplementedError

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The page, built from `display.source(name)` and `display.text(name)` of `compute`."""
        raise NotImplementedError

    def adapt(self) -> None:
        """Fit bounds and choices of the parameters to the data; called once, before `settle`."""

    def settle(self, changed: set[str]) -> None:
        """Make the state consistent after these parameters changed; buttons are handled here."""

    def controls(self, *names: str) -> pn.Param:
        """Widgets for the parameters `names` (default: all) that are not hidden."""
        shown = [name for name in names or self._own() if name not in self.hidden]
        font = f":host, .bk-btn, .bk-input, label {{ font-size: {px(16)} }}"
        css = [font, _NARROW_BUTTON, _PRESSED]
        common = {"sizing_mode": "stretch_width", "stylesheets": css}
        widgets = {name: {**common, **self.widgets.get(name, {})} for name in shown}
        return pn.Param(
            self.param,
            parameters=shown,
            widgets=widgets,
            show_name=False,
            sizing_mode="stretch_width",
            margin=0,
        )

    def query(self) -> str:
        """The state as the query of a URL."""
        return url_state.encode({name: getattr(self, name) for name in url_state.state_names(self)})

    def _own(self) -> list[str]:
        return [name for name in self.param if name != "name"]

    def _refresh(self, *events) -> None:
        if self._settling:  # `settle` may set parameters: one update covers them all
            return
        with pn.io.hold():
            self._settling = True
            try:
                self.settle({event.name for event in events})
            finally:
                self._settling = False
            self._outputs = {**self.compute(), "address": self.query()}
            for display, _ in self._displays:
                display.write(self._outputs)
        # In a notebook nothing else sends the changed Bokeh models to the browser
        pn.io.push_notebook(*(page for _, page in self._displays))

    def __panel__(self) -> pn.viewable.Viewable:
        display = Display(self._outputs)
        page = self.layout(display)
        _drop_unused_models(page)
        if pn.state.curdoc and pn.state.curdoc.session_context:
            page = pn.Column(display.address(self.query()), page, sizing_mode="stretch_width")
        self._displays = [*self._displays, (display, page)][-self.MAX_DISPLAYS :]
        return page
