"""Several generators at once: to which of them would a classifier assign a real event?

A classifier learns to tell the samples of all generators apart. The mean log posterior that it
gives to real events for a generator ranks them: -log(number of generators) if all are alike (S. E.
Lim, R. Das et al., arXiv:2312.00042; "multi-cls" of arXiv:2410.21611).
"""

from collections.abc import Mapping

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_rng

SMALLEST_PROBABILITY = 1e-9
LARGEST_SEED = 2**31


def log_posteriors(
    generated: Mapping[str, np.ndarray], real: np.ndarray, rng: Seed = 0
) -> dict[str, Interval]:
    """Mean log posterior of real rows for each generator, the best first; larger is closer.

    Args:
        generated: rows (N, D) by name of the generator, as many of each.
        real: rows (M, D) that no generator was trained on.
        rng: generator or seed.

    Raises:
        ValueError: fewer than two generators, or samples of different sizes.
    """
    if len(generated) < 2:
        raise ValueError(f"{len(generated)} generator: give two or more, by name")
    sizes = {len(rows) for rows in generated.values()}
    if len(sizes) != 1:
        raise ValueError(f"samples have {sorted(sizes)} rows: give as many of each generator")
    generator = checked_rng(rng)
    names = list(generated)
    x = np.concatenate([generated[name] for name in names])
    labels = np.repeat(np.arange(len(names)), sizes.pop())
    order = generator.permutation(len(x))
    classifier = HistGradientBoostingClassifier(
        early_stopping=True, random_state=int(generator.integers(LARGEST_SEED))
    )
    classifier.fit(x[order], labels[order])
    logs = np.log(np.maximum(classifier.predict_proba(real), SMALLEST_PROBABILITY))
    errors = logs.std(axis=0, ddof=1) / np.sqrt(len(real))
    found = {
        name: Interval.symmetric(float(mean), float(error))
        for name, mean, error in zip(names, logs.mean(axis=0), errors, strict=True)
    }
    return dict(sorted(found.items(), key=lambda item: -item[1].value))
