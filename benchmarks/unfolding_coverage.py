"""How often the intervals of an unfolding hold the truth, by the strength of the regularisation.

    python benchmarks/unfolding_coverage.py                  # binned methods, minutes
    python benchmarks/unfolding_coverage.py --omnifold 120   # the same with OmniFold; resumes

Two worlds with a known truth: a Gaussian, and a falling spectrum with a narrow peak and an edge
that the simulation does not have. The binned data are Poisson numbers around response · truth, so
that the response is exactly right, and all bias comes from the regularisation. The undersmoothed
strength is one step weaker than the strongest one that covers in every bin. Experiments that did
not choose it judge it.

OmniFold unfolds events of the Gaussian world with small trees. Its experiments are kept in a work
folder, so that an interrupted run continues. The results are
hepml_lite/unfolding/stored/coverage.json and a card with their hash.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from hepml_lite import unfolding
from hepml_lite.exact.gaussian_recursion import GaussianUnfolding
from hepml_lite.files import write_text
from hepml_lite.unfolding import reports
from hepml_lite.unfolding.coverage_scans import LEVEL, STORED, fails

EVENTS = 20_000  # of nature
FEWEST = 100  # true events of a bin: the errors of emptier bins are not Gaussian
ITERATIONS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512)
DEFAULT_ITERATIONS = 4
TAUS = tuple(10.0**power for power in np.arange(5, -6, -1))
GAUSSIAN = GaussianUnfolding()
GAUSSIAN_EDGES = np.linspace(-3, 3, 16)
PEAK_EDGES = np.linspace(0, 10, 21)
PEAK_SMEARING = 0.6

OMNIFOLD_EVENTS = 3000  # of the data; as many simulated ones
OMNIFOLD_ITERATIONS = 6
REPLICATED = 5  # experiments with replicas; their mean variance is that of all experiments
REPLICAS = 12

Method = Callable[[np.ndarray, float], unfolding.BinnedResult]


class World(NamedTuple):
    """Edges (B + 1,), response (M, B), and the spectra of simulation and nature (B,) in events."""

    name: str
    edges: np.ndarray
    response: np.ndarray
    prior: np.ndarray
    truth: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """The measured spectrum of nature (M,), without fluctuations."""
        return self.response @ self.truth

    @property
    def filled(self) -> np.ndarray:
        """The bins (B,) that are studied."""
        return self.truth > FEWEST


def gaussian_world() -> World:
    """The exact Gaussian model of the tutorial."""
    prior, nature = (
        EVENTS * np.diff(norm.cdf(GAUSSIAN_EDGES, one.mean, one.width))
        for one in (GAUSSIAN.prior, GAUSSIAN.truth)
    )
    density = norm(GAUSSIAN.prior.mean, GAUSSIAN.prior.width).pdf
    matrix = exact_response(GAUSSIAN_EDGES, density, GAUSSIAN.smearing)
    return World("Gaussian", GAUSSIAN_EDGES, matrix, prior, nature)


def peak_world() -> World:
    """A falling spectrum; nature has a narrow peak at 6 and no events below 1."""
    low = PEAK_EDGES[:-1]
    falling = np.exp(-low / 4) - np.exp(-PEAK_EDGES[1:] / 4)
    peak = np.diff(norm.cdf(PEAK_EDGES, 6, 0.35))
    nature = np.where(low >= 1, falling, 0.0)
    nature = 0.95 * nature / nature.sum() + 0.05 * peak / peak.sum()
    matrix = exact_response(PEAK_EDGES, lambda t: np.exp(-t / 4), PEAK_SMEARING)
    prior = EVENTS * falling / falling.sum()
    return World("peak and edge", PEAK_EDGES, matrix, prior, EVENTS * nature)


def exact_response(
    edges: np.ndarray, density: Callable[[np.ndarray], np.ndarray], smearing: float
) -> np.ndarray:
    """P(measured in bin i | true in bin j) of Gaussian noise, (B, B); density of the simulation."""
    columns = []
    for low, high in pairwise(edges):
        true = np.linspace(low, high, 201)[1::2]  # middles of 100 slices
        weights = density(true) / density(true).sum()
        columns.append(np.diff(norm.cdf(edges[:, None], true, smearing), axis=0) @ weights)
    return np.stack(columns, axis=1)


def methods(world: World) -> dict[str, tuple[Method, Sequence[float], float]]:
    """Each method with its strengths, from strong to weak, and its default."""
    counts = world.response * world.prior

    def bayes(measured: np.ndarray, iterations: float) -> unfolding.BinnedResult:
        return unfolding.iterative_bayes(measured, world.response, world.prior, int(iterations))

    def svd(measured: np.ndarray, k: float) -> unfolding.SvdResult:
        return unfolding.svd(measured, None, counts, world.prior, int(k))

    def tikhonov(measured: np.ndarray, tau: float) -> unfolding.BinnedResult:
        return unfolding.tikhonov(measured, world.response, world.prior, tau)

    one = np.random.default_rng(0).poisson(world.expected).astype(float)
    rank = unfolding.strength.rank_from_d(svd(one, 2).d)
    corner = unfolding.strength.scan_l_curve(tikhonov, one, world.response, world.prior, TAUS)
    return {
        "iterative Bayes": (bayes, ITERATIONS, DEFAULT_ITERATIONS),
        "SVD": (svd, range(2, len(world.truth) + 1), rank),
        "Tikhonov": (tikhonov, TAUS, corner.best),
    }


def scan(
    world: World, name: str, method: Method, strengths: Sequence[float], default: float, n: int
) -> dict[str, Any]:
    """The row of one method: coverage in n experiments, and in n others where it is chosen."""
    chosen = world.filled
    data = np.random.default_rng(1).poisson(world.expected, (n, len(world.expected)))
    found = [covered(world, method, data, strength) for strength in strengths]
    inside = np.array([np.array([one.value for one in report.bins]) for report, _ in found])
    undersmoothed = one_step_weaker(strengths, ~fails(inside, n).any(axis=1))
    again = None
    if undersmoothed is not None:
        others = np.random.default_rng(6).poisson(world.expected, (n, len(world.expected)))
        report, _ = covered(world, method, others, undersmoothed)
        again = [one.value for one in report.bins]
    edges = np.append(world.edges[:-1][chosen], world.edges[1:][chosen][-1])
    return {
        "world": world.name,
        "method": name,
        "edges": edges.tolist(),
        "truth": rounded(world.truth[chosen], 1),
        "experiments": n,
        "strengths": [float(strength) for strength in strengths],
        "covered": rounded(inside, 4),
        "bias": [rounded(report.bias, 3) for report, _ in found],
        "errors": [rounded(errors, 1) for _, errors in found],
        "mean": [rounded([r.mean.value, r.mean.error], 4) for r, _ in found],
        "default": float(default),
        "undersmoothed": undersmoothed,
        "again": again,
    }


def one_step_weaker(strengths: Sequence[float], good: np.ndarray) -> float | None:
    """The strength after the first good one of (S,); None where none is good.

    The first good one is chosen by its luck, so in other experiments some bins of it fail.
    """
    if not good.any():
        return None
    return float(strengths[min(int(np.argmax(good)) + 1, len(good) - 1)])


def covered(
    world: World, method: Method, data: np.ndarray, strength: float
) -> tuple[reports.Coverage, np.ndarray]:
    """Coverage of the experiments (E, M) in the studied bins, and the mean errors (B,)."""
    results = [method(measured.astype(float), strength) for measured in data]
    spectra = np.array([result.unfolded[world.filled] for result in results])
    errors = np.array([result.errors[world.filled] for result in results])
    return reports.coverage(spectra, errors, world.truth[world.filled]), errors.mean(axis=0)


def rounded(values: Any, digits: int) -> Any:
    """Numbers of any shape as lists, with so many digits after the point."""
    return np.round(np.asarray(values, float), digits).tolist()


def omnifold_scan(n: int, work: Path) -> dict[str, Any]:
    """The row of OmniFold; the spectra of each experiment are kept in the work folder."""
    work.mkdir(parents=True, exist_ok=True)
    variance = np.mean([replica_variance(seed, work) for seed in range(REPLICATED)], axis=0)
    spectra = np.array([kept(work / f"{seed}.npy", seed, False) for seed in range(n)])
    truth = OMNIFOLD_EVENTS * np.diff(norm.cdf(GAUSSIAN_EDGES, *GAUSSIAN.truth))
    chosen = truth > FEWEST * OMNIFOLD_EVENTS / EVENTS
    found = []
    for iteration in range(1, OMNIFOLD_ITERATIONS + 1):
        errors = np.sqrt(variance[iteration][chosen])
        same = np.tile(errors, (n, 1))
        found.append(
            (reports.coverage(spectra[:, iteration][:, chosen], same, truth[chosen]), errors)
        )
    edges = np.append(GAUSSIAN_EDGES[:-1][chosen], GAUSSIAN_EDGES[1:][chosen][-1])
    return {
        "world": "Gaussian",
        "method": "OmniFold",
        "edges": edges.tolist(),
        "truth": rounded(truth[chosen], 1),
        "experiments": n,
        "strengths": [float(i) for i in range(1, OMNIFOLD_ITERATIONS + 1)],
        "covered": [rounded([one.value for one in r.bins], 4) for r, _ in found],
        "bias": [rounded(r.bias, 3) for r, _ in found],
        "errors": [rounded(errors, 1) for _, errors in found],
        "mean": [rounded([r.mean.value, r.mean.error], 4) for r, _ in found],
        "default": float(DEFAULT_ITERATIONS),
        "undersmoothed": None,
        "again": None,
    }


def replica_variance(seed: int, work: Path) -> np.ndarray:
    """Variance over the replicas of one experiment, (iterations + 1, B)."""
    replicas = []
    for number in range(REPLICAS):
        path = work / f"{seed}-{number}.npy"
        replicas.append(kept(path, seed, True, number))
    return np.var(replicas, axis=0, ddof=1)


def kept(path: Path, seed: int, fluctuated: bool, number: int = 0) -> np.ndarray:
    """The spectra of an experiment, or of a replica of it; made if they are not there."""
    if not path.exists():
        np.save(path, omnifold_spectra(seed, fluctuated, number))
        print(path.name, flush=True)
    return np.load(path)


def omnifold_spectra(seed: int, fluctuated: bool, number: int) -> np.ndarray:
    """Unfolded spectra after each iteration, (iterations + 1, B); all events have their weight.

    A replica has Poisson weights of data and simulation: both are samples.
    """
    rng = np.random.default_rng([3, seed])
    true, simulated = GAUSSIAN.simulation(OMNIFOLD_EVENTS, rng)
    _, data = GAUSSIAN.nature(rng.poisson(OMNIFOLD_EVENTS), rng)
    weights = [np.ones(len(true)), np.ones(len(data))]
    if fluctuated:
        of_replica = np.random.default_rng([4, seed, number])
        weights = [of_replica.poisson(1, len(w)).astype(float) for w in weights]
    events = unfolding.SimulatedEvents.of(true[:, None], simulated[:, None], weights[0])
    method = unfolding.OmniFold(n_iterations=OMNIFOLD_ITERATIONS, model="trees", folds=2)
    result = method.fit(events).unfold(
        data[:, None], weights[1], rng=np.random.default_rng([5, seed, number])
    )
    histograms = []
    for weight in result.history:
        heights, _ = np.histogram(true, GAUSSIAN_EDGES, weights=weight)
        histograms.append(heights * result.n_true / weight.sum())
    return np.array(histograms)


def write(rows: list[dict[str, Any]], seconds: float) -> None:
    """Write the rows and their card; a row of another run stays unless it is made again."""
    made = {(row["world"], row["method"]) for row in rows}
    if STORED.exists():
        old = json.loads(STORED.read_text("utf8"))
        rows = [row for row in old if (row["world"], row["method"]) not in made] + rows
    write_text(STORED, json.dumps(rows, separators=(",", ":")) + "\n")
    card = {
        "made_by": "python benchmarks/unfolding_coverage.py [--omnifold 120]",
        "events": {"binned": EVENTS, "OmniFold": OMNIFOLD_EVENTS},
        "omnifold": f"trees, 2 folds; errors: {REPLICAS} replicas of {REPLICATED} experiments",
        "level": LEVEL,
        "seconds_of_the_last_run": round(seconds),
        "versions": {name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
        "sha256": hashlib.sha256(STORED.read_bytes()).hexdigest(),
    }
    write_text(STORED.with_name("card.json"), json.dumps(card, indent=2) + "\n")


def report(row: dict[str, Any]) -> None:
    """Print the mean coverage and the worst bin at each strength."""
    print(f"{row['world']}, {row['method']}; default {row['default']:g}, ", end="")
    print(f"undersmoothed {row['undersmoothed']}")
    for strength, inside, bias, (mean, error) in zip(
        row["strengths"], row["covered"], row["bias"], row["mean"], strict=True
    ):
        bad = int(fails(np.array(inside), row["experiments"]).sum())
        print(
            f"  {strength:>8g}: mean {mean:.3f} ± {error:.3f}, lowest {min(inside):.3f}", end=", "
        )
        print(f"largest {max(inside):.3f}, bias up to {max(bias, key=abs):+.2f}, {bad} bins fail")
    if row["again"]:
        bad = int(fails(np.array(row["again"]), row["experiments"]).sum())
        print(f"  again: from {min(row['again']):.3f} to {max(row['again']):.3f}, {bad} bins fail")


def main() -> None:
    """Study, print, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=1000, help="of each binned method")
    parser.add_argument("--omnifold", type=int, default=0, help="experiments with OmniFold instead")
    parser.add_argument("--work", type=Path, default=Path("output/unfolding_coverage"))
    options = parser.parse_args()
    started = time.process_time()
    rows = []
    if options.omnifold:
        rows.append(omnifold_scan(options.omnifold, options.work))
    else:
        for world in (gaussian_world(), peak_world()):
            for name, (method, strengths, default) in methods(world).items():
                rows.append(scan(world, name, method, strengths, default, options.experiments))
    for row in rows:
        report(row)
    write(rows, time.process_time() - started)


if __name__ == "__main__":
    main()
