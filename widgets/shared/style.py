"""The style of all dashboards: colours, figures, and tables that can be read from the last row."""

from collections.abc import Iterable, Mapping, Sequence

import panel as pn
from bokeh.models import Div, Legend, LegendItem
from bokeh.plotting import figure as bokeh_figure

from widgets.shared.url_state import zoom_factor

# Okabe and Ito's palette: colour-blind eyes can tell its colours apart, on white and on black
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, GREY = "#E69F00", "#56B4E9", "#767676"
CUT, NETWORK = GREEN, PURPLE


def zoomed(size: float) -> int:
    """A length in pixels, times the factor of `?zoom=1.4` in the address of a served page."""
    asked = pn.state.session_args.get("zoom", [b"1"])[-1].decode()
    return round(size * (zoom_factor(asked) or 1.0))


def px(size: float) -> str:
    """The same length for CSS."""
    return f"{zoomed(size)}px"


def figure(title: str, x: str, y: str, **options) -> bokeh_figure:
    """An empty figure in the house style, without tools, so that nothing zooms by accident.

    Give x_range and y_range as numbers. With ranges that follow the data, axes jump during a
    lecture. In a notebook the first seconds of slider moves can get lost as well: the browser
    reports its ranges and waits for an answer that may never come.

    Args:
        title: the text above the frame.
        x: label of the x axis, with units.
        y: label of the y axis, with units.
        options: options of bokeh.plotting.figure.
    """
    common = {"height": zoomed(262), "sizing_mode": "stretch_width", "min_border_right": 15}
    labels = {"title": title, "x_axis_label": x, "y_axis_label": y}
    f = bokeh_figure(tools="", toolbar_location=None, **labels, **{**common, **options})
    f.html_attributes = {"role": "img", "aria-label": _in_words(title, x, y)}
    f.title.text_font_size = px(17)
    f.axis.axis_label_text_font_size = px(17)
    f.axis.axis_label_text_font_style = "normal"
    f.axis.axis_label_standoff = 2
    f.axis.major_label_text_font_size = px(15)
    f.axis.minor_tick_line_color = None
    f.grid.grid_line_alpha = 0.4
    return f


def _in_words(title: str, x: str, y: str) -> str:
    """The text alternative of a figure; what it shows is in the live line and the table."""
    axes = " against ".join(label for label in (y, x) if label)
    return f"Figure: {title or axes}" + (f", {axes}" if title and axes else "")


def side_by_side(left: pn.viewable.Viewable, right: pn.viewable.Viewable, width: float) -> pn.Row:
    """Controls of `width` pixels to the left of the figures; on a narrow page above them."""
    wide = {"flex": f"1 1 {px(width)}"}
    left.styles = {**left.styles, **wide, "max-width": "100%"}
    left.width = None
    left.sizing_mode = "stretch_width"
    # grows far more than the controls, but wraps below them where less than this is left
    right.styles = {**right.styles, "flex": f"999 1 {px(520)}", "min-width": "min(100%, 300px)"}
    return pn.Row(left, right, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"})


def legend_above(f: bokeh_figure, entries: Mapping[str, Sequence]) -> None:
    """Add a legend in one line above the frame, where it hides no data: {label: renderers}."""
    items = [LegendItem(label=label, renderers=list(glyphs)) for label, glyphs in entries.items()]
    f.add_layout(
        Legend(
            items=items,
            orientation="horizontal",
            label_text_font_size=px(16),
            border_line_color=None,
            background_fill_alpha=0,
            padding=0,
            margin=2,
            spacing=18,
            glyph_width=26,
        ),
        "above",
    )


def two_by_two(*figures: bokeh_figure | pn.viewable.Viewable) -> pn.Column:
    """Figures (or panes) in two columns, or one below the other on a narrow page."""
    columns = f"repeat(auto-fit, minmax(max({px(300)}, 34%), 1fr))"
    return pn.Column(
        *(pn.panel(f, sizing_mode="stretch_width") for f in figures),
        sizing_mode="stretch_width",
        styles={"display": "grid", "grid-template-columns": columns},
    )


def grid(*cells: bokeh_figure) -> pn.Column:
    """Figures in up to three columns, as many as fit."""
    columns = f"repeat(auto-fit, minmax(max({px(300)}, 32%), 1fr))"
    styles = {"display": "grid", "grid-template-columns": columns}
    panes = (pn.panel(cell, sizing_mode="stretch_width") for cell in cells)
    return pn.Column(*panes, sizing_mode="stretch_width", styles=styles)


def text_block(html: str, size: float = 18) -> Div:
    """HTML as wide as its container, in a font of `size` pixels."""
    styles = {"font-size": px(size), "container-type": "inline-size"}  # see `table`
    return Div(text=html, sizing_mode="stretch_width", styles=styles)


# written once a table: repeated in each cell, it made up most of an exported dashboard
_CELLS = (
    "<style>.rows td,.rows th{border-bottom:1px solid currentColor;padding:1px .75em 1px 0;"
    "text-align:left;white-space:nowrap}</style>"
)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], name: str = "table") -> str:
    """An HTML table in a large font; the first cell of a row is its heading (HTML allowed).

    Args:
        header: of the columns.
        rows: cells.
        name: for a screen reader; two tables of a page have different ones.
    """
    head = "".join(f'<th scope="col">{h}</th>' for h in header)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    # on a narrow page the font shrinks with the width of its `text_block`, so all columns fit
    size = f"font-size:clamp(10.3px, {13.6 / len(header):.2f}cqi, {px(18)})"
    style = f"border-collapse:collapse;font-variant-numeric:tabular-nums;{size}"
    rows = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    box = "overflow-x:auto;max-width:100cqi"  # on a page that is still too narrow, it scrolls
    scrolls = f'{_CELLS}<div style="{box}" tabindex="0" role="region" aria-label="{name}">'
    return f'{scrolls}<table class="rows" style="{style}">{rows}</table></div>'


def swatch(colour: str, symbol: str) -> str:
    """A coloured symbol that ties a table row to its curve."""
    return f'<span aria-hidden="true" style="color:{colour}">{symbol}</span>'
