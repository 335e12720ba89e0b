"""Parameters without a likelihood: many methods, their coverage, and a gallery of failures."""

from typing import Any

import panel as pn
import param
from bokeh.models import LayoutDOM

from widgets.inference import coupling, coupling_view, gallery, gallery_view, peak, peak_view, plots
from widgets.inference import text as words
from widgets.shared import states
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.style import px, side_by_side

PEAK = "exact peak"
COUPLING = "strong coupling"
GALLERY = "failure gallery"
SCREENS = {
    PEAK: ("method", "fraction", "events", "slope_width", "ignored", "treatment", "data_set"),
    COUPLING: ("summary", "alpha_s", "decays", "a_width", "treatment", "decay_set"),
    GALLERY: ("failure", "bias", "width"),
}
VIEWS = {PEAK: peak_view, COUPLING: coupling_view, GALLERY: gallery_view}
PREFIXES = {PEAK: "peak", COUPLING: "z", GALLERY: "gallery"}


def slider(default: Any, choices: tuple, label: str) -> param.Selector:
    """A choice of numbers, which `Inference.widgets` shows as a slider."""
    return param.Selector(default=default, objects=list(choices), label=label)


class Inference(Dashboard):
    """Three screens: a peak with an exact answer, the strong coupling, and a failure gallery.

    Args:
        state: start values of the controls (screen, method, events, failure, ...), and
            `hide=("method", ...)`. A failure sets bias and width unless they are given.
    """

    title = "Parameters without a likelihood"
    sentence = (
        "Measure a signal fraction and the strong coupling by many methods, against the exact "
        "answer where there is one: does the interval hold the truth as often as it says?"
    )

    screen: "param.Selector[str]" = param.Selector(
        default=PEAK, objects=list(SCREENS), label="Screen"
    )
    method: "param.Selector[str]" = param.Selector(
        default=peak.FLOW, objects=list(peak.METHODS), label="Method"
    )
    fraction = slider(0.1, peak.TRUE_FRACTIONS, "True signal fraction")
    events = slider(100, peak.EVENTS, "Events in the data")
    slope_width = slider(0.1, peak.WIDTHS, "Slope: relative width of its prior")
    ignored = param.Boolean(False, label="the fit takes the slope as known")
    summary: "param.Selector[str]" = param.Selector(
        default=coupling.SHAPES, objects=list(coupling.METHODS), label="Summary of the events"
    )
    alpha_s = param.Number(0.12, bounds=(0.102, 0.143), step=0.001, label="True αS, about")
    decays = slider(400, coupling.EVENTS, "Z decays in the data")
    a_width: "param.Selector[str]" = param.Selector(
        default="± 0.1", objects=list(coupling.WIDTHS), label="Fragmentation: a known to"
    )
    treatment: "param.Selector[str]" = param.Selector(
        default=peak.MARGINALISED, objects=list(peak.TREATMENTS), label="The nuisance is"
    )
    data_set = param.Integer(1, bounds=(1, peak.N_DATA_SETS), label="Data set (chance)")
    decay_set = param.Integer(1, bounds=(1, coupling.N_CHOICES), label="Set of decays (chance)")
    failure: "param.Selector[str]" = param.Selector(
        default=gallery.NARROW, objects=list(gallery.CHOICES), label="Failure"
    )
    bias = slider(0.0, gallery.BIASES, "Bias [widths of the noise]")
    width = slider(0.5, gallery.WIDTHS, "Width over the right one")

    widgets = {  # noqa: RUF012
        "screen": {"type": pn.widgets.RadioButtonGroup},
        **{
            name: {"type": pn.widgets.DiscreteSlider}
            for name in ("fraction", "events", "slope_width", "decays", "bias", "width")
        },
    }

    def __init__(self, **state: Any) -> None:
        if "failure" in state:
            bias, width = gallery.PRESETS.get(state["failure"], gallery.PRESETS[gallery.RIGHT])
            state = {"bias": bias, "width": width, **state}
        self._pages: list[dict[str, pn.Column]] = []
        super().__init__(**state)

    def settle(self, changed: set[str]) -> None:
        """Show the chosen screen; a failure sets bias and width."""
        if changed == {"failure"}:
            bias, width = gallery.PRESETS.get(self.failure, gallery.PRESETS[gallery.RIGHT])
            self.param.update(bias=bias, width=width)
        for page in self._pages:
            for name, part in page.items():
                part.visible = name == self.screen

    def compute(self) -> Outputs:
        """The outputs of all screens; only that of the changed one is computed."""
        of_peak = peak_view.PeakState(
            self.method,
            self.fraction,
            self.events,
            self.slope_width,
            self.ignored,
            self.treatment,
            self.data_set,
        )
        of_coupling = coupling_view.CouplingState(
            self.summary,
            round(self.alpha_s, 4),
            self.decays,
            self.a_width,
            self.treatment,
            self.decay_set,
        )
        of_gallery = gallery_view.GalleryState(self.failure, self.bias, self.width)
        return {
            **words.FIXED,
            **peak_view.outputs(of_peak),
            **coupling_view.outputs(of_coupling),
            **gallery_view.outputs(of_gallery),
        }

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The choice of the screen, and all three screens, of which one is visible."""
        page = {name: self._screen(display, name) for name in SCREENS}
        self._pages = [*self._pages, page][-self.MAX_DISPLAYS :]
        for name, part in page.items():
            part.visible = name == self.screen
        return pn.Column(self.controls("screen"), *page.values(), sizing_mode="stretch_width")

    def _screen(self, display: Display, name: str) -> pn.Column:
        """Controls on the left; line, table and figures on the right."""
        prefix = PREFIXES[name]
        line = display.text(f"{prefix}_line", 19)
        line.object.styles = {**line.object.styles, "min-height": px(80)}  # what is below stays
        left = pn.Column(self.controls(*SCREENS[name]))
        right = pn.Column(
            line,
            display.text(f"{prefix}_key", 15),
            plots.grid(VIEWS[name].every(display), VIEWS[name].SHARE),
            display.text(f"{prefix}_table", 17),
            display.text(f"{prefix}_about", 15),
            sizing_mode="stretch_width",
        )
        return pn.Column(side_by_side(left, right, 270), sizing_mode="stretch_width")

    @classmethod
    def static(cls) -> LayoutDOM:
        """The failure gallery without a server, for `hepml dashboards export`."""
        dashboard = cls(screen=GALLERY)
        display = Display(dashboard.compute())
        parts = ("gallery_line", "gallery_key", "gallery_table", "gallery_about")
        texts = [display.text(name, 17).object for name in parts]
        choices = {
            "failure": gallery.CHOICES,
            "bias": gallery.BIASES,
            "width": gallery.WIDTHS,
        }
        figures = gallery_view.every(display)
        return states.layout(dashboard, choices, figures, texts, display, 45)
