"""Figures in one style that reads from the last row: histograms, ROC curves, jets, losses."""

import io
import re
import time
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.metrics import Seed, auc, bootstrap, roc_band

# Okabe and Ito (2008), told apart with any colour vision; their yellow and black make poor lines.
COLOURS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "orange": "#E69F00",
}
_DASHES = ("-", (0, (5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1)), (0, (8, 2, 1, 2, 1, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Classes that recur in many lessons; other names get the next free place when first drawn.
_PLACES = dict(QCD=0, background=0, Higgs=0, top=1, signal=1, quark=2, gluon=3, W=4, Z=5)


def use_style() -> None:
    """Make this style the default of every Matplotlib figure drawn from here on."""
    dashes = [class_style(i)["linestyle"] for i in range(len(COLOURS))]
    mpl.rcParams.update(
        {
            "figure.figsize": (8, 5),
            "figure.constrained_layout.use": True,
            "font.size": 15,
            "axes.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=COLOURS.values(), linestyle=dashes),
            "legend.fontsize": "small",
            "legend.title_fontsize": "small",
            "legend.frameon": False,
            "legend.handlelength": 2.6,
            "lines.linewidth": 2.2,
        }
    )


def class_style(which: int | str) -> dict[str, Any]:
    """Colour, linestyle and marker of a class or method, as keywords for `plot` and `errorbar`.

    A name looks the same in every figure of a session; QCD and top (background and signal) do
    so in all sessions. A number takes that place of the cycle, which repeats after 30.
    """
    if isinstance(which, str):
        which = _PLACES.setdefault(which, len(set(_PLACES.values())))
    return {
        "color": list(COLOURS.values())[which % len(COLOURS)],
        "linestyle": _DASHES[which % len(_DASHES)],
        "marker": _MARKERS[which % len(_MARKERS)],
    }


def histogram(
    ax: Axes,
    values_by_name: Mapping[str, ArrayLike],
    bins: int | str | ArrayLike,
    xlabel: str,
    density: bool = False,
    weights_by_name: Mapping[str, ArrayLike] | None = None,
    counted: str = "jets",
) -> Axes:
    """Outline histograms on common bins, each with its statistical error as a band.

    The error is sqrt(N), or sqrt(sum w^2) for the names that have weights. With `density` each
    histogram, errors included, is scaled to unit area over the bins; what lies outside is not
    counted. `xlabel` carries its unit in brackets, "mass [GeV]", from which the y label is made.

    Raises:
        ValueError: if there is nothing to draw: no values, or with `density` none in the bins.
    """
    samples = {name: np.ravel(np.asarray(v, dtype=float)) for name, v in values_by_name.items()}
    if not samples or not all(v.size for v in samples.values()):
        raise ValueError(f"nothing to draw for {list(samples)}: give at least one value a name")
    edges = np.histogram_bin_edges(np.concatenate(list(samples.values())), bins)  # (B + 1,)
    for name, values in samples.items():
        w = np.broadcast_to((weights_by_name or {}).get(name, 1.0), values.shape)
        content = np.histogram(values, edges, weights=w)[0]  # (B,)
        error = np.sqrt(np.histogram(values, edges, weights=w**2)[0])
        scale = content.sum() * np.diff(edges) if density else 1.0
        if not np.all(scale):
            raise ValueError(f"no {name} in [{edges[0]:g}, {edges[-1]:g}]: choose other bins")
        top, bottom = (content + error) / scale, (content - error) / scale
        color, linestyle = (class_style(name)[k] for k in ("color", "linestyle"))
        ax.stairs(content / scale, edges, label=name, color=color, ls=linestyle, lw=2.2)
        ax.stairs(top, edges, baseline=bottom, fill=True, color=color, alpha=0.3, lw=0)
    ax.set(xlabel=xlabel, ylabel=_histogram_label(edges, xlabel, density, counted))
    ax.set_xlim(edges[0], edges[-1])  # y stays automatic: it starts at 0, and may become a log
    ax.legend()
    return ax


def _histogram_label(edges: np.ndarray, xlabel: str, density: bool, counted: str) -> str:
    unit = "".join(re.findall(r"\[(.+)\]", xlabel))
    if density:
        return "probability density" + (f" [1/{unit}]" if unit else "")
    widths = np.diff(edges)
    uniform = np.allclose(widths, widths[0])
    return f"{counted} / {widths[0]:.3g} {unit}".rstrip() if uniform else f"{counted} per bin"


def roc_curves(
    ax: Axes,
    labels: ArrayLike,
    scores_by_name: Mapping[str, ArrayLike],
    n_bootstrap: int = 100,
    rng: Seed = None,
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


def jet_display(ax: Axes, jets: Jets, i: int) -> Axes:
    """Draw jet i in the eta-phi plane around its axis: one disc a constituent, its area ~ pT.

    Raises:
        ValueError: if there is no jet i.
    """
    if not -len(jets) <= i < len(jets):
        raise ValueError(f"no jet {i} in a sample of {len(jets)}: choose 0 to {len(jets) - 1}")
    jet = jets[[i]]
    seen = jet.relative()[jet.mask]  # (P, 3)
    fraction, d_eta, d_phi = seen[np.argsort(-seen[:, 0])].T  # small discs come last, on top
    name, pt, mass = jet.names[jet.label[0]], float(jet.pt[0]), float(jet.mass[0])
    reach = max(1.0, 1.05 * np.abs([d_eta, d_phi]).max())
    inches = ax.get_position().size * ax.figure.get_size_inches()
    whole = (0.35 * 72 * inches.min()) ** 2  # area of a disc that carries the whole jet, points^2
    style = {"color": class_style(name)["color"], "alpha": 0.5, "edgecolors": "white", "lw": 0.8}
    ax.scatter(d_eta, d_phi, s=np.maximum(whole * fraction, 5), **style)
    example = 10.0 ** np.floor(np.log10(0.1 * pt))  # GeV
    for energy in (example, example / 10):
        ax.scatter([], [], s=whole * energy / pt, label=f"{energy:g} GeV", **style)
    ax.legend(title="area ~ $p_T$", loc="upper right", labelspacing=0.7)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.locator_params(nbins=5)
    ax.set_title(f"{name} jet: $p_T$ = {pt:.0f} GeV, $m$ = {mass:.0f} GeV")
    ax.set(xlabel=r"$\eta - \eta_{\mathrm{jet}}$", ylabel=r"$\phi - \phi_{\mathrm{jet}}$ [rad]")
    return ax


def loss_curves(ax: Axes, history: Any) -> Axes:
    """Training and validation loss after each epoch, with the best epoch marked.

    `history` is that of `training.fit`; its total_epochs fixes the x axis while curves grow.
    """
    curves = {"training": history.train_loss, "validation": history.validation_loss}
    done = len(history.train_loss)
    title = [f"epoch {done} of {history.total_epochs}"]
    for place, (name, losses) in enumerate(curves.items()):
        if len(losses):
            ax.plot(np.arange(1, len(losses) + 1), losses, label=name, **class_style(place), ms=4)
            title.append(f"{name} {losses[-1]:.4g}")
    if history.best_epoch and history.validation_loss:
        best = history.best_epoch, history.validation_loss[history.best_epoch - 1]
        ax.plot(*best, "*", color=COLOURS["green"], ms=16, label=f"best: epoch {best[0]}")
    ax.set(xlabel="epoch", ylabel="loss", xlim=(0.5, max(history.total_epochs, done, 1) + 0.5))
    ax.set_title(", ".join(title), fontsize="medium")
    ax.xaxis.get_major_locator().set_params(integer=True)
    if done:
        ax.legend(loc="upper right")
    return ax


class LiveLoss:
    """Training callback that redraws one figure of the loss in place while a notebook trains.

    It leaves exactly one figure, also when papermill or nbclient run the notebook, and does
    nothing outside a Jupyter kernel. `seconds` is the least time between two redraws, so that
    short epochs are not slowed down; the last state is always drawn.
    """

    def __init__(self, seconds: float = 0.3):
        self.seconds, self._handle, self._drawn = seconds, None, -np.inf

    def on_start(self, history: Any) -> None:
        """Show the empty figure that the epochs fill."""
        self._handle, self._drawn = _display_handle(), -np.inf
        if self._handle is not None:
            self._handle.display(_loss_image(history))

    def on_epoch_end(self, history: Any) -> None:
        """Redraw, unless the last redraw was a moment ago."""
        if time.monotonic() - self._drawn >= self.seconds:
            self.on_end(history)

    def on_end(self, history: Any) -> None:
        """Draw the curves as they are now."""
        if self._handle is not None:
            self._handle.update(_loss_image(history))
            self._drawn = time.monotonic()


def _display_handle() -> Any:
    """A handle on one output of the running cell, or None outside a Jupyter kernel."""
    try:
        from IPython import get_ipython
        from IPython.display import DisplayHandle
    except ImportError:  # plain Python trains as well, without a figure
        return None
    return DisplayHandle() if hasattr(get_ipython(), "kernel") else None


def _loss_image(history: Any) -> Any:
    """The loss curves as an image for IPython, with an alternative text."""
    from IPython.display import Image

    # pyplot would show the figure a second time below the cell; a layout engine doubles the time
    figure, buffer = Figure(figsize=(8, 4), dpi=80, layout="none"), io.BytesIO()
    ax = loss_curves(figure.add_axes((0.12, 0.16, 0.86, 0.74)), history)
    figure.savefig(buffer, format="png")
    return Image(buffer.getvalue(), format="png", alt=f"Loss curves: {ax.get_title()}")
