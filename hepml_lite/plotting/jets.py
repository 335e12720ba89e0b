"""A jet in the eta-phi plane."""

import numpy as np
from matplotlib.axes import Axes

from hepml_lite.containers.jets import Jets
from hepml_lite.plotting.style import class_style


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
    inches = np.array(ax.get_window_extent().size) / ax.figure.dpi
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
