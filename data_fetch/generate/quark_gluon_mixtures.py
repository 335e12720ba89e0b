"""Two mixtures of quark and gluon jets at 500 GeV in nature's proportions: Z + jet, and dijets.

Events: proton-proton at 14 TeV, Pythia 8 (Monash tune), no multiple interactions, no pile-up and no
detector. The window is that of `quark_gluon`: anti-kT R = 0.4, 500 < pT < 550 GeV, |y| < 1.7, here
with every jet in it. The label names the process, and the hard parton closest to the jet: "Z quark"
is a quark jet next to a Z. Beside a Z most jets are quarks, in dijets the gluons lead.
"""

import awkward as ak
import numpy as np

from data_fetch.generate.quark_gluon import (
    INVISIBLE_Z,
    MAX_PT,
    MAX_RAPIDITY,
    MIN_PT,
    MIN_PT_HAT,
    N_CONSTITUENTS,
    RADIUS,
    STRANGE,
)
from data_fetch.generate.quark_gluon import PROCESSES as OF_CLASS
from data_fetch.generate.simulation.clustering import anti_kt
from data_fetch.generate.simulation.matching import GLUON, nearest_parton
from data_fetch.generate.simulation.pythia import Generator, pythia_seed
from data_fetch.generate.top_tagging import NO_MPI
from hepml_lite.containers.jets import Jets

NAMES = ("Z gluon", "Z quark", "dijet gluon", "dijet quark")
CARD = {
    "title": "Two mixtures of quark and gluon jets at 500 GeV: Z + jet and dijets",
    "container": "Jets",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "process": "pp at 14 TeV, Pythia 8 (Monash tune), multiple interactions and pile-up off; Z: "
    "q qbar -> Z g and q g -> Z q with Z -> nu nu; dijet: all QCD 2 -> 2 processes; as many jets "
    "of each, quarks and gluons in the shares that the processes give",
    "detector": "none: every stable particle but neutrinos, with its true momentum",
    "selection": "every anti-kT R = 0.4 jet with 500 < pT < 550 GeV and |y| < 1.7; quark (u, d, s) "
    "and gluon: the hard parton closest to the axis, within 0.4; 120 leading constituents",
    "left_out": "jets of 6000 events of each process, in %: without a hard parton within 0.4, Z "
    "5.9 +- 1.2 and dijets 8.0 +- 1.1; of a c or b quark, Z 4.7 +- 1.1 and dijets 3.9 +- 0.8",
    "generation_cuts": "pT-hat > 350 GeV, as in quark_gluon; 4000 events of each process from 250 "
    "to 350 GeV have one such dijet jet and none beside a Z: left out are 1 % (0.2 to 4 %) of the "
    "dijets, and beside a Z less than 4 % at 95 %",
    "units": "pT in GeV, phi in rad; constituents are massless",
    "citation": "Komiske, Metodiev, Thaler, An operational definition of quark and gluon jets, "
    "arXiv:1809.01140 (Z + jet and dijets as the two mixtures); "
    "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}
CHUNK = 400  # jets, half of each process; a chunk depends on the seed and on its number alone
PROCESSES = {"Z": [*OF_CLASS.values(), *INVISIBLE_Z], "dijet": ["HardQCD:all = on"]}


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, half of each process, in random order."""
    rng = np.random.default_rng([seed, number])
    parts = []
    for position, process in enumerate(PROCESSES):
        n = len(range(position, size, len(PROCESSES)))
        constituents, is_quark = select(process, n, pythia_seed(seed, number, position))
        # the masses of soft photons are rounding errors, and some of them are imaginary
        massless = ak.zip({name: getattr(constituents, name) for name in ("pt", "eta", "phi")})
        jets = Jets.from_awkward(massless, names=NAMES, label=2 * position + is_quark)
        parts.append(jets.truncate(N_CONSTITUENTS))
    return Jets.concatenate(parts)[rng.permutation(size)]


def select(process: str, n: int, seed: int) -> tuple[ak.Array, np.ndarray]:
    """The first n jets of a process: constituents n * var * Momentum4D, and which are quarks."""
    settings = [*PROCESSES[process], NO_MPI, f"PhaseSpace:pTHatMin = {MIN_PT_HAT}"]
    generator = Generator(settings, seed)
    found: list[ak.Array] = []
    is_quark: list[np.ndarray] = []
    while sum(map(len, is_quark)) < n:
        batch = generator.batch()
        jets, constituents = anti_kt(generator.visible(batch), len(batch), RADIUS, MIN_PT)
        parton = in_window_of(jets, batch.prt)
        found.append(ak.flatten(constituents[parton > 0]))
        is_quark.append(ak.to_numpy(ak.flatten(parton[parton > 0])) <= STRANGE)
    return ak.concatenate(found)[:n], np.concatenate(is_quark)[:n]


def in_window_of(jets: ak.Array, record: ak.Array) -> ak.Array:
    """For each jet: the PDG number of its gluon or u, d, s quark; 0 for any other jet.

    Args:
        jets: events * var * Momentum4D, of pT > 500 GeV.
        record: the event record.
    """
    window = (jets.pt < MAX_PT) & (abs(jets.rapidity) < MAX_RAPIDITY)
    parton = nearest_parton(jets, record, RADIUS)
    return ak.where(window & ((parton <= STRANGE) | (parton == GLUON)), parton, 0)
