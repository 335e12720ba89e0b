"""Rows per second and core of every recipe, and the gain of a second worker."""

import argparse
import tempfile
import time
from pathlib import Path

from data_fetch.generate import run

SCALING = "top_tagging"  # a slow recipe, so that the start of the workers matters little


def rate(name: str, share: float) -> tuple[int, float]:
    """Rows of a chunk with a share of the usual size, and its CPU time [s]."""
    recipe = run.recipe(name)
    size = max(48, 2 * round(share * recipe.CHUNK / 2))
    start = time.process_time()
    recipe.chunk(1, 0, size)
    return size, time.process_time() - start


def wall_time(chunks: int, workers: int, size: int) -> float:
    """Seconds for some chunks of `SCALING` with this number of workers, with their start."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run.make_chunks(SCALING, chunks, 1, Path(folder), workers=workers, size=size)
        return time.perf_counter() - start


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of each recipe's chunk")
    share = parser.parse_args().share
    print(f"{'recipe':<18}{'rows':>7}{'CPU s':>8}{'rows/s and core':>18}{'1M rows [core h]':>18}")
    for name in run.recipes():
        size, seconds = rate(name, share)
        speed = size / seconds
        print(f"{name:<18}{size:>7}{seconds:>8.1f}{speed:>18.1f}{1e6 / speed / 3600:>18.1f}")
    size = round(share * run.recipe(SCALING).CHUNK)
    one, two = (wall_time(4, workers, size) for workers in (1, 2))
    print(f"\n{SCALING}, 4 chunks of {size}: 1 worker {one:.0f} s, 2 workers {two:.0f} s, ", end="")
    print(f"{one / two:.2f} times as fast")


if __name__ == "__main__":
    main()
