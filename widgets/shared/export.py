"""Dashboards as single HTML files, which need no server and no network."""

import html
from pathlib import Path
from typing import Any, ClassVar, Protocol

from bokeh.embed import components
from bokeh.models import LayoutDOM
from bokeh.util.paths import bokehjs_path

from hepml_lite.files import require_writable, write_text
from widgets import catalogue

# bokeh.embed.file_html and Bokeh's resources are not used: with Panel imported they add a script
# that is not inside the file
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body {{ margin: 8px 16px; font-family: system-ui, sans-serif }}</style>
{bokeh}
</head><body>
{div}
{script}
</body></html>
"""


class WithStatic(Protocol):
    """A dashboard that also stands alone in one HTML file."""

    title: ClassVar[str]

    @classmethod
    def static(cls) -> LayoutDOM:
        """A layout whose sliders work by CustomJS."""


def page(dashboard: type[WithStatic]) -> str:
    """The HTML of a dashboard's static version, JavaScript included (about 1.5 MB)."""
    files = (bokehjs_path() / "js" / name for name in ("bokeh.min.js", "bokeh-widgets.min.js"))
    bokeh = "".join(f"<script>{file.read_text('utf8')}</script>" for file in files)
    script, div = components(dashboard.static())
    return _PAGE.format(title=html.escape(dashboard.title), bokeh=bokeh, script=script, div=div)


def export(folder: str | Path) -> list[Path]:
    """Write <theme>.html for every dashboard with a `static` version, and return the paths.

    The static version is a class method `static()`, which returns a Bokeh layout. Its sliders use
    CustomJS.
    """
    folder = Path(folder)
    require_writable(folder)
    written = []
    for name in catalogue.names():
        dashboard: Any = catalogue.find(name)
        if hasattr(dashboard, "static"):
            written.append(folder / f"{name}.html")
            write_text(written[-1], page(dashboard))
    return written
