"""Finding, serving, listing and exporting dashboards, without a browser."""

import json
import re
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser

import pytest

from tests.widgets.conftest import dashboards_command
from widgets import app, catalogue
from widgets.shared.base import Dashboard
from widgets.shared.export import export
from widgets.shared.notebook import show


def test_every_dashboard_is_found_and_complete():
    assert "start_here" in catalogue.names()
    assert not {"base", "app", "style", "start_here_figures"} & set(catalogue.names())
    for name in catalogue.names():
        dashboard = catalogue.find(name)
        assert issubclass(dashboard, Dashboard)
        assert dashboard.title
        assert dashboard.sentence.endswith(("?", "."))
    with pytest.raises(ValueError, match=r"there are: .*start_here"):
        catalogue.find("strat_here")


def test_show_passes_the_state_on():
    assert show("start_here", window=(100, 200), hide=("jet",)).window == (100, 200)


def test_list_names_every_dashboard(capsys):
    assert dashboards_command("--list") == 0
    assert [row.split()[0] for row in capsys.readouterr().out.splitlines()] == catalogue.names()


def test_busy_port_is_explained(capsys, served):
    assert dashboards_command("--no-browser", "--port", served.rsplit(":", 1)[1]) == 1
    assert "--port" in capsys.readouterr().err


def test_index_links_every_dashboard_and_needs_no_network(served):
    html = urllib.request.urlopen(served).read().decode()
    for name in catalogue.names():
        assert f'href="{name}"' in html
        assert catalogue.find(name).sentence in html
    assert "//" not in html.replace("<!doctype", "")


def test_server_proxy_starts_this_server():
    entry = app.server_proxy()
    command = [part.format(port=5006) for part in entry["command"]]
    assert "*" not in command
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert "--port" in helped.stdout
    json.dumps(entry["launcher_entry"])
    assert command[0] == sys.executable


class Addresses(HTMLParser):
    """What a browser would load when it opens the page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [v for k, v in attributes if k in ("src", "href", "srcset", "data")]


@pytest.mark.xdist_group("exported")
def test_export_is_one_file_that_loads_nothing(exported_pages):
    folder, printed = exported_pages
    files = sorted(folder.iterdir())
    names = [file.name for file in files]
    alone = [name for name in catalogue.names() if hasattr(catalogue.find(name), "static")]
    assert set(catalogue.names()) - set(alone) == {"trigger"}
    assert names == sorted(["index.html", *(f"{name}.html" for name in alone)])
    index = (folder / "index.html").read_text("utf8")
    for name in alone:
        assert f'href="{name}.html"' in index
    assert catalogue.find("trigger").needs_server in index
    files.remove(folder / "index.html")
    for file in files:
        assert str(file) in printed
        parser = Addresses()
        parser.feed(file.read_text("utf8"))
        assert parser.found == []
        assert not re.search(r"@import|<link", file.read_text("utf8").split("<script", 1)[0])
        assert file.stat().st_size < 4_000_000


def test_index_says_why_a_dashboard_needs_a_server(tmp_path, monkeypatch):
    class Heavy(Dashboard):
        title = "Heavy & slow"
        sentence = "It trains at each move."
        needs_server = "it trains a network"

    monkeypatch.setattr(catalogue, "names", lambda: ["heavy"])
    monkeypatch.setattr(catalogue, "find", lambda _: Heavy)
    (index,) = export(tmp_path)
    assert "Heavy &amp; slow<br>" in index.read_text("utf8")
    assert "It needs a server (hepml dashboards): it trains a network." in index.read_text("utf8")
