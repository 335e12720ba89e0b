"""Masses of W and top from the jets that the roles name; missing momentum and b-tags by class."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hepml_lite import kinematics, plotting
from hepml_lite.containers.events import Events

N_JETS = 6
HADRONIC_B, W_QUARK = 2, 3  # roles, see the card


def draw(rows: Events) -> Figure:
    """Masses of true combinations, missing transverse momentum, and number of b-tagged jets."""
    fig, axes = plt.subplots(1, 3, figsize=(15, 5))
    top = rows.of_class("top pair")
    masses = {
        r"two jets of $W \to q\bar{q}'$": mass_of(top, {W_QUARK: 2}),
        r"and the jet of their $b$": mass_of(top, {W_QUARK: 2, HADRONIC_B: 1}),
    }
    plotting.histogram(
        axes[0], masses, np.linspace(0, 300, 61), "mass of the right jets [GeV]", counted="events"
    )
    missing = {name: rows.of_class(name)["met_pt"] for name in rows.names}
    plotting.histogram(
        axes[1], missing, np.linspace(0, 200, 41), "missing momentum [GeV]", density=True
    )
    _tags(axes[2], rows)
    return fig


def _tags(ax: Axes, rows: Events) -> None:
    tagged = rows.columns(*(f"jet{i}_tagged" for i in range(1, N_JETS + 1))).sum(axis=1)
    by_class = {name: tagged[rows.label == k] for k, name in enumerate(rows.names)}
    plotting.histogram(ax, by_class, np.arange(-0.5, 5), "b-tagged jets", density=True)


def mass_of(events: Events, roles: dict[int, int]) -> np.ndarray:
    """Mass [GeV] of all jets of some roles, for the events that have as many as are asked for."""
    columns = [
        events.columns(*(f"jet{i}_{name}" for i in range(1, N_JETS + 1))).astype(float)
        for name in ("pt", "eta", "phi", "mass")
    ]
    role = events.columns(*(f"jet{i}_role" for i in range(1, N_JETS + 1)))
    complete = np.all([(role == r).sum(axis=1) == n for r, n in roles.items()], axis=0)
    chosen = np.isin(role, list(roles))
    momenta = kinematics.four_vectors(*columns) * chosen[..., None]
    return kinematics.pt_eta_phi_mass(momenta.sum(axis=1))[3][complete]
