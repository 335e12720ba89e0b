"""Quark and gluon jets at 500 GeV next to an invisible Z, with the identity of every particle.

Events: proton-proton at 14 TeV, Pythia 8 (Monash tune), multiple interactions on, no pile-up and no
detector. Quark jets come from q g -> Z q with q = u, d, s, gluon jets from q qbar -> Z g.
Selection: the leading anti-kT R = 0.4 jet, 500 < pT < 550 GeV, |y| < 1.7, as in arXiv:1810.05165.
"""

import awkward as ak
import numpy as np

from data_fetch.generate.simulation.collect import Selected, balanced_chunk, collect_jets
from data_fetch.generate.simulation.matching import GLUON, HARD_PARTON
from data_fetch.generate.simulation.pythia import Generator
from hepml_lite.containers.jets import Jets

CARD = {
    "title": "Quark and gluon jets at 500 GeV, with particle identity",
    "container": "Jets",
    "generator": "pythia8mc",
    "classes": ["gluon", "quark"],
    "process": "pp -> Z(nu nu) + jet at 14 TeV, Pythia 8 (Monash tune), multiple interactions on, "
    "no pile-up; gluon: q qbar -> Z g, quark: q g -> Z q with q = u, d, s",
    "detector": "none: every stable particle but neutrinos, with its true momentum and identity",
    "selection": "leading anti-kT R = 0.4 jet, 500 < pT < 550 GeV, |y| < 1.7; "
    "120 leading constituents",
    "generation_cuts": "pT-hat > 350 GeV; runs from 250 GeV without multiple interactions show "
    "that this leaves out 1.3 +- 0.3 % of the gluon and 2.3 +- 0.4 % of the quark jets",
    "units": "pT in GeV, phi in rad; constituents are massless; pid in the PDG numbering",
    "citation": "Komiske, Metodiev, Thaler, Energy Flow Networks, arXiv:1810.05165 (selection); "
    "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}
NAMES = ("gluon", "quark")
RADIUS, MIN_PT, MAX_PT, MAX_RAPIDITY = 0.4, 500.0, 550.0, 1.7
N_CONSTITUENTS = 120
CHUNK = 200  # jets, half of each class; a chunk depends on the seed and on its number alone
MIN_PT_HAT = 350.0  # GeV
INVISIBLE_Z = ["WeakZ0:gmZmode = 2", "23:onMode = off", "23:onIfAny = 12 14 16"]
PROCESSES = {
    "gluon": "WeakBosonAndParton:qqbar2gmZg = on",
    "quark": "WeakBosonAndParton:qg2gmZq = on",
}
STRANGE = 3  # PDG number


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, half of each class, in random order."""
    return balanced_chunk(NAMES, select, N_CONSTITUENTS, seed, number, size, pid=True)


def select(
    name: str,
    n: int,
    seed: int,
    rng: np.random.Generator | None = None,
    min_pt_hat: float = MIN_PT_HAT,
    mpi: bool = True,
) -> Selected:
    """The first n jets of a class; without a detector, `rng` is not used."""
    settings = [
        PROCESSES[name],
        *INVISIBLE_Z,
        f"PhaseSpace:pTHatMin = {min_pt_hat}",
        f"PartonLevel:MPI = {'on' if mpi else 'off'}",
    ]
    return collect_jets(Generator(settings, seed), n, RADIUS, leading_in_window, match=light)


def leading_in_window(jets: ak.Array) -> ak.Array:
    """The leading jet of each event, if 500 < pT < 550 GeV and |y| < 1.7."""
    leading = ak.local_index(jets.pt) == ak.fill_none(ak.argmax(jets.pt, axis=1), -1)
    return leading & (jets.pt > MIN_PT) & (jets.pt < MAX_PT) & (abs(jets.rapidity) < MAX_RAPIDITY)


def light(jets: ak.Array, record: ak.Array) -> ak.Array:
    """All jets of the events whose hard process made a gluon or a u, d or s quark."""
    partons = abs(record.id[record.status == HARD_PARTON])
    right = ak.any((partons <= STRANGE) | (partons == GLUON), axis=1)
    return right & ak.ones_like(jets.pt, dtype=bool)
