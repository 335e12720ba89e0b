"""What a hardware trigger sees of ordinary collisions, and of four new particles among them.

Objects and signals are those of Govorkova et al., arXiv:2107.02157 (the ADC2021 challenge), with
these differences: there every event has an electron or muon above 23 GeV, which makes W -> l nu the
largest background; here nothing is required, so that collisions without a lepton, which are what a
trigger mostly sees, are in the sample, and most events have no lepton at all. There the detector is
Delphes with a CMS card and pile-up; here `detector` is used and there is no pile-up. Photons count
as e/gamma objects here. Leptons and photons are isolated and do not appear among the jets again.

Background events are drawn from seven processes in fixed shares (`COMPOSITION`), and carry weights
that make up for it: a rate is a weighted mean. QCD scattering is split by the pT-hat of the hardest
scattering: below 20 GeV it comes from minimum-bias collisions, above from two runs of hard
scattering, so that nothing is counted twice. Minimum-bias collisions in which a trigger sees an
object are rare and matter most for rates: they are a process of their own. All processes, signals
included, have multiple interactions and go through the same detector.
"""

from collections.abc import Callable, Mapping

import numpy as np

from data_fetch.generate.simulation.detector import COARSE, FINE, detect
from data_fetch.generate.simulation.pythia import BATCH, Generator, Particles, pythia_seed
from data_fetch.generate.simulation.trigger_reconstruction import leading_pt, trigger_objects
from hepml_lite.containers.trigger_events import TriggerEvents

NAMES = ("background", "A -> 4l", "h0 -> tau tau", "h+- -> tau nu", "LQ -> b tau")
CHUNK = 5800  # events; starting the eleven generators takes as long as 500 events
BEAM_ENERGY = 13_000.0  # GeV, of both beams together
SOFT_PT_HAT, HARD_PT_HAT = 20.0, 60.0  # GeV, where one QCD process ends and the next begins
EMPTY, BUSY = "minimum bias, empty", "minimum bias with objects"
GLUON_FUSION, ONLY_LEPTONS = "HiggsSM:gg2H = on", "onIfAny = 11 13 15"


def _narrow(pid: int, mass: float) -> list[str]:
    """A resonance within 1 GeV of this mass [GeV], with all its decays off."""
    values = {"m0": mass, "mMin": mass - 1, "mMax": mass + 1, "onMode": "off"}
    return [f"{pid}:{key} = {value}" for key, value in values.items()]


