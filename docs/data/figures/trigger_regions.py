"""The calorimeter image of a trigger: the mean of each class, and the sums of its regions."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from hepml_lite import plotting
from hepml_lite.containers.trigger_events import REGIONS_ETA, TriggerEvents

SYMBOLS = {
    "background": "background (unweighted)",
    "A -> 4l": r"$A \to 4\ell$",
    "h0 -> tau tau": r"$h^0 \to \tau\tau$",
    "h+- -> tau nu": r"$h^\pm \to \tau\nu$",
    "LQ -> b tau": r"$LQ \to b\tau$",
}


def draw(rows: TriggerEvents) -> Figure:
    """Mean image of each class, turned to its hottest region; sums, maxima and numbers."""
    fig = plt.figure(figsize=(16, 8))
    upper, lower = fig.subfigures(2, 1)
    images = upper.subplots(1, len(rows.names), sharey=True)
    centred = _hottest_in_the_middle(rows.regions)
    for k, (ax, name) in enumerate(zip(images, rows.names, strict=True)):
        drawn = _image(ax, centred[rows.label == k].mean(axis=0), SYMBOLS[name])
    images[0].set_ylabel(r"$\phi$ from the hottest [rad]")
    upper.colorbar(drawn, ax=images, label="mean $E_T$ [GeV]", pad=0.01)
    views = (
        (rows.regions.sum(axis=(1, 2)), np.linspace(0, 400, 41), "sum of $E_T$ [GeV]"),
        (rows.regions.max(axis=(1, 2)), np.linspace(0, 100, 41), "largest $E_T$ [GeV]"),
        ((rows.regions > 5).sum(axis=(1, 2)), np.arange(-0.5, 26), "regions above 5 GeV"),
    )
    for ax, (values, bins, xlabel) in zip(lower.subplots(1, 3), views, strict=True):
        by_class = {SYMBOLS[n]: values[rows.label == k] for k, n in enumerate(rows.names)}
        plotting.histogram(ax, by_class, bins, xlabel, density=True)
        ax.set_yscale("log")
        ax.get_legend().remove()
    lower.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return fig


def _hottest_in_the_middle(regions: np.ndarray) -> np.ndarray:
    """Images (N, 18, 14) turned in azimuth so that the hottest region is in row 9."""
    n, n_phi, n_eta = regions.shape
    hottest = regions.reshape(n, -1).argmax(axis=1) // n_eta  # (N,)
    rows = (np.arange(n_phi) + hottest[:, None] - n_phi // 2) % n_phi  # (N, 18)
    return np.take_along_axis(regions, rows[..., None], axis=1)


def _image(ax: Axes, mean: np.ndarray, title: str) -> AxesImage:
    """The mean image (18, 14) of a class, in the colours that all classes share."""
    extent = (-REGIONS_ETA, REGIONS_ETA, -np.pi, np.pi)
    scale = LogNorm(0.1, 10, clip=True)
    ax.set(title=title, xlabel=r"$\eta$")
    return ax.imshow(mean, extent=extent, aspect="auto", origin="lower", norm=scale)
