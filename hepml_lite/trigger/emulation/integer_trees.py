"""Boosted trees as a chip computes them: comparisons of whole numbers, and a sum of leaves.

A tree asks whether an input is at most a threshold (scikit-learn: left if x <= t) or below it
(XGBoost: left if x < t). Between two codes of the input it makes no difference where a threshold
lies; on a code it decides. So a tree carries its convention, and thresholds become whole numbers
once: x <= t if the code is at most floor(t / step), x < t if it is at most ceil(t / step) - 1.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.ensemble import GradientBoostingClassifier

from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import checked_number
from hepml_lite.trigger.emulation.integer_network import checked_codes
from hepml_lite.trigger.fixed_point import FixedPoint

Convention = Literal["<=", "<"]


@dataclass(frozen=True)
class IntegerTree:
    """A tree of K nodes; node 0 is the root.

    Attributes:
        feature: (K,) int, the input that a node compares; -1 at a leaf.
        largest_left: (K,) float64 codes: an event goes left if its code is at most this.
        left, right: (K,) int, where an event goes on.
        leaf: (K,) float64 codes of the leaves.

    Raises:
        ValueError: for lengths that differ, no node, or a child that is no node after its parent.
    """

    feature: np.ndarray
    largest_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    leaf: np.ndarray

    def __post_init__(self) -> None:
        n_nodes = len(self.feature)
        columns = (self.feature, self.largest_left, self.left, self.right, self.leaf)
        if not n_nodes or any(np.shape(column) != (n_nodes,) for column in columns):
            raise ValueError(
                f"a tree with columns {[np.shape(column) for column in columns]}: give (K,) of "
                "each, K >= 1"
            )
        inner = np.asarray(self.feature) >= 0
        children = np.array([self.left, self.right])[:, inner]
        if (children <= np.flatnonzero(inner)).any() or (children >= n_nodes).any():
            raise ValueError(
                f"left and right are {children.tolist()}: each child is a number of a node after "
                f"its parent, {n_nodes - 1} at most; a circle would never end"
            )

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """(N, n_in) codes of the inputs -> (N,) codes of the leaves."""
        node = np.zeros(len(codes), int)
        rows = np.arange(len(codes))
        while (self.feature[node] >= 0).any():
            goes_left = codes[rows, self.feature[node]] <= self.largest_left[node]
            onward = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(self.feature[node] >= 0, onward, node)
        return self.leaf[node]


@dataclass(frozen=True)
class IntegerForest:
    """The sum of the leaves of several trees.

    Attributes:
        trees: at least one.
        n_in: number of inputs.
        input_type: of the inputs.
        output_type: of a leaf and of the sum, which wraps or saturates at the end.
        start: code that the sum starts from.

    Raises:
        ValueError: without a tree, for a tree of other inputs, or a start that is no code.
    """

    trees: tuple[IntegerTree, ...]
    n_in: int
    input_type: FixedPoint
    output_type: FixedPoint
    start: float = 0.0

    def __post_init__(self) -> None:
        most = max((int(np.max(tree.feature)) for tree in self.trees), default=self.n_in)
        if most >= self.n_in:
            raise ValueError(
                f"{len(self.trees)} trees, which compare inputs up to {most}, of {self.n_in}: give "
                "at least one tree, and inputs from 0 to n_in - 1"
            )
        leaves = [tree.leaf for tree in self.trees]
        of_sum = np.concatenate([[self.start], *leaves])
        checked_codes(of_sum[:, None], 1, self.output_type)

    def codes(self, codes: np.ndarray) -> np.ndarray:
        """(N, n_in) codes of the inputs -> (N, 1) codes of the sum.

        Raises:
            ValueError: another shape, or numbers that are no codes of the inputs.
        """
        codes = checked_codes(codes, self.n_in, self.input_type)
        total = self.start + np.sum([tree(codes) for tree in self.trees], axis=0)
        return self.output_type.fitted(total)[:, None]

    def __call__(self, x: ArrayLike) -> np.ndarray:
        """(N, n_in) numbers -> (N,) sums."""
        return self.codes(self.input_type.codes(x))[:, 0] * self.output_type.step


def whole_threshold(threshold: ArrayLike, step: float, convention: Convention) -> np.ndarray:
    """The largest code that goes left, of thresholds in the units of the input.

    Raises:
        ValueError: for another convention, thresholds that are NaN, or a step that is not positive.
    """
    numbers = as_floats("threshold", threshold)
    if np.isnan(numbers).any():
        raise ValueError("threshold is NaN: no event would go left; give numbers")
    scaled = numbers / checked_number("step", step, 0, np.inf, "()", "0.25")
    if convention == "<=":
        return np.floor(scaled)
    if convention == "<":
        return np.ceil(scaled) - 1
    raise ValueError(f"convention {convention!r}: trees go left if x '<=' or '<' the threshold")


def of_gradient_boosting(
    model: Any, input_type: FixedPoint, output_type: FixedPoint
) -> IntegerForest:
    """The trees of a fitted scikit-learn GradientBoostingClassifier of two classes.

    The sum is its `decision_function`, up to the rounding of inputs and leaves. Train it on inputs
    that are rounded already: its thresholds then lie between two codes.

    Args:
        model: fitted, with its default `init`, the log odds of the classes.
        input_type: of the inputs.
        output_type: of leaves and sum.

    Raises:
        ValueError: for another kind of model, or more than two classes.
    """
    estimators = getattr(model, "estimators_", None)
    if estimators is None or not isinstance(model, GradientBoostingClassifier):
        raise ValueError(f"{model!r}: give a fitted GradientBoostingClassifier")
    if model.init not in (None, "zero"):
        raise ValueError(f"init is {model.init!r}, a model of its own: train with init=None")
    if estimators.shape[1] != 1:
        raise ValueError(f"{estimators.shape[1]} classes: the sum of a forest tells two apart")
    trees = []
    for estimator in estimators[:, 0]:
        tree = estimator.tree_
        trees.append(
            IntegerTree(
                feature=np.where(tree.children_left < 0, -1, tree.feature),
                largest_left=whole_threshold(tree.threshold, input_type.step, "<="),
                left=tree.children_left,
                right=tree.children_right,
                leaf=output_type.codes(model.learning_rate * tree.value[:, 0, 0]),
            )
        )
    n_in = int(model.n_features_in_)
    zeros = np.zeros((1, n_in))
    grown = sum(estimator.predict(zeros)[0] for estimator in estimators[:, 0])
    start = model.decision_function(zeros)[0] - model.learning_rate * grown
    return IntegerForest(
        tuple(trees), n_in, input_type, output_type, float(output_type.codes(start))
    )
