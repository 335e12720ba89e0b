"""Time of a bootstrapped AUC: hepml_lite and a plain loop over scikit-learn's roc_auc_score."""

import argparse
import time

import numpy as np
from sklearn.metrics import roc_auc_score

from hepml_lite.statistics.intervals import Interval, central_interval
from hepml_lite.statistics.metrics import auc, bootstrap


def naive(labels: np.ndarray, scores: np.ndarray, n: int, rng: np.random.Generator) -> Interval:
    """The simple loop: draw positions, and sort every resample again."""
    draws = (rng.integers(len(labels), size=len(labels)) for _ in range(n))
    values = [roc_auc_score(labels[i], scores[i]) for i in draws]
    return Interval(roc_auc_score(labels, scores), *central_interval(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=100_000)
    parser.add_argument("--resamples", type=int, default=200)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, options.jets)
    scores = rng.normal(size=options.jets) + 1.5 * labels
    print(f"AUC, {options.resamples} resamples of {options.jets} jets")
    for name, run in {
        "hepml_lite bootstrap": lambda: bootstrap(auc, labels, scores, options.resamples, rng),
        "scikit-learn in a loop": lambda: naive(labels, scores, options.resamples, rng),
    }.items():
        start = time.perf_counter()
        interval = run()
        print(f"{name:24s} {time.perf_counter() - start:6.2f} s   AUC {interval}")


if __name__ == "__main__":
    main()
