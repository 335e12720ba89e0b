"""Time of distances between jets: hepml_lite and energyflow, after a check of equal numbers."""

import argparse
import time
from collections.abc import Callable

import numpy as np

from data_fetch import load
from hepml_lite.jet_physics.distances.energy_movers_distance import emd_matrix, particles
from hepml_lite.jet_physics.distances.event_isotropy import disk_isotropy
from hepml_lite.jet_physics.distances.spectral_distance import (
    quantile_functions,
    spectral_emd_matrix,
    spectrum,
)

RADIUS = 0.8


def timed(what: str, run: Callable, each: int, unit: str, repeat: int = 3):
    """Run, print the CPU time (best of `repeat`) per pair or jet, and return result and time."""
    best = np.inf
    for _ in range(repeat):
        start = time.process_time()
        result = run()
        best = min(best, time.process_time() - start)
    print(f"{what:42s} {1e6 * best / each:8.1f} us a {unit}")
    return result, best


def energyflow_matrix(jets) -> np.ndarray:
    from energyflow.emd import emds

    return emds(particles(jets), R=RADIUS, n_jobs=1, verbose=0)


def same(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    scale = np.maximum(np.abs(expected), 1e-6 * np.abs(expected).max())
    difference = (np.abs(found - expected) / scale).max()
    print(f"{name}: largest relative difference {difference:.1e}")


def nearest_kept(vectors: np.ndarray, exact: np.ndarray, k: int = 10) -> float:
    """Share of the k nearest neighbours that the vectors find as well."""
    near = np.linalg.norm(vectors[:, None] - vectors, axis=-1)
    both = [np.argsort(d, axis=1, kind="stable")[:, 1 : k + 1] for d in (near, exact)]
    return np.mean([len(set(a) & set(b)) / k for a, b in zip(*both, strict=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    sample = load("top_tagging", "smoke")
    jets = sample[np.random.default_rng(0).choice(len(sample), options.jets, replace=False)]
    n, pairs = len(jets), len(jets) * (len(jets) - 1) // 2
    print(f"{n} jets of {jets.n_constituents.mean():.0f} constituents, {pairs} pairs, CPU time")

    def clock(what: str, run: Callable, each: int, unit: str):
        return timed(what, run, each, unit, options.repeat)

    ours, exact = clock("EMD, hepml_lite", lambda: emd_matrix(jets, RADIUS), pairs, "pair")
    try:
        theirs, peer = clock("EMD, energyflow", lambda: energyflow_matrix(jets), pairs, "pair")
        same("  EMD", ours, theirs)
        print(f"  hepml_lite takes {exact / peer:.2f} of energyflow's time")
    except ImportError:
        print("EMD, energyflow: not installed (make energyflow)")
    spectra, _ = clock("spectra, once", lambda: spectrum(jets), n, "jet")
    distances, quick = clock("spectral EMD", lambda: spectral_emd_matrix(spectra), pairs, "pair")
    print(f"  {exact / quick:.1f} times faster than the EMD")
    vectors, _ = clock("quantile functions", lambda: quantile_functions(spectra), n, "jet")
    print(f"  {nearest_kept(vectors, distances):.1%} of the ten nearest neighbours found with them")
    clock("isotropy on the disk", lambda: disk_isotropy(jets, RADIUS), n, "jet")


if __name__ == "__main__":
    main()
