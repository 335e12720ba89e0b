"""Background rejection against signal efficiency, with bootstrap bands."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.plotting.style import class_style
from hepml_lite.statistics.metrics import Seed, auc, bootstrap, roc_band


def roc_curves(
    ax: Axes,
    labels: ArrayLike,
    scores_by_name: Mapping[str, ArrayLike],
    n_bootstrap: int = 100,
    rng: Seed = 0,
    level: float = 0.68,
    weights: ArrayLike | None = None,
) -> Axes:
    """Background rejection 1/eps_B against signal efficiency with bootstrap bands; up is better.

    The legend gives each area under the curve with its interval. A curve starts where the band
    becomes finite: left of that, resamples run out of background and the rejection is not known.
    Errors as in `metrics.roc_band`.
    """
    top = 10.0
    for name, scores in scores_by_name.items():
        band = roc_band(labels, scores, n_bootstrap, rng, level, weights=weights)
        area = bootstrap(auc, labels, scores, n_bootstrap, rng, level, weights=weights)
        grid, rejection, low, high = (curve[np.isfinite(band.high)] for curve in band)
        color, linestyle = (class_style(name)[k] for k in ("color", "linestyle"))
        ax.plot(grid, rejection, label=f"{name}: AUC {area}", color=color, ls=linestyle)
        ax.fill_between(grid, low, high, color=color, alpha=0.3, lw=0)
        top = high.max(initial=top)
    guess = np.linspace(0.01, 1, 100)
    ax.plot(guess, 1 / guess, color="0.4", lw=1.5, ls=":")
    ax.text(0.42, 1.25, "guessing", color="0.4", fontsize="small")
    top **= 1 / (1 - min(0.1 + 0.055 * len(scores_by_name), 0.5))  # room for the legend
    ax.set(xlim=(0, 1), yscale="log", ylim=(1, top), xlabel=r"signal efficiency $\varepsilon_S$")
    ax.set_ylabel(r"background rejection $1/\varepsilon_B$")
    ax.legend(title=f"bands: {level:.0%} bootstrap", alignment="left", loc="upper right")
    return ax
