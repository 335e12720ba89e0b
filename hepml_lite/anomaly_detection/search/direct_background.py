"""The background after a cut, straight from the template: no fit of a spectrum is needed.

A template of M background events of the region stands for the n events of the data there. If k of
the M pass the cut, k n / M background events are expected. That is a count beside a control sample
of τ = M / n times the size, whose p-value is exact: R. D. Cousins, J. T. Linnemann, J. Tucker,
NIM A 595 (2008) 480, arXiv:physics/0702156, eq. 14.

The errors of the template itself are not in it: check first that a classifier cannot tell the
template from background. Signal in the region raises n and with it the estimate, by its share.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc
from scipy.stats import norm

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import checked_count, checked_number


@dataclass(frozen=True)
class DirectEstimate:
    """A count in the region, and the background that the template says.

    Attributes:
        n_observed: events of the data that pass.
        background: expected, with the Poisson error of the passing template.
        p_value: probability of as many events or more without signal; 0.5 or more is no excess.
    """

    n_observed: int
    background: Interval
    p_value: float

    @property
    def significance(self) -> float:
        """In standard deviations, one-sided."""
        return float(norm.isf(self.p_value))


def direct_background(
    data_scores: np.ndarray, template_scores: np.ndarray, threshold: float
) -> DirectEstimate:
    """Count the data above a threshold, and estimate the background from the template.

    Args:
        data_scores: of the events in the region, (n,), none of them by a model that saw it.
        template_scores: of the template in the region, (M,), scored in the same way.
        threshold: of the cut, chosen without looking at the count.

    Raises:
        ValueError: scores that are missing or not finite.
    """
    data = checked_finite("data_scores", data_scores, n_axes=1)
    template = checked_finite("template_scores", template_scores, n_axes=1)
    cut = checked_number("threshold", threshold)
    if not len(data) or not len(template):
        raise ValueError(f"{len(data)} scores of data, {len(template)} of template: give both")
    ratio = len(template) / len(data)
    n_on = int((data >= cut).sum())
    n_off = int((template >= cut).sum())
    background = Interval.symmetric(n_off / ratio, np.sqrt(n_off) / ratio)
    return DirectEstimate(n_on, background, on_off_p_value(n_on, n_off, ratio))


def on_off_p_value(n_on: int, n_off: int, ratio: float) -> float:
    """P(at least n_on) beside n_off events of a control sample that is `ratio` times as large.

    Given n_on + n_off events in all, the number in the region is binomial with probability
    1 / (1 + ratio): the p-value is the incomplete beta function.
    """
    seen = checked_count("n_on", n_on, fewest=0)
    beside = checked_count("n_off", n_off, fewest=0)
    tau = checked_number("ratio", ratio, 0, np.inf, "()")
    if seen == 0:
        return 1.0
    return float(betainc(seen, beside + 1, 1 / (1 + tau)))
