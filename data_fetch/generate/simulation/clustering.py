"""Anti-kT jets of many events at once, with FastJet."""

import awkward as ak
import fastjet
import numpy as np
import vector

from data_fetch.generate.simulation.pythia import Particles


def anti_kt(
    particles: Particles, n_events: int, radius: float, min_pt: float
) -> tuple[ak.Array, ak.Array]:
    """Cluster each event (Cacciari, Salam, Soyez, arXiv:0802.1189).

    Returns:
        jets: n_events * var * Momentum4D, summed four-vectors [GeV] above `min_pt`.
        constituents: n_events * var * var * Momentum4D with the field `pid`.
    """
    vector.register_awkward()
    energy, px, py, pz = particles.p4.T
    flat = {"px": px, "py": py, "pz": pz, "E": energy, "pid": particles.pid}
    counts = np.bincount(particles.event, minlength=n_events)
    inputs = ak.unflatten(ak.zip(flat, with_name="Momentum4D"), counts)
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    sequence = fastjet.ClusterSequence(inputs, definition)
    position = sequence.constituent_index(min_pt)  # n_events * var * var * int
    members = inputs[ak.flatten(position, axis=2)]
    constituents = ak.unflatten(members, ak.flatten(ak.num(position, axis=2)), axis=1)
    return sequence.inclusive_jets(min_pt), constituents
