"""CPU time to load each bundled sample in a fresh process, by step."""

import argparse
import csv
import statistics
import subprocess
import sys
from pathlib import Path

from data_fetch.samples import bundled

CODE = """
import sys, time
from data_fetch import files, load, packing, samples
name = sys.argv[1]
start = time.process_time()
load(name)
print(time.process_time() - start)
sample = samples.bundled()[name]
for step in (sample.verify, lambda: files.read_arrays(sample.path)):
    start = time.process_time()
    result = step()
    print(time.process_time() - start)
start = time.process_time()
packing.unpack(result, sample.card)
print(time.process_time() - start)
"""
TIMES = Path(__file__).parents[1] / "docs" / "data" / "load_times.csv"
STEPS = ("load", "hash", "decompress", "unpack")


def medians(name: str, repeats: int) -> list[float]:
    """The median time [ms] of each step."""
    rows = []
    for _ in range(repeats):
        command = [sys.executable, "-c", CODE, name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([1e3 * float(line) for line in done.stdout.split()])
    return [statistics.median(times) for times in zip(*rows, strict=True)]


def write(times: dict[str, float]) -> None:
    """Store the times [ms] that the list of the samples shows."""
    with TIMES.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample", "ms"])
        for name, time in times.items():
            writer.writerow([name, f"{time:.0f}"])


def main() -> None:
    """Print the median of each step in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"store the times in {TIMES.name}")
    options = parser.parse_args()
    print(f"{'ms':<18}{'rows':>8}" + "".join(f"{step:>12}" for step in STEPS))
    to_load = {}
    for name, sample in bundled().items():
        times = medians(name, options.repeats)
        to_load[name] = times[0]
        print(f"{name:<18}{len(sample):>8}" + "".join(f"{m:>12.0f}" for m in times))
    if options.write:
        write(to_load)


if __name__ == "__main__":
    main()
