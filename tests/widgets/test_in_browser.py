"""The dashboards in a real browser: served, exported, and in JupyterLab."""

import hashlib
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.widgets.conftest import shown_as
from widgets import catalogue
from widgets.shared import url_state
from widgets.start_here import text as words
from widgets.start_here.dashboard import StartHere
from widgets.tagging.dashboard import Tagging

pytestmark = pytest.mark.browser
VERDICT = "text=/signal efficiency of your window|Your window keeps/"
# exported with some states
STATIC = ["generation", "inference", "representations", "tagging", "unfolding"]
WINDOW, SCORE = 0, 2  # handles: the window has two
INVITATION, BOOST = "Move a slider", 1  # of the seven views: the first handle is the jet's number


def move(page, handle: int, key: str = "ArrowRight", times: int = 5) -> None:
    page.locator(".noUi-handle").nth(handle).focus()
    for _ in range(times):
        page.keyboard.press(key)


def text_changes(page, before: str, which: int = 0) -> str:
    """Wait until the verdict is another one than before."""
    line = page.locator(VERDICT).nth(which)
    line.wait_for(timeout=20_000)
    for _ in range(100):
        if line.inner_text() != before:
            return line.inner_text()
        page.wait_for_timeout(50)
    raise AssertionError(f"still: {before}")


def text_becomes(page, expected: str) -> None:
    """Wait for this verdict: each arrow key shows another one on the way."""
    line = page.locator(VERDICT).first
    line.wait_for(timeout=20_000)
    for _ in range(200):
        if line.inner_text() == expected:
            return
        page.wait_for_timeout(50)
    assert line.inner_text() == expected


def picture(page, figure: int) -> str:
    return hashlib.md5(page.locator(".bk-Figure").nth(figure).screenshot()).hexdigest()


def test_served_dashboard_follows_and_remembers(page, served):
    page.goto(f"{served}/start_here?hide=training")
    first = text_changes(page, "")
    page.wait_for_timeout(500)  # figures are drawn after the text
    pictures = [picture(page, k) for k in range(4)]
    move(page, WINDOW)
    moved = shown_as(words.verdict(StartHere(window=(145, 210)).comparison()))
    assert moved != first
    text_becomes(page, moved)
    page.wait_for_timeout(300)
    changed = [picture(page, k) != pictures[k] for k in range(4)]
    assert changed == [True, True, True, False]  # the jet on display is still the same
    move(page, SCORE, "ArrowLeft", 3)  # frees the threshold from the window
    page.get_by_text("next top").click()
    page.wait_for_timeout(800)
    assert picture(page, 3) != pictures[3]
    page.wait_for_url(re.compile("window="), timeout=10_000)
    address = urlsplit(page.url)
    state, problems = url_state.decode(StartHere, parse_qsl(address.query))
    assert problems == []
    assert state["window"] == (145, 210)
    assert not state["equal"]
    assert "hide=training" in address.query
    page.reload()
    text_becomes(page, moved)
    table = page.locator("table").first
    assert shown_as(StartHere(**state).compute()["table"]).replace(" ", "") == "".join(
        table.inner_text().split()
    )
    assert page.get_by_text(re.compile("^Training:")).count() == 0
    assert (page.errors, page.external) == ([], [])


def test_address_cannot_carry_a_script(page, served):
    page.goto(f"{served}/start_here?threshold=<img src=x onerror=alert(1)>&theme=dark&zoom=1.3")
    page.on("dialog", lambda _: page.errors.append("a script ran"))
    page.get_by_text("in the address was ignored").wait_for(timeout=20_000)
    page.wait_for_timeout(500)
    assert (page.errors, page.external) == ([], [])


