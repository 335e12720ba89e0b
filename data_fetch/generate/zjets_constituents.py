"""The constituents of the jets of `zjets_unfolding`, before and after the detector, in pairs.

Jets 2i and 2i + 1 are the true and the measured jet of one event, so that `jets[0::2]` are the true
ones. Events, jets and the detector are those of `zjets_unfolding`; only jets that are there at both
levels are kept.
"""

import awkward as ak
import numpy as np

from data_fetch.generate import zjets_unfolding
from data_fetch.generate.simulation.detector import FINE, detect
from data_fetch.generate.simulation.pythia import Generator, pythia_seed
from data_fetch.generate.zjets_unfolding import boosted, leading_jets, matched, settings
from hepml_lite.containers.jets import Jets

NAMES = ("simulation", "nature")
CHUNK = 400  # jets, two an event
N_CONSTITUENTS = 30
CARD = zjets_unfolding.CARD | {
    "title": "Constituents of the jet beside a Z, before and after the detector",
    "container": "Jets",
    "classes": list(NAMES),
    "selection": "as in zjets_unfolding, at both levels the same jet; the 30 leading constituents "
    "of each; jets 2i and 2i + 1 "
    "are the true and the measured jet of event i",
    "units": "pT in GeV, phi in rad; constituents are massless",
}
for table_only in ("quantities", "precision", "floors"):
    del CARD[table_only]


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, in pairs, half of each class, in random order.

    Raises:
        ValueError: if size is odd.
    """
    if size % 2:
        raise ValueError(f"{size} jets a chunk: they come in pairs, so choose an even number")
    rng = np.random.default_rng([seed, number])
    parts = []
    for label, name in enumerate(NAMES):
        n = len(range(label, size // 2, len(NAMES)))
        parts.append(select(name, n, pythia_seed(seed, number, label), rng))
    order = rng.permutation(size // 2)
    return Jets.concatenate(parts)[(2 * order[:, None] + np.arange(2)).ravel()]


def select(name: str, n: int, seed: int, rng: np.random.Generator) -> Jets:
    """The first n pairs of a class: true, measured, true, measured, ..."""
    generator = Generator(settings(name), seed)
    found = []
    while sum(map(len, found)) < n:
        particles, n_events = boosted(generator)
        true = leading_jets(particles, n_events)
        seen = leading_jets(detect(particles, rng, FINE), n_events)
        both = matched(true, seen)
        levels = [level.of_events(both).constituents for level in (true, seen)]
        found.append(ak.concatenate([level[:, np.newaxis] for level in levels], axis=1))
    pairs = ak.concatenate(found)[:n]  # n * 2 * var * Momentum4D
    label = np.full(2 * n, NAMES.index(name))
    jets = Jets.from_awkward(ak.flatten(pairs), names=NAMES, label=label).massless()
    return jets.truncate(N_CONSTITUENTS)
