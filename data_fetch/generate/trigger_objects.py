"""The objects that a hardware trigger sees in ordinary collisions and in events of four signals.

Objects and signals are those of Govorkova et al., arXiv:2107.02157 (the ADC2021 challenge), with
these differences. There, every event has an electron or muon above 23 GeV, so W -> l nu is the
largest background. Here nothing is required: as in a real trigger, most events have no lepton.
There, the detector is Delphes with a CMS card and pile-up. Here it is `detector`, without pile-up.
Here photons count as e/gamma objects. Leptons and photons are isolated and are not used in jets
again.

Background events are drawn from six processes in fixed shares (`COMPOSITION`). QCD scattering is
split by the pT-hat of the hardest scattering, so that nothing is counted twice: below 20 GeV it
comes from minimum-bias collisions, above from two runs of hard scattering. All processes, signals
included, have multiple interactions and the same detector.
"""

import numpy as np

from data_fetch.generate.simulation.detector import COARSE, detect
from data_fetch.generate.simulation.pythia import BATCH, Generator, pythia_seed
from data_fetch.generate.simulation.trigger_reconstruction import trigger_objects
from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents

NAMES = ("background", "A -> 4l", "h0 -> tau tau", "h+- -> tau nu", "LQ -> b tau")
CHUNK = 2400  # events; starting the ten generators takes as long as 500 events
BEAM_ENERGY = 13_000.0  # GeV, of both beams together
SOFT_PT_HAT, HARD_PT_HAT = 20.0, 60.0  # GeV, where one QCD process ends and the next begins
GLUON_FUSION, ONLY_LEPTONS = "HiggsSM:gg2H = on", "onIfAny = 11 13 15"


def _narrow(pid: int, mass: float) -> list[str]:
    """A resonance within 1 GeV of this mass [GeV], with all its decays off."""
    values = {"m0": mass, "mMin": mass - 1, "mMax": mass + 1, "onMode": "off"}
    return [f"{pid}:{key} = {value}" for key, value in values.items()]


