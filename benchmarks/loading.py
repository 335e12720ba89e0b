"""Time to load the bundled jets, in fresh processes, and where it goes."""

import statistics
import subprocess
import sys
import time

CODE = """
import time
from data_fetch import files, load, packing, samples
start = time.perf_counter()
jets = load("top_tagging")
print(time.perf_counter() - start)
sample = samples.bundled()["top_tagging"]
for step in (sample.verify, lambda: files.read_arrays(sample.path)):
    start = time.perf_counter()
    result = step()
    print(time.perf_counter() - start)
start = time.perf_counter()
packing.unpack(result)
print(time.perf_counter() - start)
"""
STEPS = ("load", "of which: hash", "decompress", "unpack")


def main(repeats: int = 7) -> None:
    """Print minimum and median of each step in milliseconds."""
    rows = []
    for _ in range(repeats):
        command = [sys.executable, "-c", CODE]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([1e3 * float(line) for line in done.stdout.split()])
        time.sleep(0.2)
    print(f"{'50 000 jets':<16}{'min':>8}{'median':>8}  ms")
    for name, times in zip(STEPS, zip(*rows, strict=True), strict=True):
        print(f"{name:<16}{min(times):>8.0f}{statistics.median(times):>8.0f}")


if __name__ == "__main__":
    main()
