"""Significance of an excess over a background that is known with an error."""

import numpy as np
from scipy.special import betainc, betaincc
from scipy.stats import norm

from hepml_lite.statistics.settings_checks import checked_number


def z_bi(n_on: float, n_off: float, tau: float) -> float:
    """Significance of n_on events where n_off events of a control region predict n_off / tau.

    The p-value is exact: given n_on + n_off, the number n_on is binomial with chance 1 / (1 + tau)
    if there is no signal (Cousins, Linnemann and Tucker, physics/0702156, eq. 14).

    >>> f"{z_bi(140, 100, tau=1.2):.2f}"
    '3.93'

    Args:
        n_on: events in the signal region; a number that is not whole, such as an expectation, is
            allowed.
        n_off: events in the control region.
        tau: expected background in the control region over that in the signal region.

    Returns:
        Standard deviations, one-sided; negative for a deficit, -inf for n_on = 0.
        Beyond 37 standard deviations the p-value is below all floats, and the result is ± inf.

    Raises:
        ValueError: negative numbers of events, or tau not positive.
    """
    on = checked_number("n_on", n_on, 0, np.inf, "[)", "140")
    off = checked_number("n_off", n_off, 0, np.inf, "[)", "100")
    ratio = checked_number("tau", tau, 0, np.inf, "()", "1.2")
    if on == 0:
        return -np.inf
    p_value = betainc(on, 1 + off, 1 / (1 + ratio))
    if p_value > 0.5:  # a deficit: one minus it keeps its digits
        return float(norm.ppf(betaincc(on, 1 + off, 1 / (1 + ratio))))
    return float(norm.isf(p_value))


def asimov_significance(s: float, b: float, sigma: float = 0.0) -> float:
    """Median significance of s signal events over a background b ± sigma.

    Z = sqrt(2 [(s + b) ln((s + b)(b + σ²) / (b² + (s + b) σ²))
                - (b²/σ²) ln(1 + σ² s / (b (b + σ²)))])
    (Cowan, "Discovery sensitivity for a counting experiment with background uncertainty", 2012,
    eq. 20; for σ = 0 eq. 97 of arXiv:1007.1727). Close to s / sqrt(b + σ²) for s much below b.

    >>> f"{asimov_significance(10, 100):.3f} {asimov_significance(10, 100, sigma=10):.3f}"
    '0.984 0.690'

    Args:
        s: expected signal events.
        b: expected background events.
        sigma: the error of b, in events (absolute, not relative).

    Raises:
        ValueError: s or sigma negative, or b not positive.
    """
    signal = checked_number("s", s, 0, np.inf, "[)", "10")
    background = checked_number("b", b, 0, np.inf, "()", "100")
    error = checked_number("sigma", sigma, 0, np.inf, "[)", "10, in events")
    total = signal + background
    variance = error**2
    if variance < 1e-9 * background:  # the limit; the formula subtracts equal numbers there
        squared = 2 * (total * np.log1p(signal / background) - signal)
        return float(np.sqrt(max(squared, 0.0)))
    poisson = total * np.log(total * (background + variance) / (background**2 + total * variance))
    gaussian = (background**2 / variance) * np.log1p(
        variance * signal / (background * (background + variance))
    )
    return float(np.sqrt(max(2 * (poisson - gaussian), 0.0)))
