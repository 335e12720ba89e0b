"""All metrics of two samples at once, and which of them sees which fault.

A value means nothing beside another metric's: each is compared with its floor, the values of fresh
real rows against real rows. The significance is (value - mean of the floor) / spread of the floor,
as in section 5 of R. Kansal et al., arXiv:2211.10295.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hepml_lite.generation.evaluation.distortions import DISTORTIONS, Distortion, copied
from hepml_lite.generation.evaluation.neighbours import memorisation, neighbour_metrics
from hepml_lite.generation.evaluation.strong_judge import View, judge_views, wide_trees
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.two_sample.distances import (
    frechet_distance,
    kernel_distance,
    wasserstein_distances,
)
from hepml_lite.statistics.two_sample.triangular import triangular_distance

METRICS = {
    "W1": "largest 1-D Wasserstein distance, in widths",
    "separation": "largest separation power of a histogram",
    "FPD": "Frechet distance (of means and covariances)",
    "KPD": "kernel distance",
    "AUC": "area of boosted trees",
    "precision": "share of generated rows in the region of the real ones",
    "recall": "share of real rows in the region of the generated ones",
    "density": "real balls around a generated row",
    "coverage": "share of real rows with a generated row near",
    "closer": "share nearer to a training row than to a fresh one",
}
GOOD_IS_LARGE = ("precision", "recall", "density", "coverage")
N_BINS = 30


@dataclass(frozen=True)
class Samples:
    """Three independent samples of the truth, (N, D) each, standardised alike.

    Attributes:
        training: what a generator has seen.
        real: what it is judged on.
        fresh: what distortions and floors are made of.
    """

    training: np.ndarray
    real: np.ndarray
    fresh: np.ndarray


def thirds(x: ArrayLike, rng: Seed = 0) -> Samples:
    """Rows (N, D) in random order, standardised, in three equal parts.

    Raises:
        ValueError: fewer than 300 rows, or NaN.
    """
    rows = checked_finite("x", x, n_axes=2).astype(float)
    if len(rows) < 300:
        raise ValueError(f"x has {len(rows)} rows: metrics of a third of them need 300 or more")
    rows = checked_rng(rng).permutation(rows)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    n = len(rows) // 3
    return Samples(rows[:n], rows[n : 2 * n], rows[2 * n : 3 * n])


def all_metrics(samples: Samples, generated: np.ndarray, rng: Seed = 0) -> dict[str, float]:
    """The value of each of `METRICS` for generated rows (M, D), in the units of the samples."""
    real = samples.real
    neighbours = neighbour_metrics(real, generated)
    n = len(samples.training)
    verdict = judge_views({"trees": View(real, generated, wide_trees)}, rng)
    return {
        "W1": float(wasserstein_distances(real, generated).max()),
        "separation": largest_separation(real, generated),
        "FPD": frechet_distance(real, generated),
        "KPD": kernel_distance(real, generated),
        "AUC": verdict.auc.value,
        "precision": neighbours.precision,
        "recall": neighbours.recall,
        "density": neighbours.density,
        "coverage": neighbours.coverage,
        "closer": memorisation(samples.training, real[:n], generated).closer_to_training,
    }


def largest_separation(real: np.ndarray, generated: np.ndarray) -> float:
    """The largest separation power of a feature, 0 to 1, in bins of equal real counts."""
    found = []
    for of_real, of_generated in zip(real.T, generated.T, strict=True):
        edges = np.unique(np.quantile(of_real, np.linspace(0, 1, N_BINS + 1)))
        found.append(triangular_distance(of_real, of_generated, edges).value)
    return max(found)


def floors(x: ArrayLike, n: int = 10, rng: Seed = 0) -> pd.DataFrame:
    """All metrics of fresh real rows, for n random divisions of the truth (N, D)."""
    n = checked_count("n", n, 2, "a spread needs two values")
    generator = checked_rng(rng)
    return pd.DataFrame([_repeated(x, _nothing, generator) for _ in range(n)])


def significances(
    x: ArrayLike,
    strengths: Mapping[str, float],
    floor: pd.DataFrame,
    *,
    n_repeats: int = 3,
    rng: Seed = 0,
) -> pd.DataFrame:
    """How many spreads of its floor each metric is away from it, for each distortion.

    Args:
        x: truth (N, D), divided anew in each repetition.
        strengths: of the distortions, by name of `DISTORTIONS`; "copies" is the share of rows that
            are copies of training rows.
        floor: from `floors`, of the same truth.
        n_repeats: of each distortion; the mean is given.
        rng: generator or seed.

    Returns:
        One row a distortion, one column a metric; positive is worse.

    Raises:
        ValueError: a distortion that is not known.
    """
    known = [*DISTORTIONS, "copies"]
    for name in strengths:
        if name not in known:
            raise ValueError(f"no distortion {name!r}: choose among {', '.join(known)}")
    generator = checked_rng(rng)
    rows = {}
    for name, strength in strengths.items():
        fault = _copies(strength) if name == "copies" else _of_strength(name, strength)
        values = pd.DataFrame([_repeated(x, fault, generator) for _ in range(n_repeats)])
        rows[name] = (values.mean() - floor.mean()) / floor.std()
    table = pd.DataFrame(rows).T
    for name in GOOD_IS_LARGE:
        table[name] = -table[name]
    return table


Fault = Callable[[Samples, np.random.Generator], np.ndarray]


def _repeated(x: ArrayLike, fault: Fault, rng: np.random.Generator) -> dict[str, float]:
    samples = thirds(x, rng)
    return all_metrics(samples, fault(samples, rng), rng)


def _nothing(samples: Samples, rng: np.random.Generator) -> np.ndarray:
    return samples.fresh


def _of_strength(name: str, strength: float) -> Fault:
    distortion: Distortion = DISTORTIONS[name]

    def fault(samples: Samples, rng: np.random.Generator) -> np.ndarray:
        return distortion(samples.fresh, strength, rng)

    return fault


def _copies(share: float) -> Fault:
    def fault(samples: Samples, rng: np.random.Generator) -> np.ndarray:
        n_copies = round(share * len(samples.fresh))
        made = samples.fresh.copy()
        made[:n_copies] = copied(samples.training, n_copies, rng)
        return made

    return fault
