"""Run a generator until enough jets are selected; the recipes of jets share this."""

from collections.abc import Callable, Sequence

import awkward as ak
import numpy as np

from data_fetch.generate.simulation.clustering import anti_kt
from data_fetch.generate.simulation.pythia import Generator, Particles, pythia_seed
from hepml_lite.containers.jets import Jets

Selected = tuple[ak.Array, np.ndarray]  # constituents n * var * Momentum4D, pT-hat (n,) in GeV


def collect_jets(
    generator: Generator,
    n: int,
    radius: float,
    window: Callable[[ak.Array], ak.Array],
    match: Callable[[ak.Array, ak.Array], ak.Array] | None = None,
    detector: Callable[[Particles], Particles] | None = None,
    min_pt: float = 250.0,
) -> Selected:
    """Constituents of the first n selected jets and the pT-hat of their events.

    Args:
        generator: gives the events.
        n: number of jets.
        radius: of the anti-kT jets.
        window: which jets (events * var * Momentum4D) may count.
        match: which of these jets do count, from the jets and the event record; slow, so it is
            called only for events with a jet in the window.
        detector: the detector response; None for a perfect detector.
        min_pt: of the jets that `window` sees [GeV].
    """
    found: list[ak.Array] = []
    pt_hat = []
    while sum(len(part) for part in found) < n:
        batch = generator.batch()
        particles = generator.visible(batch)
        particles = detector(particles) if detector else particles
        jets, constituents = anti_kt(particles, len(batch), radius, min_pt)
        chosen = window(jets)
        hopeful = ak.any(chosen, axis=1)
        jets, constituents, batch = jets[hopeful], constituents[hopeful], batch[hopeful]
        chosen = chosen[hopeful]
        if match:
            chosen = chosen & match(jets, batch.prt)
        found.append(ak.flatten(constituents[chosen]))
        hard = np.sqrt(ak.to_numpy(batch.info.pT2Hat))
        pt_hat.append(np.repeat(hard, ak.to_numpy(ak.sum(chosen, axis=1))))
    return ak.concatenate(found)[:n], np.concatenate(pt_hat)[:n]


def balanced_chunk(
    names: Sequence[str],
    select: Callable[[str, int, int, np.random.Generator], Selected],
    n_constituents: int,
    seed: int,
    number: int,
    size: int,
    pid: bool = False,
) -> Jets:
    """Chunk `number` of a sample: equally many jets of each class, in random order.

    Constituents are made massless, as the data cards say.

    `select(name, n, seed, rng)` makes the jets of one class; `pid` keeps the particle identities.
    """
    rng = np.random.default_rng([seed, number])
    parts = []
    for label, name in enumerate(names):
        n = len(range(label, size, len(names)))
        constituents, _ = select(name, n, pythia_seed(seed, number, label), rng)
        jets = Jets.from_awkward(
            constituents,
            names=tuple(names),
            label=np.full(n, label),
            pid="pid" if pid else None,
        ).massless()
        parts.append(jets.truncate(n_constituents))
    return Jets.concatenate(parts)[rng.permutation(size)]
