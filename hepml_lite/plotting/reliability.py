"""The reliability diagram: does a predicted probability of 0.8 mean 80 % signal?"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.plotting.style import class_style
from hepml_lite.statistics.calibration import expected_calibration_error, reliability_curve


def reliability_diagram(
    ax: Axes,
    labels: ArrayLike,
    probabilities_by_name: Mapping[str, ArrayLike],
    n_bins: int = 10,
    weights: ArrayLike | None = None,
) -> Axes:
    """Observed share of signal against predicted probability; a calibrated tagger is the diagonal.

    The legend gives each expected calibration error, and its value for perfect calibration.
    """
    ax.plot([0, 1], [0, 1], color="0.4", lw=1.5, ls=":")
    for name, probability in probabilities_by_name.items():
        curve = reliability_curve(labels, probability, n_bins, weights=weights)
        error = expected_calibration_error(
            labels, probability, n_bins, n_bootstrap=100, rng=0, weights=weights
        )
        label = f"{name}: ECE {error.value:.3f} (perfect: {error.if_calibrated.value:.3f})"
        bars = np.maximum([curve.observed - curve.low, curve.high - curve.observed], 0)
        style = class_style(name)
        ax.errorbar(curve.predicted, curve.observed, bars, label=label, capsize=3, **style)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="predicted probability of signal")
    ax.set_ylabel("observed share of signal")
    ax.legend(title="bars: 68% binomial", loc="upper left")
    return ax
