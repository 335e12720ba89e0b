"""Cut or learn? A window on the jet mass against a trained network, on the same jets."""

import panel as pn
from bokeh.models import LayoutDOM

from widgets.shared.base import Display
from widgets.shared.style import side_by_side, two_by_two, zoomed
from widgets.start_here import figures, static
from widgets.start_here.state import KINDS, CutAndNetwork


class StartHere(CutAndNetwork):
    """The five-minute demo: move a cut and a network's threshold, and compare the two.

    The arguments are those of `CutAndNetwork`.
    """

    title = "Cut or learn? Top quarks at 600 GeV"
    sentence = (
        "A window on the jet mass against a small network: how much background does each let "
        "through, and is the difference real?"
    )

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """Controls to the left; verdict, table and four figures to the right."""
        left = pn.Column(
            self.controls("window", "network", "threshold", "equal", "training"),
            self.controls("tops", "qcd_per_top"),
            self.controls("jet"),
            pn.Row(*(self.controls(f"next_{kind}") for kind in KINDS), margin=0),
            display.text("about", 15),
        )
        right = pn.Column(
            display.text("line", 22),
            display.text("table", 18),
            two_by_two(
                figures.mass(display, self.results),
                figures.score(display, self.results),
                figures.roc(display, self.results),
                pn.Row(
                    figures.jet(display),
                    pn.Column(display.text("jet_line", 17), width=zoomed(155)),
                    styles={"flex-wrap": "wrap"},
                ),
            ),
            sizing_mode="stretch_width",
        )
        return side_by_side(left, right, 300)

    @classmethod
    def static(cls) -> LayoutDOM:
        """The same without a server and without single jets, for `hepml dashboards export`."""
        return static.layout(cls(), cls.title)
