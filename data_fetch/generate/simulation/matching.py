"""Matching of jets to the partons of the hard process or of a decay."""

import awkward as ak
import numpy as np

from hepml_lite import kinematics

DECAY_PARTON = HARD_PARTON = -23  # Pythia's status code of outgoing partons
HEAVIEST_QUARK, GLUON = 5, 21


def contains_decay(jets: ak.Array, record: ak.Array, parent: int, radius: float) -> ak.Array:
    """For each jet: do both quarks that a parent decayed to lie within `radius` of its axis?

    Args:
        jets: events * var * Momentum4D.
        record: the event record, in which at most two particles of this kind decay.
        parent: PDG number of the parent, such as 24; antiparticles count as well.
        radius: in eta and phi.
    """
    quarks = record[(record.status == DECAY_PARTON) & (abs(record.id) <= HEAVIEST_QUARK)]
    quarks = quarks[abs(record.id[quarks.mother1]) == parent]
    inside = ak.zeros_like(jets.pt, dtype=bool)
    for which in (ak.min, ak.max):  # the first and the second parent, or the same one twice
        mother = ak.fill_none(which(quarks.mother1, axis=1), -1)
        pair = quarks[quarks.mother1 == mother]
        complete = ak.num(pair) == 2
        inside = inside | (complete & ak.all(distance(jets, pair) < radius, axis=2))
    return inside


def nearest_parton(jets: ak.Array, record: ak.Array, radius: float) -> ak.Array:
    """For each jet: PDG number without sign of the closest hard parton; 0 if none is within radius.

    Args:
        jets: events * var * Momentum4D.
        record: the event record of a 2 -> 2 process.
        radius: in eta and phi.
    """
    partons = record[record.status == HARD_PARTON]
    apart = distance(jets, partons)
    closest = ak.argmin(apart, axis=2, keepdims=True)
    identity = ak.broadcast_arrays(abs(partons.id)[:, None, :], apart)[0][closest][..., 0]
    return ak.fill_none(ak.where(ak.min(apart, axis=2) < radius, identity, 0), 0)


def distance(jets: ak.Array, partons: ak.Array) -> ak.Array:
    """Delta R between every jet and every parton of an event, n_events * jets * partons."""
    jet, parton = ak.unzip(ak.cartesian([jets, partons.p], axis=1, nested=True))
    pt = np.hypot(parton.px, parton.py)
    counts = ak.num(ak.flatten(pt, axis=1)), ak.num(pt)
    flat = [
        ak.to_numpy(ak.flatten(x, axis=None))
        for x in (jet.eta, jet.phi, np.arcsinh(parton.pz / pt), np.arctan2(parton.py, parton.px))
    ]
    distance = kinematics.delta_r(*flat)
    return ak.unflatten(ak.unflatten(distance, counts[0]), counts[1])
