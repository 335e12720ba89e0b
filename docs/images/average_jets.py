"""Draw average_jets.png: where the momentum of QCD and of top jets lies, averaged over the sample.

Each jet is clustered into three subjets (exclusive kT). The hardest lies in the middle, the second
above it, and the jet is mirrored so that the third is on the right.
"""

from pathlib import Path

import fastjet
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from data_fetch import load
from hepml_lite import kinematics, plotting


def subjet_axes(jets):
    """The axes (N, 3, 2) of three exclusive kT subjets in falling pT, relative to the jet."""
    z, x, y = np.moveaxis(jets.relative(), -1, 0)
    axes = np.zeros((len(jets), 3, 2))
    # fastjet wants pT, pseudorapidity and azimuth as four-vectors
    p4 = kinematics.four_vectors(z, x, y)
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, 1.5)
    for i, mask in enumerate(jets.mask):
        momenta = p4[i, mask].astype(float).tolist()
        particles = [fastjet.PseudoJet(px, py, pz, e) for e, px, py, pz in momenta]
        clustered = fastjet.ClusterSequence(particles, definition)
        subjets = fastjet.sorted_by_pt(clustered.exclusive_jets_up_to(3))
        for k, subjet in enumerate(subjets):
            axes[i, k] = subjet.eta(), subjet.phi_std()
    return axes


def aligned(jets):
    """Share of pT and the two angles (N, P) of each constituent after moving and turning."""
    z, x, y = np.moveaxis(jets.relative(), -1, 0)
    first, second, third = np.moveaxis(subjet_axes(jets), 1, 0)  # each (N, 2)
    up = second - first
    up = up / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    right = np.stack([up[:, 1], -up[:, 0]], axis=1)
    side = np.where((right * (third - first)).sum(axis=1) < 0, -1, 1)
    from_first = np.stack([x, y], axis=-1) - first[:, None]  # (N, P, 2)
    across = side[:, None] * np.einsum("npk,nk->np", from_first, right)
    along = np.einsum("npk,nk->np", from_first, up)
    return z, across, along


def main():
    """Write the picture beside this script."""
    jets = load("top_tagging", split="train")
    plotting.use_style()
    fig, axes = plt.subplots(1, 2, figsize=(11, 5), sharey=True)
    edges = np.linspace(-0.9, 0.9, 73)
    for ax, name in zip(axes, jets.names, strict=True):
        of_class = jets.of_class(name)
        z, across, along = (a[of_class.mask] for a in aligned(of_class))
        image, *_ = np.histogram2d(across, along, bins=edges, weights=z / len(of_class))
        scale = LogNorm(3e-5, 0.1, clip=True)
        drawn = ax.pcolormesh(edges, edges, image.T, norm=scale, cmap="cividis")
        ax.set_facecolor(drawn.get_cmap()(0.0))
        ax.set(title=f"average {name} jet", xlabel="angle to its right", aspect="equal")
    axes[0].set_ylabel("angle towards the second subjet")
    fig.colorbar(drawn, ax=axes, label="share of the jet's $p_T$ a pixel")
    fig.savefig(Path(__file__).with_suffix(".png"), dpi=70, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
