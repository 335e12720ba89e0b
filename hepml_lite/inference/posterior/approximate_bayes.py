"""Approximate Bayesian computation: keep the parameters whose simulation looks like the data.

Rejection ABC (Pritchard et al., Mol. Biol. Evol. 16 (1999) 1791), with the linear correction of
Beaumont, Zhang, Balding, Genetics 162 (2002) 2025: the baseline without a network. The residuals of
a line with C coefficients through K points are too small by sqrt(1 - C/K), and the line itself is
uncertain: without regard to both, ten summaries and 200 points make intervals a twentieth too
short.
"""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.rows import checked_condition, checked_table
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import checked_number

FEWEST_FOR_EACH = 5  # kept points for each summary, or a line follows the noise


class Accepted(NamedTuple):
    """What rejection keeps.

    Attributes:
        theta: (K, P).
        tolerance: largest distance of a simulation that was kept, in widths of the summaries.
    """

    theta: np.ndarray
    tolerance: float


def rejection(
    theta: ArrayLike,
    x: ArrayLike,
    observed: ArrayLike,
    share: float = 0.01,
    *,
    correct: bool = True,
) -> Accepted:
    """The points whose simulated summaries are closest to the observed ones.

    Args:
        theta: points (N, P) of the prior.
        x: summaries (N, D) of their simulations.
        observed: (D,).
        share: of the points that is kept: smaller is less biased, with fewer draws.
        correct: move each point along a linear fit of theta to x, from its own x to the observed
            one, which leaves the prior where it is narrow. With fewer than five kept points for
            each summary nothing is moved.

    Warns:
        UserWarning: too few points are kept for the correction.

    Raises:
        ValueError: lengths that differ, NaN, or a share that keeps fewer than two points.
    """
    points = checked_table("theta", theta)
    summaries = checked_condition(x, len(points))
    data = checked_finite("observed", observed, n_axes=1)
    if data.shape != summaries.shape[1:]:
        raise ValueError(f"observed has shape {data.shape}: give ({summaries.shape[1]},)")
    n_kept = round(len(points) * checked_number("share", share, 0, 1, "(]", "0.01"))
    if n_kept < 2:
        raise ValueError(
            f"a share of {share} of {len(points)} points is {n_kept}: keep two or more"
        )
    width = np.maximum(summaries.std(0), 1e-300)
    distance = np.linalg.norm((summaries - data) / width, axis=1)
    kept = np.argsort(distance)[:n_kept]
    tolerance = float(distance[kept[-1]])
    if not correct:
        return Accepted(points[kept], tolerance)
    if n_kept < FEWEST_FOR_EACH * summaries.shape[1]:
        warnings.warn(
            f"{n_kept} points are too few for a linear correction by {summaries.shape[1]} "
            f"summaries: keep {FEWEST_FOR_EACH} for each, or say correct=False",
            stacklevel=2,
        )
        return Accepted(points[kept], tolerance)
    offsets = (summaries[kept] - data) / width
    return Accepted(_corrected(points[kept], offsets), tolerance)


def _corrected(points: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Points (K, P) moved along a line to offset zero, from their offsets (K, D)."""
    design = np.column_stack([np.ones(len(points)), offsets])
    coefficients, _, rank, _ = np.linalg.lstsq(design, points, rcond=None)
    residuals = points - design @ coefficients
    leverage = np.linalg.pinv(design.T @ design)[0, 0]  # variance of the centre, in residuals
    enlarged = np.sqrt((1 + leverage) * len(points) / (len(points) - rank))
    return coefficients[0] + enlarged * residuals
