"""The cost of a dashboard: CPU per move and per visitor, and the time from slider to pixel.

    python benchmarks/dashboards.py [start_here] [--moves 40]

One visitor in headless Chromium, on the same machine as the server. "Slider to pixel" runs from the
key press to the first animation frame in which the verdict and a canvas have changed; 50 ms of it
are Panel's collecting of events. The budget: CPU per move x moves per second <= 0.4 a process.
"""

import argparse
import statistics
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise

import psutil
from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PORT = 5099
# Resolves with the milliseconds until the text and the figures have changed
WAIT = """async () => {
  const canvases = [], texts = []
  const walk = node => {
    if (node.tagName == "CANVAS" && canvases.length < 4) canvases.push(node) // of the first figure
    if (node.className == "bk-Div") texts.push(node.shadowRoot)
    for (const child of node.shadowRoot?.children ?? []) walk(child)
    for (const child of node.children) walk(child)
  }
  walk(document.body)
  const look = () => [texts.map(t => t.textContent).join(), canvases.map(c => c.toDataURL()).join()]
  const before = look(), started = performance.now()
  window.moved = new Promise(done => {
    const frame = () => {
      const now = look()
      const changed = now[0] != before[0] && now[1] != before[1]
      if (changed) return done(performance.now() - window.pressed)
      if (performance.now() - started > 5000) return done(NaN)
      requestAnimationFrame(frame)
    }
    window.addEventListener("keydown", () => { window.pressed = performance.now() },
                            {once: true, capture: true})
    requestAnimationFrame(frame)
  })
}"""


def compute_cost(name: str, moves: int) -> str:
    """CPU time of one move without server or browser, with one display attached."""
    from widgets import catalogue

    dashboard = catalogue.find(name)()
    dashboard.__panel__()
    low, high = dashboard.window
    started = time.process_time()
    for k in range(moves):
        dashboard.window = (low - 1 - k % 20, high)
    return f"{1000 * (time.process_time() - started) / moves:.1f} ms"


def slider_to_pixel(page: Page, moves: int) -> list[float]:
    """Milliseconds from key press to changed pixels, one for each move."""
    page.locator(".noUi-handle").first.focus()
    waits = []
    for k in range(moves):
        page.evaluate(WAIT)
        page.keyboard.press("ArrowRight" if k % 20 < 10 else "ArrowLeft")
        waits.append(page.evaluate("window.moved"))
        page.wait_for_timeout(150)
    return waits


def cpu(process: psutil.Process) -> float:
    """CPU seconds so far."""
    times = process.cpu_times()
    return times.user + times.system


def measure(name: str, moves: int) -> None:
    """Serve, open, move; print a table."""
    url = f"http://127.0.0.1:{PORT}/"
    server = subprocess.Popen([sys.executable, "-m", "widgets.app", "--port", str(PORT)])
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(url, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        process = psutil.Process(server.pid)
        with sync_playwright() as p:
            chromium = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page, opened = None, [cpu(process)]
            for _ in range(4):  # the first fills the caches
                page = chromium.new_page(viewport={"width": 1280, "height": 800})
                page.goto(url + name)
                page.locator(".bk-Figure").nth(3).wait_for()
                page.wait_for_timeout(1000)
                opened.append(cpu(process))
                if len(opened) < 5:
                    page.close()
            first, *others = (b - a for a, b in pairwise(opened))
            idle = cpu(process)
            waits = sorted(slider_to_pixel(page, moves))
            per_move = (cpu(process) - idle) / moves
            chromium.close()
        print(f"{name}: {moves} moves, load average {psutil.getloadavg()[0]:.1f}")
        print(f"  compute and update, no server        {compute_cost(name, moves)} CPU")
        print(f"  a move, served                       {1000 * per_move:.0f} ms CPU")
        print(f"  moves per second in the budget       {0.4 / per_move:.0f}")
        print(f"  slider to pixel, median              {statistics.median(waits):.0f} ms")
        print(f"  slider to pixel, 90 %                {waits[int(0.9 * moves)]:.0f} ms")
        print(f"  first visitor                        {1000 * first:.0f} ms CPU")
        print(f"  another visitor                      {1000 * statistics.mean(others):.0f} ms CPU")
        print(f"  memory of the server                 {process.memory_info().rss / 1e6:.0f} MB")
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="start_here")
    parser.add_argument("--moves", type=int, default=40)
    arguments = parser.parse_args()
    measure(arguments.name, arguments.moves)