PROCESSES = {
    "minimum bias": ["SoftQCD:nonDiffractive = on"],  # and a veto on hard scattering, see simulate
    "QCD 20 to 60 GeV": [
        "HardQCD:all = on",
        f"PhaseSpace:pTHatMin = {SOFT_PT_HAT}",
        f"PhaseSpace:pTHatMax = {HARD_PT_HAT}",
    ],
    "QCD above 60 GeV": ["HardQCD:all = on", f"PhaseSpace:pTHatMin = {HARD_PT_HAT}"],
    "W -> l nu": ["WeakSingleBoson:ffbar2W = on", "24:onMode = off", f"24:{ONLY_LEPTONS}"],
    "Z -> ll": [
        "WeakSingleBoson:ffbar2gmZ = on",
        "PhaseSpace:mHatMin = 50",
        "23:onMode = off",
        f"23:{ONLY_LEPTONS}",
    ],
    "top pair": ["Top:gg2ttbar = on", "Top:qqbar2ttbar = on"],
    "A -> 4l": [
        GLUON_FUSION,
        *_narrow(25, 50),
        "25:onIfMatch = 23 23",
        "23:mMin = 2",
        "23:onMode = off",
        "23:onIfAny = 11 13",
    ],
    "h0 -> tau tau": [GLUON_FUSION, *_narrow(25, 60), "25:onIfMatch = 15 -15"],
    "h+- -> tau nu": [
        "HiggsBSM:ffbar2H+- = on",
        "Higgs:useBSM = on",
        *_narrow(37, 60),
        "37:onIfMatch = 15 16",
    ],
    "LQ -> b tau": [
        "LeptoQuark:gg2LQLQbar = on",
        "LeptoQuark:qqbar2LQLQbar = on",
        "42:0:products = 5 15",
        "42:m0 = 80",
        "42:mMin = 78",
        "42:mMax = 82",
    ],
}
COMPOSITION = {  # rows of each process in 48: 40 of background, 2 of each signal
    "minimum bias": 8,
    "QCD 20 to 60 GeV": 16,
    "QCD above 60 GeV": 6,
    "W -> l nu": 6,
    "Z -> ll": 2,
    "top pair": 2,
    **dict.fromkeys(NAMES[1:], 2),
}
CROSS_SECTIONS = {  # mb, of Pythia at leading order, branching ratios included; errors below 1 %
    "minimum bias": 55.70,
    "QCD 20 to 60 GeV": 0.7096,
    "QCD above 60 GeV": 1.091e-2,
    "W -> l nu": 4.58e-5,
    "Z -> ll": 4.54e-6,
    "top pair": 5.11e-7,
}
SHARES = {name: COMPOSITION[name] / 40 for name in CROSS_SECTIONS}
CARD = {
    "title": "Trigger objects: ordinary collisions and four new particles",
    "container": "TriggerEvents",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "process": "pp at 13 TeV, Pythia 8 (Monash tune), multiple interactions on, no pile-up. "
    "A: scalar of 50 GeV from gluon fusion, A -> Z*Z* -> 4 e or mu with m(Z*) > 2 GeV; h0: scalar "
    "of 60 GeV from gluon fusion; h+-: charged scalar of 60 GeV from quark annihilation; LQ: pairs "
    "of scalar leptoquarks of 80 GeV. W, Z and top pairs: l = e, mu, tau; top pairs decay freely",
    "composition": SHARES,
    "cross_sections_mb": CROSS_SECTIONS,
    "true_shares": {
        name: float(f"{sigma / sum(CROSS_SECTIONS.values()):.3g}")
        for name, sigma in CROSS_SECTIONS.items()
    },
    "over_represented_by": {
        name: float(f"{SHARES[name] * sum(CROSS_SECTIONS.values()) / sigma:.2g}")
        for name, sigma in CROSS_SECTIONS.items()
    },
    "detector": "tracks, and calorimeter cells of 0.1 x 0.1 in eta-phi; no magnetic field",
    "selection": "none: every event is kept. e/gamma: |eta| < 3, pT > 3 GeV; muons: |eta| < 2.1, "
    "pT > 3 GeV; both isolated: less than 0.3 of their pT within Delta R < 0.3; jets: anti-kT "
    "R = 0.4 of all other particles, |eta| < 4, pT > 15 GeV; missing momentum: of all particles",
    "generation_cuts": "pT-hat: 1.2 +- 0.1 % of the minimum-bias collisions, those with a "
    "scattering above 20 GeV, are replaced by the hard QCD processes (1.28 +- 0.01 % by cross "
    "section), so that nothing is left out there. Left out: diffraction (28 % of "
    "the inelastic 78 mb; 99.4 +- 0.3 % of it has no object), gamma*/Z -> ll below 50 GeV (15.1 "
    "+- 0.1 nb between 10 and 50 GeV, against 4.5 nb above), hadronic decays of W and Z, prompt "
    "photons (155 +- 1 nb at pT-hat > 20 GeV), quarkonia; m(Z*) > 2 GeV leaves out 1.6 +- 0.2 % of "
    "A -> 4l",
    "units": "pT in GeV, phi in rad; the missing momentum has eta = 0; absent objects are zeros",
    "citation": "Govorkova et al., arXiv:2107.02157 (objects and signals); "
    "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}


def chunk(seed: int, number: int, size: int = CHUNK) -> TriggerEvents:
    """Chunk `number` of the sample: `size` events, the processes in proportion, in random order."""
    rng = np.random.default_rng([seed, number])
    parts = []
    for stream, (process, n) in enumerate(rows_of_each(size).items()):
        label = NAMES.index(process) if process in NAMES else 0
        objects = simulate(process, n, pythia_seed(seed, number, stream), rng)
        parts.append(TriggerEvents(objects=objects, label=np.full(n, label), names=NAMES))
    return TriggerEvents.concatenate(parts)[rng.permutation(size)]


def rows_of_each(size: int) -> dict[str, int]:
    """How many of `size` events each process makes; exact shares for a multiple of 48."""
    cycle = np.repeat(np.arange(len(COMPOSITION)), list(COMPOSITION.values()))  # (48,)
    counts = np.bincount(np.resize(cycle, size), minlength=len(COMPOSITION))
    return dict(zip(COMPOSITION, counts.tolist(), strict=True))


def simulate(process: str, n: int, seed: int, rng: np.random.Generator) -> np.ndarray:
    """The objects of the first n events of a process, (n, 19, 3) pT, eta, phi.

    Args:
        process: one of `PROCESSES`.
        n: number of events.
        seed: of Pythia.
        rng: of the detector.

    Raises:
        ValueError: if there is no such process.
    """
    if process not in PROCESSES:
        raise ValueError(f"no process {process!r}; choose one of {', '.join(PROCESSES)}")
    found = [np.zeros((0, N_OBJECTS, 3))]
    if n == 0:
        return found[0]
    generator = Generator(PROCESSES[process], seed, BEAM_ENERGY)
    while missing := n - sum(map(len, found)):
        batch = generator.batch(min(missing, BATCH))
        if process == "minimum bias":
            batch = batch[batch.info.pT2Hat < SOFT_PT_HAT**2]
        if len(batch):
            seen = detect(generator.visible(batch), rng, COARSE)
            found.append(trigger_objects(seen, len(batch)))
    return np.concatenate(found)