SOFT = ["SoftQCD:nonDiffractive = on"]  # and a veto on hard scattering, see simulate
PROCESSES = {
    EMPTY: SOFT,
    BUSY: SOFT,
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
COMPOSITION = {  # rows of each process in 58: 50 of background, 2 of each signal
    EMPTY: 2,
    BUSY: 3,
    "QCD 20 to 60 GeV": 26,
    "QCD above 60 GeV": 9,
    "W -> l nu": 6,
    "Z -> ll": 2,
    "top pair": 2,
    **dict.fromkeys(NAMES[1:], 2),
}
SHARE_WITH_OBJECTS = 0.0420  # of minimum-bias collisions, +- 0.0008 (70 000 of them)
CROSS_SECTIONS = {  # mb, of Pythia at leading order, branching ratios included; errors below 1 %
    EMPTY: 55.70 * (1 - SHARE_WITH_OBJECTS),
    BUSY: 55.70 * SHARE_WITH_OBJECTS,
    "QCD 20 to 60 GeV": 0.7096,
    "QCD above 60 GeV": 1.091e-2,
    "W -> l nu": 4.58e-5,
    "Z -> ll": 4.54e-6,
    "top pair": 5.11e-7,
}
SHARES = {name: COMPOSITION[name] / 50 for name in CROSS_SECTIONS}
INELASTIC = 78.4  # mb, all inelastic collisions of Pythia, diffraction included
CROSSINGS = 2544 * 11245.0  # a second: colliding bunches of the LHC in 2018, turns a second
RATES = {name: CROSSINGS * sigma / INELASTIC for name, sigma in CROSS_SECTIONS.items()}  # Hz
WEIGHTS = {name: RATES[name] / SHARES[name] for name in CROSS_SECTIONS}  # Hz
CARD = {
    "title": "Trigger objects: ordinary collisions and four new particles",
    "container": "TriggerEvents",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "process": "pp at 13 TeV, Pythia 8 (Monash tune), multiple interactions on, no pile-up. "
    "A: scalar of 50 GeV from gluon fusion, A -> Z*Z* -> 4 e or mu with m(Z*) > 2 GeV; h0: scalar "
    "of 60 GeV from gluon fusion; h+-: charged scalar of 60 GeV from quark annihilation; LQ: pairs "
    "of scalar leptoquarks of 80 GeV. W, Z and top pairs: l = e, mu, tau; top pairs decay freely",
    "processes": list(COMPOSITION),
    "composition": SHARES,
    "cross_sections_mb": {name: float(f"{x:.4g}") for name, x in CROSS_SECTIONS.items()},
    "rates_hz": {name: float(f"{rate:.3g}") for name, rate in RATES.items()},
    "weight": "Hz, for 2544 bunches (28.6 million crossings a second) with one inelastic collision "
    "in each. The rate of a selection is the mean of weight times selected over all background "
    "rows, of the whole sample or of any split; signals have weight 1, no cross section is assumed "
    "for them. With mu collisions a crossing, rates of what one collision does alone grow by mu; "
    "what collisions do together, such as missing momentum, sums and numbers of jets, grows "
    "faster: overlay minimum_bias.",
    "split_shares": {"train": 0.25, "val": 0.05, "test": 0.7},
    "detector": COARSE.description + "; offline_pt: the leading pT of each kind after a second, "
    "independent reconstruction of the same particles with " + FINE.description,
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
    return mixed(rows_of_each(size), seed, number, rng, seen_by_trigger)


def mixed(
    rows: Mapping[str, int], seed: int, number: int, rng: np.random.Generator, look: "Look"
) -> TriggerEvents:
    """So many events of each process with label, process and weight, in random order."""
    parts = []
    for stream, (process, n) in enumerate(rows.items()):
        label = NAMES.index(process) if process in NAMES else 0
        seen = simulate(process, n, pythia_seed(seed, number, stream), rng, look)
        parts.append(
            TriggerEvents(
                objects=seen["objects"],
                offline_pt=seen.get("offline_pt"),
                regions=seen.get("regions"),
                label=np.full(n, label),
                process=np.full(n, stream),
                weight=np.full(n, WEIGHTS.get(process, 1.0)),
                names=NAMES,
                processes=tuple(COMPOSITION),
            )
        )
    return TriggerEvents.concatenate(parts)[rng.permutation(sum(rows.values()))]


def rows_of_each(size: int) -> dict[str, int]:
    """How many of `size` events each process makes; exact shares for a multiple of 58."""
    cycle = np.repeat(np.arange(len(COMPOSITION)), list(COMPOSITION.values()))  # (58,)
    counts = np.bincount(np.resize(cycle, size), minlength=len(COMPOSITION))
    return dict(zip(COMPOSITION, counts.tolist(), strict=True))


def seen_by_trigger(
    particles: Particles, n: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Objects and offline pT of n events, as arrays of `TriggerEvents`."""
    offline = trigger_objects(detect(particles, rng, FINE), n)
    objects = trigger_objects(detect(particles, rng, COARSE), n)
    return {"objects": objects, "offline_pt": leading_pt(offline)}


Look = Callable[[Particles, int, np.random.Generator], dict[str, np.ndarray]]


def simulate(
    process: str,
    n: int,
    seed: int,
    rng: np.random.Generator,
    look: Look = seen_by_trigger,
) -> dict[str, np.ndarray]:
    """What is seen of the first n events of a process.

    Args:
        process: one of `PROCESSES`.
        n: number of events.
        seed: of Pythia.
        rng: of the detector.
        look: what is kept of particles: arrays by name, `objects` (events, 19, 3) among them.

    Raises:
        ValueError: if there is no such process.
    """
    if process not in PROCESSES:
        raise ValueError(f"no process {process!r}; choose one of {', '.join(PROCESSES)}")
    generator = Generator(PROCESSES[process], seed, BEAM_ENERGY)
    found: list[dict[str, np.ndarray]] = []
    missing = n
    while missing > 0 or not found:
        batch = generator.batch(BATCH if process in (EMPTY, BUSY) else max(1, min(missing, BATCH)))
        if process in (EMPTY, BUSY):
            batch = batch[batch.info.pT2Hat < SOFT_PT_HAT**2]
        seen = look(generator.visible(batch), len(batch), rng)
        if process in (EMPTY, BUSY):
            busy = has_object(seen["objects"])
            chosen = busy if process == BUSY else ~busy
            seen = {name: array[chosen] for name, array in seen.items()}
        found.append(seen)
        missing -= len(seen["objects"])
    return {name: np.concatenate([part[name] for part in found])[:n] for name in found[0]}


def has_object(objects: np.ndarray) -> np.ndarray:
    """Events (N,) with a lepton, a photon or a jet; missing momentum does not count."""
    return np.any(objects[:, 1:, 0], axis=1)
