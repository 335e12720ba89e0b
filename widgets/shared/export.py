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

_INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Dashboards</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; font: 20px/1.5 system-ui, sans-serif }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem }} li {{ margin: 1rem 0 }}
</style></head><body><main><h1>Machine learning in particle physics: dashboards</h1>
<p>Each page stands alone: it needs neither a server nor a network.</p><ul>
{items}
</ul></main></body></html>
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
    """Write <theme>.html for every dashboard with a `static` version, and an index.html.

    The static version is a class method `static()`, which returns a Bokeh layout. Its controls use
    CustomJS. Of the other dashboards the index says why they need a server.

    Returns:
        The paths of all files.
    """
    folder = Path(folder)
    require_writable(folder)
    written = []
    items = []
    for name in catalogue.names():
        dashboard: Any = catalogue.find(name)
        title = html.escape(dashboard.title)
        if hasattr(dashboard, "static"):
            written.append(folder / f"{name}.html")
            write_text(written[-1], page(dashboard))
            title = f'<a href="{name}.html">{title}</a>'
            why = ""
        else:
            why = f" It needs a server (hepml dashboards): {dashboard.needs_server}."
        items.append(f"<li>{title}<br>{html.escape(dashboard.sentence + why)}</li>")
    index = folder / "index.html"
    write_text(index, _INDEX.format(items="\n".join(items)))
    return [index, *written]
