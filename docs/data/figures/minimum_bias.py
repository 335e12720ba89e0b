"""Figure of ordinary collisions: the energy they leave in the calorimeter, and as pile-up."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.pile_up import overlay
from hepml_lite.containers.trigger_events import REGIONS, REGIONS_ETA, TriggerEvents

N_OTHERS = 20


def draw(rows: TriggerEvents) -> Figure:
    """Mean transverse energy in the regions, its sum, and missing momentum, with pile-up too."""
    fig, axes = plt.subplots(1, 3, figsize=(15, 4.5))
    image, total, missing = axes
    extent = (-REGIONS_ETA, REGIONS_ETA, -np.pi, np.pi)
    mean = rows.regions.mean(axis=0)  # (18, 14)
    drawn = image.imshow(mean, extent=extent, aspect="auto", origin="lower", cmap="viridis", vmin=0)
    image.set(xlabel=r"$\eta$", ylabel=r"$\phi$ [rad]")
    fig.colorbar(drawn, ax=image, label=f"mean $E_T$ in {REGIONS[0]} x {REGIONS[1]} regions [GeV]")
    piled = overlay(rows[:4000], rows[4000:], mu=N_OTHERS - 1, rng=1)
    samples = {"one collision": rows, f"{N_OTHERS} on average": piled}
    sums = {name: s.regions.sum(axis=(1, 2)) for name, s in samples.items()}
    bins = np.linspace(0, 1500, 51)
    plotting.histogram(total, sums, bins, "sum of $E_T$ [GeV]", density=True)
    total.set_yscale("log")
    met = {name: s.met[:, 0, 0] for name, s in samples.items()}
    plotting.histogram(missing, met, np.linspace(0, 40, 41), "missing $p_T$ [GeV]", density=True)
    missing.set_yscale("log")
    return fig
