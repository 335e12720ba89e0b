"""Substructure of many jets at once: N-subjettiness and soft drop, with FastJet's contrib."""

from collections.abc import Sequence
from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np

# No banner at the top of a lesson; the data cards name the papers that it asks to cite.
fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)

# For beta = 1 the winner-takes-all axis is close to the minimum of tau_N, so that one pass of
# minimisation is enough (arXiv:1401.2158).
AXES = "OnePass_WTA_KT_Axes"
RADIUS_OF_ONE_JET = 20.0  # so large that all constituents are in one jet


@dataclass(frozen=True)
class SoftDrop:
    """Groomed jets: arrays (n_jets,). A jet without a splitting that passes has zg = rg = 0."""

    mass: np.ndarray  # (n_jets,) mass after grooming, GeV
    zg: np.ndarray  # (n_jets,) momentum fraction of the softer branch, z_cut to 0.5
    rg: np.ndarray  # (n_jets,) distance of the two branches in rapidity and azimuth


def n_subjettiness(
    constituents: ak.Array, orders: Sequence[int], radius: float, beta: float = 1.0
) -> np.ndarray:
    """tau_N = sum_i pT_i min_k (Delta R_ik)^beta / sum_i pT_i R^beta (arXiv:1011.2268, 1108.2701).

    A jet of N constituents or fewer has tau_N = 0; a ratio may then be 0 / 0.

    Args:
        constituents: n_jets * var * Momentum4D, in GeV.
        orders: the wanted N, each at least 1.
        radius: R of the jets.
        beta: exponent of the distance.

    Returns:
        (n_jets, len(orders)).

    Raises:
        ValueError: if a jet has no constituents or an order is below 1.
    """
    if not len(orders) or min(orders) < 1:
        raise ValueError(f"orders {list(orders)}: give at least one, each an integer of at least 1")
    if not len(constituents):
        return np.zeros((0, len(orders)))
    sequence = reclustered(constituents)
    tau = sequence.njettiness("NormalizedMeasure", AXES, list(orders), beta, radius)
    return np.asarray(tau)


def soft_drop(constituents: ak.Array, z_cut: float, beta: float, radius: float) -> SoftDrop:
    """Groom jets: drop soft branches until z > z_cut (Delta R / R)^beta (arXiv:1402.2657).

    Args:
        constituents: n_jets * var * Momentum4D, in GeV.
        z_cut: smallest momentum fraction of a branch that stops the grooming.
        beta: exponent of the distance; 0 is the modified mass drop.
        radius: R of the jets.

    Raises:
        ValueError: if a jet has no constituents.
    """
    if not len(constituents):
        return SoftDrop(np.zeros(0), np.zeros(0), np.zeros(0))
    groomed = reclustered(constituents).exclusive_jets_softdrop_grooming(1, beta, z_cut, R0=radius)
    # FastJet gives -1 where there is no splitting, and a negative mass where m^2 rounds below 0
    return SoftDrop(
        mass=np.maximum(np.asarray(groomed["msoftdrop"]), 0.0),
        zg=np.maximum(np.asarray(groomed["symmetrysoftdrop"]), 0.0),
        rg=np.maximum(np.asarray(groomed["deltaRsoftdrop"]), 0.0),
    )


def reclustered(constituents: ak.Array) -> fastjet.ClusterSequence:
    """One Cambridge/Aachen jet (hep-ph/9707323) of the constituents of each jet.

    FastJet's contributed observables are methods of the result.

    Raises:
        ValueError: if a jet has no constituents.
    """
    import vector  # here, because it brings sympy: 40 MB

    if not ak.all(ak.num(constituents) > 0):
        empty = int(np.flatnonzero(ak.to_numpy(ak.num(constituents)) == 0)[0])
        raise ValueError(f"jet {empty} has no constituents: remove such jets first")
    vector.register_awkward()
    components = {"px": "px", "py": "py", "pz": "pz", "E": "energy"}
    momenta = {key: getattr(constituents, name) for key, name in components.items()}
    inputs = ak.zip(momenta, with_name="Momentum4D")
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, RADIUS_OF_ONE_JET)
    return fastjet.ClusterSequence(inputs, definition)
