"""Time to load each bundled sample in a fresh process, by step."""

import statistics
import subprocess
import sys

from data_fetch.samples import bundled

CODE = """
import sys, time
from data_fetch import files, load, packing, samples
name = sys.argv[1]
start = time.perf_counter()
load(name)
print(time.perf_counter() - start)
sample = samples.bundled()[name]
for step in (sample.verify, lambda: files.read_arrays(sample.path)):
    start = time.perf_counter()
    result = step()
    print(time.perf_counter() - start)
start = time.perf_counter()
packing.unpack(result, sample.card)
print(time.perf_counter() - start)
"""
STEPS = ("load", "hash", "decompress", "unpack")


def main(repeats: int = 5) -> None:
    """Print the median of each step in milliseconds."""
    print(f"{'ms':<18}{'rows':>8}" + "".join(f"{step:>12}" for step in STEPS))
    for name, sample in bundled().items():
        rows = []
        for _ in range(repeats):
            command = [sys.executable, "-c", CODE, name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append([1e3 * float(line) for line in done.stdout.split()])
        medians = (statistics.median(times) for times in zip(*rows, strict=True))
        print(f"{name:<18}{len(sample):>8}" + "".join(f"{m:>12.0f}" for m in medians))


if __name__ == "__main__":
    main()
