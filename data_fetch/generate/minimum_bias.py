"""Ordinary collisions, to be laid over other events as pile-up.

Inelastic proton-proton collisions as they come, diffraction and hard scattering included, in the
same form as `trigger_regions`: objects and the calorimeter's regions. As many of them as are wished
for are added to an event by `hepml_lite.containers.pile_up.overlay`.
"""

import numpy as np

from data_fetch.generate import trigger_regions
from data_fetch.generate.simulation.pythia import BATCH, Generator, pythia_seed
from data_fetch.generate.trigger_objects import BEAM_ENERGY
from hepml_lite.containers.trigger_events import TriggerEvents

NAMES = ("minimum bias",)
CHUNK = 1000
CARD = {
    key: trigger_regions.CARD[key]
    for key in ("container", "generator", "detector", "regions", "selection", "units")
} | {
    "title": "Ordinary collisions, to be laid over others as pile-up",
    "classes": list(NAMES),
    "process": "pp at 13 TeV, Pythia 8 (Monash tune), SoftQCD:inelastic: non-diffractive and "
    "diffractive collisions, 78 mb",
    "generation_cuts": "none",
    "use": "pile-up: hepml_lite.containers.pile_up.overlay(events, minimum_bias, mu, rng) lays a "
    "Poisson number of these over each event",
    "citation": "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}


def chunk(seed: int, number: int, size: int = CHUNK) -> TriggerEvents:
    """Chunk `number` of the sample: `size` events."""
    rng = np.random.default_rng([seed, number])
    generator = Generator(["SoftQCD:inelastic = on"], pythia_seed(seed, number), BEAM_ENERGY)
    found = []
    missing = size
    while missing > 0:
        batch = generator.batch(min(missing, BATCH))
        found.append(trigger_regions.look(generator.visible(batch), len(batch), rng))
        missing -= len(batch)
    seen = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return TriggerEvents(objects=seen["objects"], regions=seen["regions"], names=NAMES)
