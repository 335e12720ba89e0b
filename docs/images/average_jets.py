"""Draw average_jets.png: where the momentum of QCD and of top jets lies, averaged over the sample.

Each jet is turned so that its momentum spreads vertically and its harder end is at the top, and
mirrored so that the rest is on the right.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from data_fetch import load
from hepml_lite import plotting


def aligned(jets):
    """Share of pT and the two angles (N, P) of each constituent after turning and mirroring."""
    z, x, y = np.moveaxis(jets.relative(), -1, 0)
    turn = 0.5 * np.arctan2(2 * (z * x * y).sum(1), (z * (x**2 - y**2)).sum(1))[:, None]
    along = np.cos(turn) * x + np.sin(turn) * y
    across = -np.sin(turn) * x + np.cos(turn) * y
    for angle in (along, across):
        angle *= np.where((z * angle * np.abs(angle)).sum(1) < 0, -1, 1)[:, None]
    return z, across, along


def main():
    """Write the picture beside this script."""
    jets = load("top_tagging", split="train")
    plotting.use_style()
    fig, axes = plt.subplots(1, 2, figsize=(11, 5), sharey=True)
    edges = np.linspace(-0.8, 0.8, 65)
    for ax, name in zip(axes, jets.names, strict=True):
        of_class = jets.of_class(name)
        z, across, along = (a[of_class.mask] for a in aligned(of_class))
        image, *_ = np.histogram2d(across, along, bins=edges, weights=z / len(of_class))
        drawn = ax.pcolormesh(edges, edges, image.T, norm=LogNorm(1e-5, 0.1), cmap="cividis")
        ax.set_facecolor(drawn.get_cmap()(0.0))
        ax.set(title=f"average {name} jet", xlabel="angle across the jet", aspect="equal")
    axes[0].set_ylabel("angle along the jet")
    fig.colorbar(drawn, ax=axes, label="share of the jet's $p_T$ a pixel")
    fig.savefig(Path(__file__).with_suffix(".png"), dpi=70, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
