"""The matrix-element method with two learned densities.

The likelihood of an event is an integral over what happened before the detector,

    p(x | theta) = ∫ dz p(z | theta) T(x | z),
    p(z | theta) = d sigma(z | theta)/dz / sigma(theta).

The matrix element is known, and nothing else has to be learned for each theta. A flow learns the
transfer function T of shower and detector from simulated pairs, which do not depend on theta. A
second flow learns q(z | x), where the integrand is, and the integral becomes a mean over its draws,

    p(x | theta) = < p(z | theta) T(x | z) / q(z | x) >,    z ~ q(z | x)

(Butter, Heimel, Martini, Peitzsch, Plehn, "Two invertible networks for the matrix element method",
arXiv:2210.00019; extended as MEMeNNto by Heimel, Huetsch, Winterhalder, Plehn, Butter, 2023.) The
mean is right for any q that covers the integrand; a good q makes its error small. All events are
assumed to be accepted: a selection would divide by its efficiency at theta.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from hepml_lite.densities.change_of_variables import (
    ChangeOfVariables,
    Logit,
    Standardise,
    chain,
    on,
)
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.protocol import DensityWithLikelihood
from hepml_lite.densities.rows import checked_condition, checked_table
from hepml_lite.inference.posterior.neural_posterior import plan_for
from hepml_lite.statistics.data_checks import as_floats, checked_logarithms
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

LogPartonDensity = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (P,) and (N, Z) -> (N,)
LogTransfer = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (N, D) and (N, Z) -> (N,)


class EventLikelihoods(NamedTuple):
    """Likelihoods of events by importance sampling.

    Attributes:
        log_likelihood: log p(x | theta) of N events at M points, (M, N).
        error: its statistical error from the number of draws, (M, N). It does not contain what
            the transfer function has wrong.
        effective_share: draws that count, as a share, (M, N); small: q is in the wrong place.
    """

    log_likelihood: np.ndarray
    error: np.ndarray
    effective_share: np.ndarray


@dataclass(frozen=True)
class MatrixElementMethod:
    """Likelihoods of single events from a matrix element.

    Attributes:
        log_parton_density: log p(z | theta), normalised, of one point (P,) and rows z (N, Z).
        log_transfer: log T(x | z) of rows x (N, D) and z (N, Z), learned or known.
        proposal: q(z | x), with draws and `log_prob`.
    """

    log_parton_density: LogPartonDensity
    log_transfer: LogTransfer
    proposal: DensityWithLikelihood

    def event_likelihoods(
        self, theta: ArrayLike, x: ArrayLike, n_draws: int = 500, rng: Seed = 0
    ) -> EventLikelihoods:
        """Likelihoods of each event at each point; all points share the draws.

        Errors of neighbouring points are therefore alike, and the curve in theta is smooth.

        Args:
            theta: points (M, P).
            x: events (N, D).
            n_draws: of the proposal, for each event.
            rng: generator or seed.

        Raises:
            ValueError: tables that are none, NaN, fewer than two draws, or functions that give NaN
                or another shape than (N,).
        """
        points = checked_table("theta", np.atleast_2d(theta))
        events = checked_table("x", x)
        number = checked_count("n_draws", n_draws, 2)
        partons = self.proposal.sample(number, events, checked_rng(rng))  # (S, N, Z)
        rows = partons.reshape(number * len(events), -1)
        measured = np.tile(events, (number, 1))
        log_transfer = checked_logarithms(
            "log_transfer", self.log_transfer(measured, rows), (len(rows),)
        )
        log_fixed = log_transfer - self.proposal.log_prob(rows, measured)
        results = []
        for point in points:
            log_density = self.log_parton_density(point, rows)
            log_weights = (
                checked_logarithms("log_parton_density", log_density, (len(rows),)) + log_fixed
            )
            results.append(_averaged(log_weights.reshape(number, len(events))))
        columns = zip(*results, strict=True)
        return EventLikelihoods(*(np.array(column) for column in columns))

    def log_likelihood(
        self, theta: ArrayLike, x: ArrayLike, n_draws: int = 500, rng: Seed = 0
    ) -> np.ndarray:
        """Sum of log p(x | theta) over the events (N, D) at each point (M, P), (M,)."""
        return self.event_likelihoods(theta, x, n_draws, rng).log_likelihood.sum(1)


def fit(
    partons: ArrayLike,
    x: ArrayLike,
    log_parton_density: LogPartonDensity,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    plan: TrainingPlan | None = None,
    rng: Seed = 0,
) -> MatrixElementMethod:
    """Learn the transfer function and the proposal from simulated pairs.

    Args:
        partons: what happened before the detector (N, Z), at any theta in the middle.
        x: what was measured (N, D).
        log_parton_density: of the matrix element, see `MatrixElementMethod`.
        low: lower ends (Z,) of the phase space, -inf for none; None: no ends.
        high: upper ends (Z,), inf for none.
        plan: of both trainings; None: chosen by the number of pairs.
        rng: generator or seed.

    Raises:
        ValueError: lengths that differ, NaN, or a feature with only one end.
    """
    true = checked_table("partons", partons)
    events = checked_condition(x, len(true))
    generator = checked_rng(rng)
    training_plan = plan or plan_for(len(true))
    transfer = Flow(plan=training_plan, kind="affine")
    transfer.fit(events, true, rng=generator)
    proposal = Flow(plan=training_plan, change=phase_space_change(true.shape[1], low, high))
    proposal.fit(true, events, rng=generator)
    return MatrixElementMethod(log_parton_density, transfer.log_prob, proposal)


def phase_space_change(
    n_features: int, low: ArrayLike | None = None, high: ArrayLike | None = None
) -> ChangeOfVariables:
    """Logit of the features with two ends, then standardised: no draw is outside the box.

    Raises:
        ValueError: another number of ends, NaN, ends that do not rise, or only one of a feature.
    """
    lower = np.full(n_features, -np.inf) if low is None else as_floats("low", low)
    upper = np.full(n_features, np.inf) if high is None else as_floats("high", high)
    if lower.shape != (n_features,) or upper.shape != (n_features,):
        raise ValueError(
            f"low has shape {lower.shape} and high {upper.shape}: give {n_features} ends each"
        )
    changes: list[ChangeOfVariables] = []
    for i, (start, end) in enumerate(zip(lower.tolist(), upper.tolist(), strict=True)):
        if np.isfinite(start) != np.isfinite(end):
            raise ValueError(f"feature {i} goes from {start} to {end}: give both ends or none")
        if not start < end:
            raise ValueError(f"feature {i} goes from {start} to {end}: give ends that rise")
        if np.isfinite(start):
            changes.append(on([i], Logit(start, end)))
    return chain(*changes, Standardise())


def _averaged(log_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log of the mean weight, its error and the effective share of the draws, of (S, N), (N,).

    An event all of whose draws are outside the phase space has the likelihood zero: -inf.
    """
    n_draws = len(log_weights)
    with np.errstate(divide="ignore"):
        log_mean = logsumexp(log_weights, axis=0) - np.log(n_draws)
    finite = np.where(np.isfinite(log_mean), log_mean, 0.0)
    relative = np.exp(log_weights - finite)  # of mean one
    error = relative.std(0, ddof=1) / n_draws**0.5
    squares = np.maximum((relative**2).mean(0), np.finfo(float).tiny)
    return log_mean, error, relative.mean(0) ** 2 / squares
