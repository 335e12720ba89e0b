"""Six views of the trigger objects: what a threshold or a detector would distort first."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hepml_lite import kinematics, plotting
from hepml_lite.containers.trigger_events import TriggerEvents

SYMBOLS = {
    "background": "background",
    "A -> 4l": r"$A \to 4\ell$",
    "h0 -> tau tau": r"$h^0 \to \tau\tau$",
    "h+- -> tau nu": r"$h^\pm \to \tau\nu$",
    "LQ -> b tau": r"$LQ \to b\tau$",
}
LEPTON = r"$e/\gamma$ or $\mu$"


def draw(rows: TriggerEvents) -> Figure:
    """Missing momentum, leptons and jets of each class, and the mass of A."""
    fig, axes = plt.subplots(2, 3, figsize=(13, 8))
    leptons = np.concatenate([rows.egamma, rows.muons], axis=1)  # (N, 8, 3)
    leading, number = leptons[..., 0].max(axis=1), (leptons[..., 0] > 0).sum(axis=1)
    jets = rows.jets[..., 0] > 0
    views = (
        (rows.met[:, 0, 0], np.linspace(0, 120, 25), "missing $p_T$ [GeV]"),
        (leading, np.linspace(3, 63, 21), f"$p_T$ of the leading {LEPTON} [GeV]"),
        (rows.jets[:, 0, 0], np.linspace(15, 195, 25), "$p_T$ of the leading jet [GeV]"),
        (number, np.arange(-0.5, 7), f"number of {LEPTON}"),
        (jets.sum(axis=1), np.arange(-0.5, 11), "number of jets"),
    )
    for ax, (values, bins, xlabel) in zip(axes.flat, views, strict=False):
        _shares(ax, rows, values, bins, xlabel)
    for ax in axes[1, :2]:
        ax.xaxis.get_major_locator().set_params(integer=True)
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    _mass(axes[1, 2], rows)
    lines, names = axes[0, 0].get_legend_handles_labels()
    symbols = [SYMBOLS.get(name, name) for name in names]
    fig.legend(lines, symbols, loc="outside upper center", ncols=len(names), fontsize="medium")
    return fig


def four_lepton_mass(rows: TriggerEvents) -> np.ndarray:
    """Mass [GeV] of the four leading e/gamma and muons, of the events that have four or more."""
    leptons = np.concatenate([rows.egamma, rows.muons], axis=1)  # (N, 8, 3)
    order = np.argsort(-leptons[..., :1], axis=1)[:, :4]
    leading = np.take_along_axis(leptons, order, axis=1).astype(float)  # (N, 4, 3)
    leading = leading[leading[:, 3, 0] > 0]
    total = kinematics.four_vectors(*np.moveaxis(leading, -1, 0)).sum(axis=1)
    return kinematics.pt_eta_phi_mass(total)[3]


def _shares(
    ax: Axes, rows: TriggerEvents, values: np.ndarray, bins: np.ndarray, xlabel: str
) -> None:
    """The share of the events of each class in every bin, so that absent objects count as well."""
    by_class = {name: values[rows.label == k] for k, name in enumerate(rows.names)}
    weights = {name: np.full(len(v), 1 / len(v)) for name, v in by_class.items()}
    plotting.histogram(ax, by_class, bins, xlabel, weights_by_name=weights)
    ax.get_legend().remove()
    ax.set(ylabel="share of the events", yscale="log", ylim=(3e-4, 1.2))


def _mass(ax: Axes, rows: TriggerEvents) -> None:
    """The resonance that only A has, in the events with four leptons."""
    masses = {name: four_lepton_mass(rows.of_class(name)) for name in ("background", "A -> 4l")}
    present = {name: mass for name, mass in masses.items() if len(mass)}
    bins = np.linspace(35, 65, 31)
    plotting.histogram(ax, present, bins, f"mass of four {LEPTON} [GeV]", counted="events")
    ax.get_legend().remove()
