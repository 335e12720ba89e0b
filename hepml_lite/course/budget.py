"""Measure what the notebooks cost; ``notebooks/budget.json`` goes into headers and README."""

import json
from collections.abc import Sequence
from pathlib import Path

from hepml_lite.course.header import read_budget
from hepml_lite.course.machine import usable_cores
from hepml_lite.course.paths import Entry
from hepml_lite.course.run import Run, execute
from hepml_lite.files import write_text


def measure(base: Path, chosen: Sequence[Entry], profile: str) -> int:
    """Run the notebooks at `profile`, store seconds and megabytes, print a table.

    A notebook that fails is reported and its old numbers are kept. Returns the number of failures.
    """
    failures = 0
    for entry in chosen:
        run = execute(entry.notebook, profile=profile, progress=True)
        print(f"{entry.name:40} {profile:7} {run.seconds:7.1f} s {run.megabytes:7.0f} MB")
        if run.error:
            failures += 1
            print(f"{entry.name}: {run.error}")
        else:
            _store(base, entry, profile, run)
    return failures


def _store(base: Path, entry: Entry, profile: str, run: Run) -> None:
    """Store after each notebook, so that an interrupted measurement is not lost."""
    budget = read_budget(base)
    # Rounded, so that measuring again changes the file only where something has changed.
    cost = {
        "seconds": max(round(run.seconds), 1),
        "megabytes": 10 * round(run.megabytes / 10),
        "cores": usable_cores(),
    }
    budget.setdefault(entry.name, {})[profile] = cost
    text = json.dumps(budget, indent=1, sort_keys=True) + "\n"
    write_text(base / "notebooks" / "budget.json", text)
