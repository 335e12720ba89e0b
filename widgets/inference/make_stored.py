"""Make stored.npz, what "Parameters without a likelihood" cannot compute on a move.

Run `python widgets/inference/make_stored.py`; some ten minutes on one core. The parts are

- peak: tables of two ratio estimators, and answers and coverage of posterior flows and of ABC;
- coupling: means of summaries of the test sets of `ee_shapes`, their likelihoods, the coverage over
  the test sets, and a posterior flow;
- gallery: the classifier tests, which take seconds.

Finished parts are kept in a work folder; delete it to make them again.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

import data_fetch
from hepml_lite.files import atomic_write, write_text
from widgets.inference import make_coupling, make_gallery, make_peak
from widgets.inference.stored import STORED, stored_results

Arrays = dict[str, Any]  # name -> array
PARTS = (
    make_peak.ratios,
    make_peak.flows,
    make_peak.abc,
    make_coupling.means,
    make_coupling.alpha_s_flow,
    make_gallery.classifier_tests,
)


def main() -> None:
    """Make the parts, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("output/inference_dashboard"))
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    arrays: Arrays = {}
    for make in PARTS:
        arrays |= kept(make, work)
    save(arrays)  # the tables of the ratios are read from there
    save(arrays | kept(make_peak.tables, work))


def save(arrays: Arrays) -> None:
    """Write the file and its card."""
    with atomic_write(STORED) as temporary:
        np.savez_compressed(temporary, **arrays)
    write_text(STORED.with_suffix(".json"), json.dumps(card(), indent=2) + "\n")
    stored_results.cache_clear()


def kept(make: Callable[[], Arrays], work: Path) -> Arrays:
    """A part, from the work folder if it was made before."""
    path = work / f"{make.__name__}.npz"
    if not path.exists():
        start = time.process_time()
        np.savez(path, **make())
        print(f"{make.__name__}: {time.process_time() - start:.0f} s of CPU", flush=True)
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}


def card() -> dict:
    """A record of how the file was made, with its hash."""
    sample = data_fetch.load("ee_shapes", "smoke").card
    return {
        "data": "data_fetch.load('ee_shapes')",
        "data_card": {key: sample.get(key) for key in ("command", "seed", "sha256")},
        "single_events_of_the_ratios": make_peak.PAIRS,
        "sets_of_the_flows": make_peak.SETS,
        "sets_of_abc": make_peak.SETS_OF_ABC,
        "simulations_of_the_local_test": make_gallery.N_LOCAL,
        "versions": {name: version(name) for name in ("numpy", "torch", "scikit-learn", "zuko")},
        "sha256": hashlib.sha256(STORED.read_bytes()).hexdigest(),
    }


if __name__ == "__main__":
    main()
