"""The constituents of both jets of dijet events like those of `dijet_resonance`, as jets in pairs.

Jets 2i and 2i + 1 are the lighter and the heavier jet of one event, so that `jets[0::2]` are the
lighter ones, and mjj is the mass of the sum of a pair. Processes, trigger and window are those of
`dijet_resonance`. The events are different, with a larger share of signal.
"""

import awkward as ak
import numpy as np

from data_fetch.generate import dijet_resonance
from data_fetch.generate.dijet_resonance import NAMES, select
from data_fetch.generate.simulation.pythia import pythia_seed
from hepml_lite.containers.jets import Jets

CHUNK = 1000  # jets, two an event
SIGNAL_SHARE = 0.2
N_CONSTITUENTS = 100
CARD = dijet_resonance.CARD | {
    "title": "Constituents of dijets at the TeV scale, with and without a resonance",
    "container": "Jets",
    "selection": f"{dijet_resonance.CARD['selection']}; 100 leading constituents of each; jets 2i "
    "and 2i + 1 are the lighter and the heavier jet of event i; one event in five is signal",
    "units": "pT in GeV, phi in rad; constituents are massless",
}
for table_only in ("quantities", "precision"):
    del CARD[table_only]


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, in pairs, the events in random order.

    Raises:
        ValueError: if size is odd.
    """
    if size % 2:
        raise ValueError(f"{size} jets a chunk: they come in pairs, so choose an even number")
    rng = np.random.default_rng([seed, number])
    n_signal = round(size // 2 * SIGNAL_SHARE)
    parts = []
    for label, n in enumerate((size // 2 - n_signal, n_signal)):
        dijets = select(NAMES[label], n, pythia_seed(seed, number, label), rng)
        jets = Jets.from_awkward(
            ak.flatten(dijets.constituents), names=NAMES, label=np.full(2 * n, label)
        )
        parts.append(jets.massless())
    order = rng.permutation(size // 2)
    jets = Jets.concatenate([part.truncate(N_CONSTITUENTS) for part in parts])
    return jets[(2 * order[:, None] + np.arange(2)).ravel()]
