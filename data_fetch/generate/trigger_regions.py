"""The calorimeter image that a trigger sees: 18 x 14 regions, of background and of four signals.

Processes, weights and objects are those of `trigger_objects`; the events are others. To the objects
of each event comes the transverse energy in 18 x 14 regions of the calorimeters in phi and eta, the
form of the input of CICADA, an anomaly trigger of CMS.
"""

import numpy as np

from data_fetch.generate import trigger_objects
from data_fetch.generate.simulation import trigger_reconstruction
from data_fetch.generate.simulation.detector import COARSE, detect
from data_fetch.generate.simulation.pythia import Particles
from data_fetch.generate.trigger_objects import COMPOSITION, SHARES, mixed
from hepml_lite.containers.trigger_events import TriggerEvents

NAMES = trigger_objects.NAMES
CHUNK = 3000  # events: 2000 of background, 250 of each signal
BACKGROUND_SHARE, SIGNAL_SHARE = 2 / 3, 1 / 12  # each signal
CARD = trigger_objects.CARD | {
    "title": "The calorimeter image of a trigger: ordinary collisions and four new particles",
    "detector": COARSE.description + "; regions: without tracks, all energy in both calorimeters",
    "regions": "transverse energy [GeV] in 18 steps of azimuth from -pi and 14 of eta from -3 to "
    "3, in steps of 0.2 GeV, cells below 0.5 (photons, electrons) and 1 GeV (hadrons) left out",
}
del CARD["split_shares"]


def chunk(seed: int, number: int, size: int = CHUNK) -> TriggerEvents:
    """Chunk `number` of the sample: `size` events, the processes in proportion, in random order."""
    rng = np.random.default_rng([seed, number])
    return mixed(rows_of_each(size), seed, number, rng, look)


def rows_of_each(size: int) -> dict[str, int]:
    """How many of `size` events each process makes: two thirds are background, as in SHARES."""
    shares = {name: SIGNAL_SHARE for name in COMPOSITION}
    shares |= {name: BACKGROUND_SHARE * share for name, share in SHARES.items()}
    edges = np.round(np.cumsum([0.0, *shares.values()]) * size).astype(int)
    return dict(zip(COMPOSITION, np.diff(edges).tolist(), strict=True))


def look(particles: Particles, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Objects and regions of n events, as arrays of `TriggerEvents`."""
    objects = trigger_reconstruction.trigger_objects(detect(particles, rng, COARSE), n)
    regions = trigger_reconstruction.calorimeter_regions(particles, n, rng, COARSE)
    return {"objects": objects, "regions": regions}
