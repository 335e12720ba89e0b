"""A resonance among dijets, in the style of the LHC Olympics 2020 research and development data.

Background: QCD dijets. Signal: W' -> X Y at 3.5 TeV, with X (500 GeV) -> q qbar and Y (100 GeV)
-> q qbar, so that each of the two jets has two prongs. Proton-proton at 13 TeV, Pythia 8 (Monash
tune), no multiple interactions, no pile-up. Trigger: an anti-kT R = 1.0 jet with pT > 1.2 TeV, of
detected particles with |eta| < 2.5, as in arXiv:2101.08320; here also 2.5 < mjj < 5 TeV.
"""

from functools import partial

import numpy as np

from data_fetch.generate.simulation.detector import COARSE, detect
from data_fetch.generate.simulation.dijets import (
    QUANTITIES,
    Dijets,
    collect_dijets,
    dijet_quantities,
)
from data_fetch.generate.simulation.pythia import Generator, Particles, pythia_seed
from hepml_lite import kinematics
from hepml_lite.containers.events import Events

CARD = {
    "title": "Dijets at the TeV scale, with and without a resonance at 3.5 TeV",
    "container": "Events",
    "generator": "pythia8mc",
    "classes": ["QCD", "signal"],
    "quantities": list(QUANTITIES),
    "precision": {
        "mjj": 0.5,
        **dict.fromkeys(("m1", "m2"), 0.25),
        **dict.fromkeys(("tau1_1", "tau1_2"), 5e-4),
        **dict.fromkeys(("tau21_1", "tau21_2", "tau32_1", "tau32_2"), 2e-3),
        "delta_r": 5e-3,
    },
    "process": "pp at 13 TeV, Pythia 8 (Monash tune), multiple interactions and pile-up off; QCD: "
    "all 2 -> 2 processes; signal: W' (3500 GeV) -> X (500 GeV) Y (100 GeV), each -> q qbar",
    "detector": "tracks, and calorimeter cells of 0.1 x 0.1 in eta-phi; no magnetic field",
    "selection": "the two leading anti-kT R = 1.0 jets of what is detected at |eta| < 2.5, one "
    "with pT > 1.2 TeV, which bends the spectrum of mjj below about 2.7 TeV; 2.5 < mjj < 5 TeV; "
    "jet 1 is the lighter, jet 2 the heavier of the two",
    "generation_cuts": "pT-hat > 950 GeV for QCD; 5000 events from 800 GeV show that this leaves "
    "out 6.1 +- 0.4 %, falling smoothly with mjj: 7.8 +- 0.9 % at 2.5-2.7, 5.2 +- 0.7 % at 3-3.3, "
    "4.9 +- 0.8 % at 3.3-3.7 and 3.1 +- 0.6 % at 3.7-5 TeV; none for the signal but 3.3 < m(W') < "
    "3.7 TeV of a resonance 10 GeV wide",
    "units": "mjj, m1, m2 in GeV; tau1 = tau_1, tau21 = tau_2/tau_1, tau32 = tau_3/tau_2 of the "
    "jet whose number follows, with beta = 1 and one-pass winner-takes-all kT axes; delta_r "
    "between the jets in eta and phi",
    "citation": "Kasieczka et al., The LHC Olympics 2020, arXiv:2101.08320 (processes, trigger); "
    "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}
NAMES = ("QCD", "signal")
BEAM_ENERGY, MIN_PT, MAX_ETA = 13_000.0, 1200.0, 2.5
MJJ_WINDOW = (2500.0, 5000.0)  # GeV
MIN_PT_HAT = 950.0  # GeV; CARD says what it leaves out
SIGNAL_SHARE = 1 / 21  # 400 000 background and 20 000 signal events
CHUNK = 2100
NO_MPI = "PartonLevel:MPI = off"
# The channel X Y makes the signal's own Z' impossible: Pythia's Z' decays to pairs of fermions.
SIGNAL = [
    "NewGaugeBoson:ffbar2Wprime = on",
    *("34:m0 = 3500", "34:mWidth = 10", "34:mMin = 3300", "34:mMax = 3700"),
    "34:doForceWidth = on",
    "9000006:new = X Xbar 1 3 0 500. 2. 400. 600. 0.",
    "9000007:new = Y void 1 0 0 100. 1. 80. 120. 0.",
    *("9000006:addChannel = 1 0.5 101 2 -1", "9000006:addChannel = 1 0.5 101 4 -3"),
    *("9000007:addChannel = 1 0.5 101 1 -1", "9000007:addChannel = 1 0.5 101 2 -2"),
    *("9000006:isResonance = on", "9000006:mayDecay = on", "9000006:doForceWidth = on"),
    *("9000007:isResonance = on", "9000007:mayDecay = on", "9000007:doForceWidth = on"),
    "34:oneChannel = 1 1.0 100 9000006 9000007",
]


def chunk(seed: int, number: int, size: int = CHUNK) -> Events:
    """Chunk `number` of the sample: `size` events, one in 21 of them signal, in random order."""
    rng = np.random.default_rng([seed, number])
    n_signal = round(size * SIGNAL_SHARE)
    values, label = [], np.repeat([0, 1], [size - n_signal, n_signal])
    for k, n in enumerate((size - n_signal, n_signal)):
        values.append(dijet_quantities(select(NAMES[k], n, pythia_seed(seed, number, k), rng)))
    order = rng.permutation(size)
    return Events(np.concatenate(values)[order], QUANTITIES, label=label[order], names=NAMES)


def select(
    name: str, n: int, seed: int, rng: np.random.Generator, min_pt_hat: float = MIN_PT_HAT
) -> Dijets:
    """The first n dijets of a class."""
    hard = ["HardQCD:all = on", f"PhaseSpace:pTHatMin = {min_pt_hat}"]
    settings = [NO_MPI, *(SIGNAL if name == "signal" else hard)]
    generator = Generator(settings, seed, BEAM_ENERGY)
    seen = partial(detect, rng=rng, version=COARSE)
    return collect_dijets(generator, n, in_window, lambda p: central(seen(p)), MIN_PT)


def in_window(dijets: Dijets) -> np.ndarray:
    """Events with 2.5 < mjj < 5 TeV."""
    return (dijets.mjj > MJJ_WINDOW[0]) & (dijets.mjj < MJJ_WINDOW[1])


def central(particles: Particles) -> Particles:
    """The particles with |eta| < 2.5."""
    _, eta, _, _ = kinematics.pt_eta_phi_mass(particles.p4)
    return particles[np.abs(eta) < MAX_ETA]
