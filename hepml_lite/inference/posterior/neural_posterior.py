"""Neural posterior estimation: a conditional density of the parameters given the data.

Pairs (theta, x) of prior and simulator are rows of p(theta, x), and a conditional density that is
fitted to them is the posterior p(theta | x), for all x at once (Papamakarios, Murray,
arXiv:1605.06376; Greenberg, Nonnenmacher, Macke, arXiv:1905.07488; with flow matching: Dax et al.,
arXiv:2305.17161). The density may leak out of the prior, where it is cut off.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from hepml_lite.densities.change_of_variables import (
    Asinh,
    ChangeOfVariables,
    Standardise,
    StandardiseRobustly,
    chain,
)
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.flow_matching import FlowMatching
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import Validation, checked_condition, checked_table
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.densities.truncation import TruncatedDensity
from hepml_lite.exact.priors import Prior
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import Seed, checked_count

METHODS = ("flow", "flow_matching")
FAR_OUT = 10.0  # standard deviations: features with such rows get a scale that outliers do not set

Embedding = Callable[[np.ndarray], np.ndarray]  # data (N, ...) -> summaries (N, C)


@dataclass(frozen=True)
class Posterior:
    """p(theta | x), after training.

    Attributes:
        density: of the parameters given the summaries, before it is cut to the prior.
        prior: None: the density is not cut.
        embedding: makes summaries of data; None: the data are (N, D) already.
    """

    density: TrainedDensity
    prior: Prior | None = None
    embedding: Embedding | None = None

    def sample(self, n: int, x: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """Draw n points.

        Args:
            n: for each observation.
            x: one observation (D,), or several (M, D); with an embedding whatever it takes, one
                observation with its axis (1, ...).
            rng: generator or seed.

        Returns:
            (n, P) for one observation, (n, M, P) for M.

        Warns:
            UserWarning: less than one draw in a hundred is within the prior.

        Raises:
            ValueError: another number of features, or a density that is outside the prior: after
                a limited number of draws this is an error and no endless loop.
        """
        return self._within_prior().sample(n, self._summaries(x), rng)

    def log_prob(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Log density (N,) of points (N, P); -inf outside the prior.

        Args:
            theta: (N, P).
            x: one observation (D,) for all, or one for each point (N, D); with an embedding one
                observation with its axis (1, ...), or as many as there are points.

        Raises:
            ValueError: numbers of rows or columns that do not agree, NaN.
        """
        summaries = self._summaries(x)
        if summaries.ndim == 2 and len(summaries) == 1:
            summaries = summaries[0]  # one observation for all points
        return self._within_prior().log_prob(theta, summaries)

    def acceptance(self, x: ArrayLike, rng: Seed = 0) -> float:
        """The share of the draws at one observation that is within the prior.

        Much below one: the data are far from those of the training, or the training was too short.
        """
        if self.prior is None:
            return 1.0
        truncated = self._truncated(self.prior)
        return truncated.acceptance(self._summaries(x), rng)

    def _within_prior(self) -> TrainedDensity | TruncatedDensity:
        return self.density if self.prior is None else self._truncated(self.prior)

    def _truncated(self, prior: Prior) -> TruncatedDensity:
        def inside(theta: np.ndarray) -> np.ndarray:
            return np.isfinite(prior.log_prob(theta))

        return TruncatedDensity(self.density, inside)

    def _summaries(self, x: ArrayLike) -> np.ndarray:
        data = as_floats("x", x)
        return data if self.embedding is None else self.embedding(data)


def fit(
    theta: ArrayLike,
    x: ArrayLike,
    *,
    prior: Prior | None = None,
    method: str = "flow",
    embedding: Embedding | None = None,
    density: TrainedDensity | None = None,
    plan: TrainingPlan | None = None,
    validation: Validation | None = None,
    rng: Seed = 0,
) -> Posterior:
    """Learn the posterior from simulated pairs.

    Args:
        theta: points (N, P) of the prior.
        x: one observation (N, D) of each; with an embedding whatever it takes.
        prior: cuts the posterior where it is zero; None: not cut.
        method: "flow" or "flow_matching".
        embedding: makes summaries (N, C) of data; it is trained already.
        density: another density than `method` would make, untrained.
        plan: of the training; None: chosen by the number of pairs.
        validation: (theta, x, None) of other pairs; None: a tenth is held out.
        rng: generator or seed.

    Raises:
        ValueError: another method, lengths that differ, or NaN.
    """
    points = checked_table("theta", theta)
    data = as_floats("x", x)
    summaries = checked_condition(data if embedding is None else embedding(data), len(points))
    if not summaries.shape[1]:
        raise ValueError("embedding gave no summaries: return (N, C), with C of one or more")
    if density is None:
        density = _density(method, summaries, plan or plan_for(len(points), method))
    return Posterior(
        density.fit(points, summaries, validation=validation, rng=rng), prior, embedding
    )


def plan_for(n: int, method: str = "flow") -> TrainingPlan:
    """Some twenty steps an epoch at least, and early stopping.

    Args:
        n: pairs.
        method: "flow" or "flow_matching".

    Raises:
        ValueError: another method, or a number of pairs that is not positive.
    """
    _require_method(method)
    n = checked_count("n", n)
    batch_size = int(np.clip(n / 20, 32, 1024))
    if method == "flow":
        return TrainingPlan(
            epochs=60, batch_size=batch_size, learning_rate=1e-2, patience=20, progress=False
        )
    epochs = int(np.clip(2_000_000 / n, 60, 500))
    return TrainingPlan(
        epochs=epochs, batch_size=256, learning_rate=4e-3, patience=60, progress=False
    )


def _density(method: str, summaries: np.ndarray, plan: TrainingPlan) -> TrainedDensity:
    change = change_of_summaries(summaries)
    _require_method(method)
    if method == "flow":
        return Flow(plan=plan, condition_change=change)
    return FlowMatching(plan=plan, condition_change=change)


def _require_method(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"method is {method!r}: give one of {', '.join(METHODS)}")


def change_of_summaries(summaries: np.ndarray) -> ChangeOfVariables:
    """Standardised; with outliers on a scale that is linear inside and logarithmic outside.

    A feature with a long tail would otherwise be squeezed into a few hundredths of a unit. Counts
    become logarithmic above one, since their relative errors matter.
    """
    standard = np.abs(summaries - summaries.mean(0)) / np.maximum(summaries.std(0), 1e-300)
    if standard.max() < FAR_OUT:
        return Standardise()
    if (summaries >= 0).all() and (summaries == np.round(summaries)).all():
        return chain(Asinh(scale=1.0), Standardise())
    try:
        StandardiseRobustly().fit(torch.as_tensor(summaries))
    except ValueError:  # most rows of a feature are equal
        return chain(Standardise(), Asinh(scale=1.0), Standardise())
    return chain(StandardiseRobustly(), Asinh(scale=1.0), Standardise())
