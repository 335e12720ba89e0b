"""The constituents of the jets of `zjets_unfolding`, before and after the detector, in pairs.

Jets 2i and 2i + 1 are the true and the measured jet of one event, so that `jets[0::2]` are the true
ones. Processes, jets and matching are those of `zjets_unfolding`; here are only jets that both
levels have, of its simulation and of its nature. The events are different.
"""

import awkward as ak
import numpy as np

from data_fetch.generate import zjets_unfolding
from data_fetch.generate.simulation.detector import FINE, detect
from data_fetch.generate.simulation.pythia import Generator, pythia_seed
from data_fetch.generate.zjets_unfolding import boosted, leading_jets, matched, settings
from hepml_lite.containers.jets import Jets

CHUNK = 1000  # jets, two an event
NAMES = ("simulation", "nature")
N_CONSTITUENTS = 30
CARD = {
    "title": "Constituents of the jet beside a Z, before and after the detector",
    "container": "Jets",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "process": "pp -> Z(nu nu) + jet at 14 TeV, Pythia 8, multiple interactions on, no pile-up; "
    "simulation: Monash tune; nature: weaker coupling and earlier end of the final-state shower, "
    "other strings, fewer multiple interactions, as in zjets_unfolding",
    "detector": zjets_unfolding.CARD["detector"],
    "selection": "true pT of the Z > 200 GeV; at each level the hardest anti-kT R = 0.4 jet of the "
    "event has pT > 50 GeV and |y| < 2.1, and their axes lie within 0.4 of each other: no misses "
    "and no fakes; 30 leading constituents of each; jets 2i and 2i + 1 are the true and the "
    "measured jet of event i",
    "generation_cuts": zjets_unfolding.CARD["generation_cuts"],
    "units": "pT in GeV, phi in rad; constituents are massless",
    "citation": zjets_unfolding.CARD["citation"],
}


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, in pairs, half of the events from each class.

    Raises:
        ValueError: if size is no multiple of 4.
    """
    if size % 4:
        raise ValueError(
            f"{size} jets a chunk: they come in pairs of two classes, so choose a multiple of 4"
        )
    rng = np.random.default_rng([seed, number])
    n = size // 4
    parts = [
        pairs(NAMES[label], n, pythia_seed(seed, number, label), rng, label) for label in (0, 1)
    ]
    order = rng.permutation(2 * n)
    return Jets.concatenate(parts)[(2 * order[:, None] + np.arange(2)).ravel()]


def pairs(name: str, n: int, seed: int, rng: np.random.Generator, label: int) -> Jets:
    """The true and the measured jet of the first n events that have both, one after the other.

    Args:
        name: the class, which sets what Pythia is told.
        n: number of events.
        seed: of Pythia.
        rng: of the detector.
        label: of the jets.
    """
    generator = Generator(settings(name), seed)
    levels: tuple[list[ak.Array], list[ak.Array]] = ([], [])
    while sum(len(part) for part in levels[0]) < n:
        particles, n_events = boosted(generator)
        true = leading_jets(particles, n_events)
        seen = leading_jets(detect(particles, rng, FINE), n_events)
        same = matched(true, seen)
        levels[0].append(true.of_events(same).constituents)
        levels[1].append(seen.of_events(same).constituents)
    true_jets, seen_jets = (_jets(ak.concatenate(level)[:n], label) for level in levels)
    alternating = np.arange(2 * n).reshape(2, n).T.ravel()  # 0, n, 1, n + 1, ...
    return Jets.concatenate([true_jets, seen_jets])[alternating]


def _jets(constituents: ak.Array, label: int) -> Jets:
    """The leading constituents of jets n * var * Momentum4D, as massless particles."""
    massless = ak.zip({name: getattr(constituents, name) for name in ("pt", "eta", "phi")})
    jets = Jets.from_awkward(massless, names=NAMES, label=np.full(len(constituents), label))
    return jets.truncate(N_CONSTITUENTS)
