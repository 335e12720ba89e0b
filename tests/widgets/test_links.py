"""Links with nonsense in them: the page comes, and says what it ignored."""

import re
import urllib.request
from urllib.parse import parse_qs

import pytest

from widgets.shared.query import LONGEST_VALUE, readable
from widgets.shared.url_state import page_options, zoom_factor
from widgets.start_here.dashboard import StartHere


def notes(address: str) -> list[str]:
    html = urllib.request.urlopen(address, timeout=60).read().decode()
    assert '"token":"' in html  # of the dashboard's connection
    return re.findall(r'<p class="note">(.*?)</p>', html)


@pytest.mark.parametrize(
    "query",
    [
        "foo=%ff",
        "%ff=1",
        "zoom=NaN",
        "zoom=1e9",
        "hide=name",
        "theme=%ff",
        "theme=blue",
        "jet=" + 5000 * "5",
        "jet=" + 1_000_000 * "5",
        "jet=%ff",
        "window=nan,nan",
        "window=210,140",
        "threshold=inf",
        "next_top=1",
    ],
    ids=lambda query: query[:20],
)
def test_nonsense_in_a_link_is_noted_in_the_page(served, query):
    (note,) = notes(f"{served}/start_here?{query}")
    assert "in the address was ignored: allowed" in note


def test_good_links_have_no_note(served):
    assert notes(f"{served}/start_here") == []
    assert notes(f"{served}/start_here?window=100,200&hide=jet&theme=dark&zoom=1.5") == []


def test_a_link_cannot_choose_its_session(served):
    assert notes(f"{served}/start_here?bokeh-token=x&bokeh-session-id=y") == []


def test_query_is_cut_and_made_readable():
    found = readable({"jet": [b"1", 500 * b"5"], "window": [b"\xff"], "bokeh-token": [b"x"]})
    assert found["jet"] == [(LONGEST_VALUE * "5" + "…").encode()]
    assert found["window"] == ["\ufffd".encode()]
    assert set(found) == {"jet", "window"}


def test_options_of_the_page():
    query = {name: values[-1] for name, values in parse_qs("hide=jet,name&zoom=0.1").items()}
    hidden, problems = page_options(StartHere, query)
    assert hidden == ("jet",)
    assert len(problems) == 2
    assert zoom_factor("1.5") == 1.5
    assert zoom_factor("nan") is None
