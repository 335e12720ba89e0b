"""Check of the exploration of representations: one number that tells Z from W jets."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers, require_array
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.energy_flow_polynomials import energy_flow_polynomials
from hepml_lite.jet_physics.views.seven_views import VIEWS
from hepml_lite.statistics import metrics

BRONZE = 0.02  # AUC above that of the mass
SILVER = -0.01  # AUC above that of the reference
GOLD = 0.01
TOO_GOOD = 0.95


def many_numbers(jets: Jets) -> np.ndarray:
    """Observables, safe polynomials and the momentum of each jet, (N, 16)."""
    polynomials = energy_flow_polynomials(jets, degree=3)[:, 1:]
    return np.column_stack([VIEWS["observables"](jets), polynomials, jets.pt])


def is_z(jets: Jets) -> np.ndarray:
    """Which jets are of the class Z, (N,) bool."""
    return jets.label == jets.names.index("Z")


@lru_cache(maxsize=1)
def boosted(learn: Jets) -> Callable[[Jets], np.ndarray]:
    """The score of boosted trees on many numbers, learned from these jets once a notebook."""
    model = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.05, max_leaf_nodes=8)
    model.fit(many_numbers(learn), is_z(learn))
    return lambda jets: model.decision_function(many_numbers(jets))


def trees(learn: Jets, **context) -> Callable[[Jets], np.ndarray]:
    """The model answer: trees that learned from these jets."""
    return boosted(learn)


@exercise("1.5", reference_from=trees)
def _(answer, reference, judge, **context):
    order = np.random.default_rng(15).permutation(len(judge))
    jets = judge[order]
    truth = is_z(jets)
    hidden = replace(jets, label=np.zeros_like(jets.label))  # the labels stay here
    found = _one_number_a_jet(answer(hidden), len(jets))
    yours = metrics.auc(truth, found)
    plain = metrics.auc(truth, jets.mass)
    best = metrics.auc(truth, reference(hidden))
    if yours < plain + BRONZE:
        raise Wrong(_why_not_better(answer, judge, found, truth, yours, plain))
    if yours > TOO_GOOD:
        raise Wrong(
            f"an AUC of {yours:.3f} is more than these jets can give: were the judged jets among "
            "those that the number was learned from?"
        )
    medal = "gold" if yours > best + GOLD else "silver" if yours > best + SILVER else "bronze"
    return (
        f"{medal}: an AUC of {yours:.3f} against {plain:.3f} of the plain mass. The ladder: bronze "
        f"from {plain + BRONZE:.3f}, silver from {best + SILVER:.3f}, gold from {best + GOLD:.3f}; "
        f"the reference, boosted trees on 16 numbers, reaches {best:.3f}."
    )


def _one_number_a_jet(found: object, n_jets: int) -> np.ndarray:
    shape = "one number a jet, (N,)"
    numbers = as_numbers(found, shape)
    if numbers.shape == (n_jets, 2):
        raise Wrong(
            f"{n_jets} jets gave shape {numbers.shape}, two probabilities a jet: give {shape}, the "
            "column of the class Z"
        )
    if numbers.shape != (n_jets,):
        raise Wrong(f"{n_jets} jets gave shape {numbers.shape}: give {shape}")
    require_array(found, shape)
    if not np.isfinite(numbers).all():
        raise Wrong(f"{(~np.isfinite(numbers)).sum()} of the numbers are NaN or infinite")
    return numbers


def _why_not_better(
    answer: Callable[[Jets], np.ndarray],
    judge: Jets,
    found: np.ndarray,
    truth: np.ndarray,
    yours: float,
    plain: float,
) -> str:
    """Why an answer is not better than the mass."""
    told = f"an AUC of {yours:.3f}, but the plain mass has {plain:.3f}"
    in_order = np.asarray(answer(judge), dtype=float)
    if metrics.auc(is_z(judge), in_order) > plain + BRONZE:
        return (
            f"{told}. On the same jets with their labels and in their order it is better: the "
            "number uses the label or the position of a jet, which no experiment knows"
        )
    if 1 - yours > plain + BRONZE:
        return (
            f"an AUC of {yours:.3f}: your number is good but has the wrong sign. It should be "
            "larger for Z jets"
        )
    n_values = len(np.unique(found))
    if n_values == 1:
        return f"all jets get the same number, {found[0]:.3g}: it separates nothing"
    if n_values == 2:
        return (
            f"{told}. Your number has two values only, which is a decision: give the score or the "
            "probability before the decision"
        )
    return (
        f"{told}. A jet much heavier than a Z can also be a W with particles from elsewhere, so "
        "more mass is not always more Z. Combine the mass with other numbers"
    )
