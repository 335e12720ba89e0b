"""Does the simulator describe the data at all? Two checks before a posterior is believed.

A network answers for any data, also for data that no parameter can produce, and then often with a
narrow posterior in a wrong place.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.data_checks import checked_finite


class CheckResult(NamedTuple):
    """A p-value with the distance behind it.

    Attributes:
        p_value: share of simulations that are at least as far away; small: the model does not
            describe the data.
        distance: of the data.
        worst: number of the summary that is farthest away, in its own widths.
    """

    p_value: float
    distance: float
    worst: int


def is_simulated(x: ArrayLike, observed: ArrayLike) -> CheckResult:
    """Misspecification: could these data come from the simulator, at any parameters of the prior?

    The Mahalanobis distance of the observed summaries from the mean of the simulated ones is
    compared with the distances of the simulations themselves. It sees data far outside; data in
    a gap between simulations need a density of x.

    Args:
        x: summaries (N, D) of simulations with parameters of the prior.
        observed: (D,).

    Raises:
        ValueError: shapes that do not agree, or NaN.
    """
    return _compared(x, observed)


def predictive_check(x: ArrayLike, observed: ArrayLike) -> CheckResult:
    """Posterior predictive check: do simulations at posterior draws look like the data?

    The data were used for the posterior, so the p-values of right models gather around one half: a
    small one is a stronger warning than it seems.

    Args:
        x: summaries (N, D) of one simulation at each draw of the posterior.
        observed: (D,).

    Raises:
        ValueError: shapes that do not agree, or NaN.
    """
    return _compared(x, observed)


def _compared(x: ArrayLike, observed: ArrayLike) -> CheckResult:
    simulated = checked_table("x", x)
    data = checked_finite("observed", observed, n_axes=1)
    if data.shape != simulated.shape[1:] or len(simulated) <= 2 * len(data):
        raise ValueError(
            f"observed has shape {data.shape} and x {simulated.shape}: give (D,) and (N, D), with "
            "N well above D"
        )
    centre = simulated.mean(0)
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(simulated.T)))

    def distance(rows: np.ndarray) -> np.ndarray:
        deviation = rows - centre
        return np.sqrt(np.einsum("ni,ij,nj->n", deviation, inverse, deviation))

    of_data = float(distance(data[None])[0])
    as_far = int((distance(simulated) >= of_data).sum())
    pulls = np.abs(data - centre) / np.maximum(simulated.std(0), 1e-300)
    return CheckResult((as_far + 1) / (len(simulated) + 1), of_data, int(pulls.argmax()))
