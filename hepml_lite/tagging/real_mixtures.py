"""Quark and gluon jets from two processes: is what weak supervision assumes true of them?

Classification without labels (arXiv:1708.02949) and jet topics (arXiv:1802.00008) take two mixtures
for made of the same quark jets and the same gluon jets. Z + jet and dijets are two real mixtures.
How much quark jets depend on what they are made with is studied in S. Bright-Thonney, B. Nachman,
"Investigating the topology dependence of quark and gluon jets", JHEP 03 (2019) 098,
arXiv:1810.05653.

`benchmarks/quark_gluon_mixtures.py` writes three seeds of each number into `real_mixtures.csv`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from hepml_lite.containers.jets import Jets
from hepml_lite.densities.judge import boosted_trees
from hepml_lite.jet_physics.observables.catalogue import observable_table
from hepml_lite.statistics.two_sample import ClassifierTest, classifier_two_sample_test

RESULTS = Path(__file__).with_suffix(".csv")
FOUR = ("multiplicity", "mass", "width", "pt_dispersion")
FOLDS = 5
BINS_OF_PT = 10


def shapes(jets: Jets) -> np.ndarray:
    """Multiplicity, mass, width and pT dispersion of each jet, (N, 4)."""
    return observable_table(jets, FOUR).to_numpy(float)


def out_of_fold(features: np.ndarray, labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Log-odds of label 1 from boosted trees, (N,); no row is judged by trees that have seen it.

    Args:
        features: (N, F).
        labels: (N,) of 0 and 1: the class of each jet, or the mixture that it is from.
        seed: of the folds and the trees.
    """
    scores = np.zeros(len(labels))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learn, judge in folds.split(features, labels):
        trees = grown(features[learn], labels[learn], seed)
        scores[judge] = trees.decision_function(features[judge])
    return scores


def grown(
    features: np.ndarray, labels: np.ndarray, seed: int = 0
) -> HistGradientBoostingClassifier:
    """Boosted trees that have learned labels (N,) of 0 and 1 from features (N, F)."""
    trees = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=8, random_state=seed
    )
    return trees.fit(features, labels)


def same_kind(a: Jets, b: Jets, seed: int = 0) -> ClassifierTest:
    """Can trees tell the shapes of a from those of b, with equal spectra of pT in both?

    Args:
        a: jets of one class from one process.
        b: jets of the same class from the other process.
        seed: of the draw and of the trees.

    Raises:
        ValueError: fewer than 20 jets are left in a sample.
    """
    rows_a, rows_b = matched(a.pt, b.pt, seed)
    return classifier_two_sample_test(
        shapes(a[rows_a]), shapes(b[rows_b]), rng=seed, make_classifier=boosted_trees
    )


def matched(a: np.ndarray, b: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of both samples, drawn such that each bin of a quantity holds as many of a as of b.

    Args:
        a: (N,), such as pT [GeV].
        b: (M,).
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    edges = np.quantile(np.concatenate([a, b]), np.linspace(0, 1, BINS_OF_PT + 1))[1:-1]
    kept: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for bin_number in range(BINS_OF_PT):
        rows = [np.flatnonzero(np.digitize(x, edges) == bin_number) for x in (a, b)]
        n = min(map(len, rows))
        for sample, inside in zip(kept, rows, strict=True):
            sample.append(rng.permutation(inside)[:n])
    return np.concatenate(kept[0]), np.concatenate(kept[1])


def stored() -> pd.DataFrame:
    """All numbers of the benchmark: columns `part`, `method`, `judged`, `seed`, `value`, `error`.

    `error` is that of the jets that judge; the spread of the seeds is that of the trainings.
    """
    return pd.read_csv(RESULTS)


def summary(part: str) -> pd.DataFrame:
    """Mean of the seeds as text, with both errors: of the judging jets ± spread of the seeds.

    What is drawn from a flow has the second error alone.

    One row for each method of a part, one column for each sample that judges.

    Raises:
        ValueError: a part that is not in the table.
    """
    table = stored()
    if part not in set(table.part):
        known = ", ".join(sorted(set(table.part)))
        raise ValueError(f"no part {part!r} in {RESULTS.name}: there are {known}")
    groups = table[table.part == part].groupby(["method", "judged"], sort=False)
    cells = groups.apply(_cell, include_groups=False)
    return cells.unstack("judged", sort=False).fillna("")


def _cell(rows: pd.DataFrame) -> str:
    of_seeds = f"± {rows.value.std(ddof=1):.3f}"
    if not rows.error.any():  # drawn from a flow, as many as wanted
        return f"{rows.value.mean():.3f} {of_seeds}"
    return f"{rows.value.mean():.3f} ± {rows.error.mean():.3f} {of_seeds}"