@pytest.mark.parametrize("size", [(1280, 800), (900, 700)])
def test_nothing_sticks_out_of_the_page(page, served, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{served}/start_here")
    text_changes(page, "")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#main').scrollWidth") <= size[0]
    for part in ("table", ".bk-Figure"):
        for k in range(page.locator(part).count()):
            box = page.locator(part).nth(k).bounding_box()
            assert box["x"] + box["width"] <= size[0] + 1


def exported(theme, exported_pages) -> str:
    """Address of the page of one dashboard without a server."""
    folder, _ = exported_pages
    return (folder / f"{theme}.html").as_uri()


@pytest.mark.xdist_group("exported")
@pytest.mark.parametrize("theme", STATIC)
def test_exported_file_shows_the_stored_state(page, exported_pages, theme):
    dashboard = catalogue.find(theme)
    page.goto(exported(theme, exported_pages))
    page.locator(".bk-Figure").nth(3).wait_for(timeout=60_000)
    page.locator("select").first.select_option(index=1)
    move(page, 0, "ArrowLeft" if theme == "generation" else "ArrowRight", 2)
    if theme == "unfolding":
        page.locator("input[type=checkbox]").check()
    page.wait_for_timeout(1000)
    moved = {
        "generation": {"distortion": "smear", "time": 16},
        "inference": {"failure": "biased", "bias": 0.5, "width": 0.5},
        "representations": {"kind": "gluon", "boost": 0.4},
        "tagging": {"kind": "top", "efficiency": 0.6},
        "unfolding": {"nature": "nature_a14", "step": 6, "same": True},
    }
    outputs = dashboard(**moved[theme]).compute()
    expected = outputs["gallery_line" if theme == "inference" else "line"]
    shown = [" ".join(text.split()) for text in page.locator(".bk-clearfix").all_inner_texts()]
    assert " ".join(shown_as(expected).split()) in shown
    assert (page.errors, page.external) == ([], [])


@pytest.mark.xdist_group("exported")
@pytest.mark.parametrize("theme", STATIC)
def test_exported_file_fits_a_telephone(page, exported_pages, theme):
    page.set_viewport_size({"width": 400, "height": 900})
    page.goto(exported(theme, exported_pages))
    page.locator(".bk-Figure").nth(3).wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.xdist_group("exported")
def test_exported_file_counts_like_python(page, exported_pages):
    page.goto(exported("start_here", exported_pages))
    line = text_changes(page, "")
    expected = StartHere()
    assert line == shown_as(words.verdict(expected.comparison()))
    for handle, key, times in ((0, "ArrowRight", 25), (1, "ArrowLeft", 25), (1, "End", 1)):
        move(page, handle, key, times)
        low, high = expected.window
        expected.window = (low + 25, high) if handle == 0 else (low, 185 if times > 1 else 300)
        text_becomes(page, shown_as(words.verdict(expected.comparison())))
    move(page, SCORE, "End", 1)  # nothing passes the network
    expected.threshold = 10.0
    page.wait_for_timeout(300)
    points = expected.working_points()
    del points["both"]
    shown = "".join(page.locator("table").first.inner_text().split())
    assert shown == "".join(shown_as(words.efficiencies(points)).split())
    assert (page.errors, page.external) == ([], [])


def lab_runs(page, command: str, cell: int = 0) -> None:
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length >= 4")
    page.evaluate(
        """([command, cell]) => {
            const app = window.jupyterapp
            app.shell.currentWidget.content.activeCellIndex = cell
            return app.commands.execute(command)
        }""",
        [command, cell],
    )


def test_jupyterlab_without_network(page, lab):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    lab_runs(page, "notebook:run-all-cells")
    page.locator(VERDICT).nth(1).wait_for(timeout=40_000)
    page.wait_for_timeout(700)
    last = page.locator(VERDICT).first.inner_text()

    def both_move(handle: int, key: str = "ArrowRight") -> str:
        move(page, handle, key)
        text_changes(page, last, 0)
        text_changes(page, last, 1)
        page.wait_for_timeout(1000)
        changed = page.locator(VERDICT).all_inner_texts()
        assert changed[0] == changed[1]
        page.wait_for_timeout(500)  # two displays once answered each other for ever
        assert page.locator(VERDICT).all_inner_texts() == changed
        assert page.locator("input[type=checkbox]").nth(1).is_checked()  # still equal
        return changed[0]

    last = both_move(WINDOW)
    last = both_move(7, "ArrowLeft")  # in the second display
    lab_runs(page, "notebook:run-cell", 3)  # the same instance shown anew
    page.wait_for_timeout(1500)
    last = both_move(WINDOW)
    page.reload()  # the kernel lives on
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    page.wait_for_timeout(500)
    lab_runs(page, "notebook:run-all-cells")
    page.wait_for_timeout(4000)
    last = page.locator(VERDICT).first.inner_text()
    both_move(WINDOW)
    assert page.external == []


def test_dashboard_says_that_its_kernel_was_restarted(page, lab):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    lab_runs(page, "notebook:run-all-cells")
    page.locator(VERDICT).nth(1).wait_for(timeout=60_000)
    page.wait_for_timeout(700)
    before = page.locator(VERDICT).first.inner_text()
    move(page, WINDOW)
    text_changes(page, before)
    page.wait_for_timeout(6000)
    assert page.get_by_role("alert").filter(has_text="is dead").count() == 0
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_timeout(3000)
    move(page, WINDOW, "ArrowLeft")
    page.get_by_role("alert").filter(has_text="is dead").wait_for(timeout=15_000)


def test_served_dashboard_says_that_its_server_is_gone(page, own_server):
    url, process = own_server
    page.goto(f"{url}/start_here")
    page.locator(VERDICT).wait_for(timeout=30_000)
    assert page.locator("#lost").inner_text() == ""
    process.kill()
    page.get_by_text("has lost its server").wait_for(timeout=20_000)


def test_moving_a_slider_moves_the_sentence_and_the_views(page, served):
    page.goto(f"{served}/representations")
    page.get_by_text(INVITATION).wait_for(timeout=20_000)
    page.wait_for_timeout(500)
    views = [page.locator(".bk-Figure").nth(k).screenshot() for k in range(4)]
    move(page, BOOST)
    page.get_by_text("boost by").first.wait_for(timeout=20_000)
    move(page, BOOST + 1, times=8)
    page.wait_for_timeout(800)
    assert page.locator(".bk-Figure").first.screenshot() != views[0]
    before = page.url
    page.get_by_text("take it").first.click()
    page.wait_for_url(lambda url: url != before, timeout=20_000)
    assert (page.errors, page.external) == ([], [])


@pytest.mark.parametrize("size", [(1280, 800), (900, 700)])
def test_seven_views_stay_on_the_page(page, served, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{served}/representations")
    page.get_by_text(INVITATION).wait_for(timeout=20_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#main').scrollWidth") <= size[0]


@pytest.mark.parametrize("lab", ["representations"], indirect=True)
def test_two_displays_in_jupyterlab_follow_each_other(page, lab):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    lab_runs(page, "notebook:run-all-cells")
    page.get_by_text(INVITATION).nth(1).wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    move(page, BOOST)
    page.get_by_text("boost by").nth(1).wait_for(timeout=20_000)
    assert page.external == []


TAGGED = "one QCD jet in"  # of the live line of the taggers


def test_threshold_of_the_taggers_moves_line_table_and_figures(page, served):
    page.goto(f"{served}/tagging")
    line = page.get_by_text(TAGGED).first
    line.wait_for(timeout=30_000)
    page.wait_for_timeout(1000)
    before = line.inner_text(), page.locator("table").first.inner_text()
    roc = picture(page, 0)
    move(page, 0)  # the signal efficiency
    page.wait_for_timeout(1000)
    assert line.inner_text() != before[0]
    assert page.locator("table").first.inner_text() != before[1]
    assert picture(page, 0) != roc
    page.locator("select").nth(4).select_option("lost particles")
    page.get_by_text("of the particles lost").first.wait_for(timeout=20_000)
    page.wait_for_timeout(500)
    state, problems = url_state.decode(Tagging, parse_qsl(urlsplit(page.url).query))
    assert problems == []
    assert (state["efficiency"], state["variation"]) == (0.55, "lost particles")
    assert (page.errors, page.external) == ([], [])


@pytest.mark.parametrize("size", [(1280, 800), (900, 700)])
def test_taggers_stay_on_the_page(page, served, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{served}/tagging?variation=lost%20particles")
    page.get_by_text(TAGGED).first.wait_for(timeout=30_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#main').scrollWidth") <= size[0]


@pytest.mark.parametrize("lab", ["tagging"], indirect=True)
def test_two_displays_of_taggers_follow_each_other(page, lab):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    lab_runs(page, "notebook:run-all-cells")
    page.get_by_text(TAGGED).nth(1).wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    # the content, not what is visible: JupyterLab does not render cells that are out of sight
    before = page.get_by_text(TAGGED).nth(1).text_content()
    move(page, 0)
    page.wait_for_timeout(2500)
    texts = page.get_by_text(TAGGED).all_text_contents()
    assert texts[0] == texts[1] != before
    assert page.external == []
