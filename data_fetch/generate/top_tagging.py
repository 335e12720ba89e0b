"""Boosted top jets against QCD jets at 600 GeV, in the style of the top tagging landscape.

Events: proton-proton at 14 TeV, Pythia 8 (Monash tune), no multiple interactions, no pile-up.
QCD: all 2 -> 2 processes, every jet in the window. Top: pair production with hadronic W decays;
a jet counts if a top, its b and both quarks of its W lie within R of the jet axis.
Window: anti-kT R = 0.8, 550 < pT < 650 GeV, |eta| < 2 after the detector, as in arXiv:1902.09914.
"""

from collections.abc import Sequence
from functools import partial

import awkward as ak
import numpy as np

from data_fetch.generate.simulation.collect import Selected, balanced_chunk, collect_jets
from data_fetch.generate.simulation.detector import COARSE, detect
from data_fetch.generate.simulation.matching import DECAY_PARTON, distance
from data_fetch.generate.simulation.pythia import Generator
from hepml_lite.containers.jets import Jets

CARD = {
    "title": "Top and QCD jets at 600 GeV",
    "container": "Jets",
    "generator": "pythia8mc",
    "classes": ["QCD", "top"],
    "process": "pp at 14 TeV, Pythia 8 (Monash tune), multiple interactions and pile-up off",
    "detector": "tracks, and calorimeter cells of 0.1 x 0.1 in eta-phi; no magnetic field",
    "selection": "anti-kT R = 0.8, 550 < pT < 650 GeV, |eta| < 2; 100 leading constituents; "
    "tops: the top, its b and both quarks of its W within 0.8 of the jet axis",
    "generation_cuts": "pT-hat > 300 GeV for QCD, > 250 GeV for tops. Runs from 200 and 150 GeV "
    "show what this leaves out of the window: 0.9 +- 0.2 % of the QCD jets and 5.8 +- 0.7 % of the "
    "tops, those with much extra radiation; the share of tops with 150 < m < 195 GeV is 0.796 "
    "instead of 0.785, and no part of the pT spectrum moves by more than 0.8 %",
    "units": "pT in GeV, phi in rad; constituents are massless",
    "citation": "Kasieczka et al., The Machine Learning landscape of top taggers, arXiv:1902.09914 "
    "(the selection); Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}
VARIED_CARD = CARD | {  # of the samples that change only how Pythia showers or adds to the event
    "generation_cuts": "pT-hat > 300 GeV for QCD, > 250 GeV for tops, as in top_tagging, whose "
    "card says what they leave out there",
    "use": "the whole file is there to judge taggers trained on top_tagging; too small to train on",
}
NAMES = ("QCD", "top")
RADIUS, MIN_PT, MAX_PT, MAX_ETA = 0.8, 550.0, 650.0, 2.0
N_CONSTITUENTS = 100
CHUNK = 500  # jets, half of each class; a chunk depends on the seed and on its number alone
MIN_PT_HAT = {"QCD": 300.0, "top": 250.0}  # GeV; CARD says what it leaves out
NO_MPI = "PartonLevel:MPI = off"
PROCESSES = {
    "QCD": ["HardQCD:all = on"],
    "top": [
        "Top:gg2ttbar = on",
        "Top:qqbar2ttbar = on",
        "24:onMode = off",
        "24:onIfAny = 1 2 3 4 5",
    ],
}
TOP, W = 6, 24


def chunk(seed: int, number: int, size: int = CHUNK, variation: Sequence[str] = (NO_MPI,)) -> Jets:
    """Chunk `number` of the sample: `size` jets, half of each class, in random order.

    `variation` replaces the settings of Pythia that the samples made to test taggers change.
    """
    varied = partial(select, variation=variation)
    return balanced_chunk(NAMES, varied, N_CONSTITUENTS, seed, number, size)


def select(
    name: str,
    n: int,
    seed: int,
    rng: np.random.Generator,
    min_pt_hat: float | None = None,
    variation: Sequence[str] = (NO_MPI,),
) -> Selected:
    """The first n jets of a class; `min_pt_hat` [GeV] replaces `MIN_PT_HAT`."""
    min_pt_hat = MIN_PT_HAT[name] if min_pt_hat is None else min_pt_hat
    settings = [*PROCESSES[name], *variation, f"PhaseSpace:pTHatMin = {min_pt_hat}"]
    return collect_jets(
        Generator(settings, seed),
        n,
        RADIUS,
        in_window,
        match=contains_top if name == "top" else None,
        detector=lambda particles: detect(particles, rng, COARSE),
        min_pt=MIN_PT / 2,
    )


def in_window(jets: ak.Array) -> ak.Array:
    """Jets with 550 < pT < 650 GeV and |eta| < 2."""
    return (jets.pt > MIN_PT) & (jets.pt < MAX_PT) & (abs(jets.eta) < MAX_ETA)


def contains_top(jets: ak.Array, record: ak.Array) -> ak.Array:
    """For each jet: do a top, its b and both quarks of its W lie within R of the jet axis?"""
    decays = record[record.status == DECAY_PARTON]
    decays = decays[abs(decays.id) != W]
    parent = record.id[decays.mother1]
    inside = ak.zeros_like(jets.pt, dtype=bool)
    for sign in (1, -1):
        top = record[decays.mother1[parent == sign * TOP]]  # the one that decays
        quarks = decays[(parent == sign * TOP) | (parent == sign * W)]
        partons = ak.concatenate([top, quarks], axis=1)
        complete = (ak.num(top) == 1) & (ak.num(quarks) == 3)
        inside = inside | (complete & ak.all(distance(jets, partons) < RADIUS, axis=2))
    return inside
