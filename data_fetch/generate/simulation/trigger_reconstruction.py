"""Trigger objects from reconstructed particles: missing momentum, leptons and jets.

The content and acceptance are those of Govorkova et al., arXiv:2107.02157: up to 4 electrons or
photons (|eta| < 3, pT > 3 GeV), 4 muons (|eta| < 2.1, pT > 3 GeV) and 10 anti-kT R = 0.4 jets
(|eta| < 4, pT > 15 GeV). A lepton or photon is isolated, and is not used again in a jet.
"""

import awkward as ak
import numpy as np

from data_fetch.generate.simulation.clustering import anti_kt
from data_fetch.generate.simulation.detector import (
    ELECTRON,
    MUON,
    PHOTON,
    Detector,
    calorimeter_cells,
)
from data_fetch.generate.simulation.pythia import Particles
from hepml_lite import kinematics
from hepml_lite.containers.trigger_events import OBJECTS, REGIONS, REGIONS_ETA

EGAMMA_PT, EGAMMA_ETA = 3.0, 3.0  # GeV
MUON_PT, MUON_ETA = 3.0, 2.1
JET_RADIUS, JET_PT, JET_ETA = 0.4, 15.0, 4.0
ISOLATION_CONE, ISOLATION = 0.3, 0.3  # other particles in the cone may carry 0.3 of the pT


def trigger_objects(seen: Particles, n_events: int) -> np.ndarray:
    """Objects of each event in the layout of `TriggerEvents`: (n_events, 19, 3) pT, eta, phi.

    Args:
        seen: reconstructed particles, those of an event next to each other.
        n_events: how many events they belong to; those without any particle stay empty.
    """
    pt, eta, phi, _ = kinematics.pt_eta_phi_mass(seen.p4)
    coordinates = np.stack([pt, eta, phi], axis=-1)  # (M, 3)
    egamma, muon = candidates(seen.pid, pt, eta)
    isolated = np.flatnonzero(egamma | muon)
    isolated = isolated[isolation(seen.event, coordinates, isolated) < ISOLATION]
    blocks = [missing_momentum(seen, n_events)]
    for kind, chosen in (("egamma", egamma), ("muons", muon)):
        found = isolated[chosen[isolated]]
        blocks.append(leading(seen.event[found], coordinates[found], n_events, OBJECTS[kind]))
    hadronic = np.delete(np.arange(len(pt)), isolated)
    blocks.append(leading_jets(seen[hadronic], n_events))
    return np.concatenate(blocks, axis=1)  # (n_events, 19, 3)


def candidates(pid: np.ndarray, pt: np.ndarray, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which particles (M,) are electrons or photons, and which muons, within the acceptance."""
    kind, abs_eta = np.abs(pid), np.abs(eta)
    egamma = np.isin(kind, (ELECTRON, PHOTON)) & (pt > EGAMMA_PT) & (abs_eta < EGAMMA_ETA)
    muon = (kind == MUON) & (pt > MUON_PT) & (abs_eta < MUON_ETA)
    return egamma, muon


def isolation(event: np.ndarray, coordinates: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Sum of the pT of the other particles within Delta R < 0.3, over the particle's own pT.

    Args:
        event: (M,) rising numbers of the events.
        coordinates: (M, 3) pT [GeV], eta, phi [rad].
        which: (K,) positions of the particles whose isolation is computed.

    Returns:
        (K,) relative isolation; isolated particles have small values.
    """
    first = np.searchsorted(event, event[which])
    count = np.searchsorted(event, event[which], side="right") - first  # (K,)
    one = np.repeat(np.arange(len(which)), count)  # each of the K with all of its event: (pairs,)
    other = np.arange(len(one)) + np.repeat(first - (np.cumsum(count) - count), count)
    pt, eta, phi = coordinates.T
    mine = which[one]
    near = kinematics.delta_r(eta[mine], phi[mine], eta[other], phi[other]) < ISOLATION_CONE
    near &= other != mine
    around = np.bincount(one[near], weights=pt[other[near]], minlength=len(which))
    return around / pt[which]


def missing_momentum(seen: Particles, n_events: int) -> np.ndarray:
    """Minus the vector sum of the transverse momenta of all particles: (n_events, 1, 3), eta 0."""
    px, py = (-np.bincount(seen.event, weights=seen.p4[:, k], minlength=n_events) for k in (1, 2))
    pt = np.hypot(px, py)
    phi = np.where(pt > 0, kinematics.wrap_phi(np.arctan2(py, px)), 0)
    return np.stack([pt, np.zeros(n_events), phi], axis=-1)[:, None]


def leading_jets(seen: Particles, n_events: int) -> np.ndarray:
    """The ten leading jets of each event, (n_events, 10, 3) pT, eta, phi."""
    jets, _ = anti_kt(seen, n_events, JET_RADIUS, JET_PT)
    event = np.repeat(np.arange(n_events), ak.to_numpy(ak.num(jets)))
    flat = ak.flatten(jets)
    p4 = np.stack([ak.to_numpy(flat[k]) for k in ("E", "px", "py", "pz")], axis=-1)  # (J, 4)
    coordinates = np.stack(kinematics.pt_eta_phi_mass(p4)[:3], axis=-1)
    inside = np.abs(coordinates[:, 1]) < JET_ETA
    return leading(event[inside], coordinates[inside], n_events, OBJECTS["jets"])


def leading(event: np.ndarray, coordinates: np.ndarray, n_events: int, n: int) -> np.ndarray:
    """The n objects of highest pT of each event in falling pT, (n_events, n, 3), then zeros."""
    order = np.lexsort((-coordinates[:, 0], event))
    event, coordinates = event[order], coordinates[order]
    place = np.arange(len(event)) - np.searchsorted(event, event)
    objects = np.zeros((n_events, n, 3))
    objects[event[place < n], place[place < n]] = coordinates[place < n]
    return objects


def leading_pt(objects: np.ndarray) -> np.ndarray:
    """pT of the first object of each kind, (n_events, 4), from objects (n_events, 19, 3)."""
    first = np.cumsum([0, *OBJECTS.values()])[:-1]
    return objects[:, first, 0]


def calorimeter_regions(
    particles: Particles, n_events: int, rng: np.random.Generator, version: Detector
) -> np.ndarray:
    """Transverse energy [GeV] that the calorimeters measure in 18 x 14 regions in phi and eta.

    The input of CICADA, the calorimeter image of CMS, has this shape (there eta regions of unequal
    size); here regions are equal, |eta| < 3. All particles but muons and neutrinos deposit their
    energy, charged ones too: a trigger of this kind has no tracks.

    Args:
        particles: the true ones.
        n_events: how many events they belong to.
        rng: of the energy resolution.
        version: of the detector.
    """
    cells = calorimeter_cells(particles, rng, version)
    pt, eta, phi, _ = kinematics.pt_eta_phi_mass(cells.p4)
    n_phi, n_eta = REGIONS
    row = np.floor((phi + np.pi) / (2 * np.pi) * n_phi).astype(int) % n_phi
    column = np.floor((eta / REGIONS_ETA + 1) / 2 * n_eta).astype(int)
    inside = np.abs(eta) < REGIONS_ETA
    address = ((cells.event * n_phi + row) * n_eta + column)[inside]
    sums = np.bincount(address, weights=pt[inside], minlength=n_events * n_phi * n_eta)
    return sums.reshape(n_events, n_phi, n_eta)
