"""Fit the constants of a formula to data by damped Newton steps, as in Operon and PySR."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hepml_lite.symbolic_regression.expressions import (
    Columns,
    Tree,
    constants,
    derivatives,
    with_constants,
)


@dataclass(frozen=True)
class Loss:
    """A mean loss L of scores s (N,) and targets y, with -dL/ds and the curvature d²L/ds²."""

    value: Callable[[np.ndarray, np.ndarray], float]
    newton: Callable[[np.ndarray, np.ndarray], tuple]


def _logistic(s: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(np.maximum(s, 0) - y * s + np.log1p(np.exp(-np.abs(s)))))


def _logistic_newton(s: np.ndarray, y: np.ndarray) -> tuple:
    p = 0.5 + 0.5 * np.tanh(0.5 * s)
    return y - p, p * (1 - p)


LOSSES = {
    "logistic": Loss(_logistic, _logistic_newton),
    "squared": Loss(lambda s, y: float(np.mean((s - y) ** 2)), lambda s, y: (y - s, 1.0)),
}


def fit_constants(
    tree: Tree, columns: Columns, y: np.ndarray, loss: Loss, steps: int = 6
) -> tuple[float, Tree, float, float]:
    """a, the tree with fitted constants, b, and the loss of a + b tree, which is minimal.

    Newton's method with the curvature of the loss alone (Gauss-Newton, Fisher scoring), damped
    after Levenberg and Marquardt. The loss is inf where the tree leaves the domain of an operator.
    """
    accepted = trial = np.array([0.0, 0.0, *constants(tree)])  # (C,)
    best = np.inf
    damping = 1e-3
    matrix = None
    for _ in range(steps):
        values, slopes = derivatives(with_constants(tree, iter(trial[2:])), columns)
        score = trial[0] + trial[1] * values
        new = loss.value(score, y)
        if new < best:
            gain = best - new
            accepted = trial
            best = new
            damping = damping / 5
            if gain < 1e-6 * best or best < 1e-24:
                break
            rows = [1.0, values, *(trial[1] * slope for slope in slopes)]
            jacobian = np.stack([np.broadcast_to(row, y.shape) for row in rows])  # (C, N)
            residual, curvature = loss.newton(score, y)
            matrix = (jacobian * curvature) @ jacobian.T
            gradient = jacobian @ residual
        elif matrix is None:
            break
        else:
            damping *= 10
        diagonal = np.diag(matrix)
        damped = matrix + np.diag(damping * diagonal + 1e-12 * (1 + diagonal.max()))
        if not np.isfinite(damped).all() or not np.isfinite(gradient).all():
            break  # a value near a pole, whose square is not finite
        try:
            trial = accepted + np.linalg.solve(damped, gradient)
        except np.linalg.LinAlgError:  # two constants have the same effect
            break
    a, b = accepted[:2]
    return float(a), with_constants(tree, iter(accepted[2:])), float(b), best
