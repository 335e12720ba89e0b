"""CPU time of energy flow polynomials for each jet: ours and energyflow's, checked equal first."""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core, before numpy is loaded

import numpy as np

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.energy_flow_polynomials import energy_flow_polynomials
from hepml_lite.jet_physics.observables.multigraphs import graphs

PARTICLES = 60
#: Number of jets for energyflow and for us, by degree; each takes a few seconds.
JETS = {3: (200, 5000), 4: (200, 3000), 5: (100, 2000), 6: (8, 500), 7: (2, 300)}


def energyflow_set(degree: int):
    import energyflow

    polynomials = [list(edges) for edges in graphs(degree)[1:]]
    options = {"measure": "hadr", "beta": 1, "normed": True, "coords": "ptyphim"}
    return energyflow.EFPSet(*polynomials, **options)


def timed(function, *arguments, **options) -> tuple[np.ndarray, float]:
    start = time.process_time()
    result = function(*arguments, **options)
    return np.asarray(result), time.process_time() - start


def compare(jets: Jets, degree: int) -> None:
    few, many = JETS[degree]
    many = min(many, len(jets))
    reference = energyflow_set(degree)
    events = np.pad(jets.constituents[:few].astype(float), ((0, 0), (0, 0), (0, 1)))
    reference.batch_compute(events[:1], n_jobs=1)
    expected, theirs = timed(reference.batch_compute, events, n_jobs=1)
    _, plan = timed(energy_flow_polynomials, jets[:1], degree)  # the first call makes the plan
    got, ours = timed(energy_flow_polynomials, jets[:many], degree)
    difference = np.abs(got[:few, 1:] / expected - 1).max()
    if difference > 1e-10:
        raise SystemExit(f"degree {degree}: values differ by {difference:.1e}, no comparison")
    theirs, ours = 1e3 * theirs / few, 1e3 * ours / many
    print(
        f"{degree:6d} {len(graphs(degree)):7d} {theirs:12.2f} {ours:12.3f} {theirs / ours:8.0f} "
        f"{difference:12.1e} {plan:9.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--degrees", type=int, nargs="+", default=[4, 5, 6, 7], choices=list(JETS))
    options = parser.parse_args()
    jets = load("top_tagging")
    jets = jets[jets.n_constituents >= PARTICLES].truncate(PARTICLES)[:5000]
    print(f"connected graphs, jets of {PARTICLES} particles; CPU milliseconds a jet, one core")
    print("degree  graphs   energyflow   hepml_lite    ratio   difference  plan [s]")
    for degree in options.degrees:
        compare(jets, degree)


if __name__ == "__main__":
    main()
