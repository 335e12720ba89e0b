"""Six substructure observables of the leading jet in Z + jet events, before and after a detector.

Events: proton-proton at 14 TeV, Z -> nu nu with pT > 200 GeV, Pythia 8 with multiple interactions
and without pile-up. "simulation" is the Monash tune. "nature" differs from it in all six
observables: weaker coupling and earlier end of the final-state shower, other strings, fewer
multiple interactions. "nature_a14" is another tune, hard to tell from the simulation, and
"nature_vincia" another shower. Observables and the cut on the Z are those of OmniFold
(arXiv:1911.09107); both levels take the hardest anti-kT R = 0.4 jet of the event. Jets that are in
the selection at one level only are kept: misses and fakes.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from data_fetch.generate.simulation.clustering import anti_kt
from data_fetch.generate.simulation.detector import FINE, detect
from data_fetch.generate.simulation.pythia import Generator, Particles, pythia_seed
from data_fetch.generate.top_tagging_vincia import VINCIA_SETTINGS
from hepml_lite import kinematics
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.jet_physics.substructure import n_subjettiness, soft_drop

NAMES = ("simulation", "nature", "nature_a14", "nature_vincia")
QUANTITIES = ("mass", "multiplicity", "width", "ln_rho", "tau21", "zg", "pt")
CARD = {
    "title": "Substructure of the jet beside a Z, before and after the detector",
    "container": "UnfoldingPair",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "quantities": list(QUANTITIES),
    "precision": {
        "mass": 0.05,
        "multiplicity": 1,
        "width": 0.0005,
        "ln_rho": 0.01,
        "tau21": 0.002,
        "zg": 0.001,
        "pt": 0.25,
    },
    "floors": {"mass": 0, "width": 0, "ln_rho": -14, "tau21": 0, "zg": 0},
    "process": "pp -> Z(nu nu) + jet at 14 TeV, Pythia 8, multiple interactions on, no pile-up; "
    "simulation: Monash tune; nature: in the final-state shower alpha_s(M_Z) = 0.118 instead of "
    "0.1365 and an end at pT = 1.0 instead of 0.5 GeV, strings with a = 0.4 instead of 0.68, b = "
    "1.2 instead of 0.98 and sigma = 0.28 instead of 0.335 GeV, multiple interactions with pT0 = "
    "2.6 instead of 2.28 GeV; nature_a14: the ATLAS tune A14 with NNPDF2.3LO (Tune:pp = 21); "
    "nature_vincia: the Vincia shower (global antennae: Vincia:sectorShower = off) and its own "
    "tune (Vincia:tune = 0)",
    "detector": "truth: every stable particle but neutrinos; measured: "
    + FINE.description
    + ". The "
    "same for all classes",
    "selection": "true pT of the Z > 200 GeV; at each level the hardest anti-kT R = 0.4 jet of the "
    "event has pT > 50 GeV and |y| < 2.1; the two are a pair if their axes lie within 0.4. A true "
    "jet without its measured one (a miss: 0.41 % of the simulation) and a measured jet "
    "without its true one (a fake: 0.36 %) are rows of their own, with NaN for what is not there. "
    "Of the events with such a Z, 88.1 +- 0.5 % have such a true jet (the others have theirs at "
    "larger |y|)",
    "differences": "triangular distance of the true simulation and nature in 50 bins of equal "
    "content, times 1000: mass 34, multiplicity 58, width 40, ln_rho 23, tau21 12, zg 1.4, with a "
    "floor of 0.17; nature_a14: 1.6, 3.5, 4.7, 3.1, 0.5, 0.3 with a floor of 0.34; nature_vincia: "
    "1.2, 2.5, 1.6, 2.0, 0.8, 0.9 with a floor of 0.71. Correlation of true and measured values: "
    "mass .94, multiplicity .97, width .97, ln_rho .86, tau21 .72, zg .54",
    "generation_cuts": "pT-hat > 150 GeV; runs from 100 and 110 GeV without multiple interactions "
    "show that this leaves out 3.4 +- 0.2 % of the events with such a Z, and 2.8 +- 0.4 % of "
    "those with such a jet too. Jets left out have a low pT, 106 GeV on average: the mean pT of "
    "the jets is 236 instead of 233 GeV, their mean multiplicity higher by 0.6 %",
    "units": "mass: GeV; multiplicity: number of constituents; width: sum of pT Delta R / sum of "
    "pT R; ln_rho: ln(m_SD^2 / pT^2), at least -14, and zg, both of soft drop with z_cut = 0.1 and "
    "beta = 0, zg = 0 without a splitting; tau21: tau_2 / tau_1 with beta = 1, 0 for one "
    "constituent; pt: of the jet, GeV",
    "citation": "Andreassen et al., OmniFold, arXiv:1911.09107 (observables and cut on the Z); "
    "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}
CHUNK = 1850  # rows, the classes in these proportions
SHARES = {"simulation": 15, "nature": 15, "nature_a14": 5, "nature_vincia": 2}
RADIUS, MIN_PT, MAX_RAPIDITY = 0.4, 50.0, 2.1  # of the jets at both levels; pT in GeV
MIN_Z_PT = 200.0  # GeV
MIN_PT_HAT = 150.0  # GeV, as in the public sample of OmniFold; CARD says what it leaves out
Z_CUT, BETA = 0.1, 0.0  # of soft drop
LOWEST_LN_RHO = -14.0  # of a groomed jet that is one light particle
NATURE = [
    "TimeShower:alphaSvalue = 0.118",  # Monash: 0.1365
    "TimeShower:pTmin = 1.0",  # 0.5
    "StringZ:aLund = 0.4",  # 0.68
    "StringZ:bLund = 1.2",  # 0.98
    "StringPT:sigma = 0.28",  # 0.335
    "MultipartonInteractions:pT0Ref = 2.6",  # 2.28
]
SETTINGS = {
    "simulation": [],
    "nature": NATURE,
    "nature_a14": ["Tune:pp = 21"],
    "nature_vincia": list(VINCIA_SETTINGS),
}
PROCESS = [
    "WeakBosonAndParton:qg2gmZq = on",
    "WeakBosonAndParton:qqbar2gmZg = on",
    "WeakZ0:gmZmode = 2",
    "23:onMode = off",
    "23:onIfAny = 12 14 16",
]
Z = 23


@dataclass(frozen=True)
class LeadingJets:
    """The hardest jets of some events; `event` (n,) holds the events in ascending order."""

    event: np.ndarray  # (n,)
    jets: ak.Array  # n * Momentum4D, in GeV
    constituents: ak.Array  # n * var * Momentum4D

    def of_events(self, event: np.ndarray) -> "LeadingJets":
        """The jets of these events (in ascending order); each event must have a jet."""
        keep = np.isin(self.event, event)
        return LeadingJets(self.event[keep], self.jets[keep], self.constituents[keep])


def chunk(seed: int, number: int, size: int = CHUNK) -> UnfoldingPair:
    """Chunk `number` of the sample: `size` rows, the classes in proportion, in random order."""
    rng = np.random.default_rng([seed, number])
    parts = []
    for label, n in enumerate(rows_of_each(size)):
        if n == 0:  # a small chunk need not hold every class
            continue
        truth, measured = select(NAMES[label], n, pythia_seed(seed, number, label), rng)
        rows = UnfoldingPair(
            truth,
            measured,
            QUANTITIES,
            true_ok=~np.isnan(truth[:, 0]),
            measured_ok=~np.isnan(measured[:, 0]),
            names=NAMES,
            label=np.full(n, label),
        )
        parts.append(rows)
    return UnfoldingPair.concatenate(parts)[rng.permutation(size)]


def rows_of_each(size: int) -> list[int]:
    """How many of `size` rows each class has; exact shares for a multiple of their sum."""
    cycle = np.repeat(np.arange(len(SHARES)), list(SHARES.values()))
    return np.bincount(np.resize(cycle, size), minlength=len(SHARES)).tolist()


def select(name: str, n: int, seed: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Truth and measurement of the first n jets that are there at one level at least.

    Both are (n, 7), with NaN for what is not there.
    """
    generator = Generator(settings(name), seed)
    found: list[np.ndarray] = []
    while sum(len(rows) for rows in found) < n:
        particles, n_events = boosted(generator)
        true = leading_jets(particles, n_events)
        seen = leading_jets(detect(particles, rng, FINE), n_events)
        found.append(paired(true, observables(true), seen, observables(seen)))
    truth, measured = np.split(np.concatenate(found)[:n], 2, axis=1)
    return truth, measured


def settings(name: str) -> list[str]:
    """What Pythia is told for a class."""
    return [*PROCESS, *SETTINGS[name], f"PhaseSpace:pTHatMin = {MIN_PT_HAT}"]


def paired(
    true: LeadingJets, truth: np.ndarray, seen: LeadingJets, measured: np.ndarray
) -> np.ndarray:
    """True and measured quantities side by side, in the order of the events.

    A true jet without its measured jet makes a row of its own (a miss), and so does a measured jet
    without its true one (a fake).

    Args:
        true, seen: the jets.
        truth, measured: their quantities, (n_true, F) and (n_seen, F).

    Returns:
        (rows, 2 F), with NaN for what is not there.
    """
    same = matched(true, seen)
    lost = np.isin(true.event, same, invert=True)
    fake = np.isin(seen.event, same, invert=True)
    not_measured = np.full_like(truth[lost], np.nan)
    not_true = np.full_like(measured[fake], np.nan)
    rows = [
        np.hstack([truth[~lost], measured[~fake]]),
        np.hstack([truth[lost], not_measured]),
        np.hstack([not_true, measured[fake]]),
    ]
    event = np.concatenate([same, true.event[lost], seen.event[fake]])
    return np.concatenate(rows)[np.argsort(event, kind="stable")]


def boosted(generator: Generator) -> tuple[Particles, int]:
    """The visible particles of the next events with a Z of pT > 200 GeV, and their number."""
    batch = generator.batch()
    z = batch.prt[batch.prt.id == Z]
    pt = ak.to_numpy(np.hypot(z.p.px, z.p.py)[:, -1])  # of the last copy, after all radiation
    batch = batch[pt > MIN_Z_PT]
    return generator.visible(batch), len(batch)


def leading_jets(particles: Particles, n_events: int) -> LeadingJets:
    """The hardest jet of each event, where it has pT > 50 GeV and |y| < 2.1."""
    jets, constituents = anti_kt(particles, n_events, RADIUS, MIN_PT)
    hardest = ak.local_index(jets.pt) == ak.fill_none(ak.argmax(jets.pt, axis=1), -1)
    chosen = hardest & (abs(jets.rapidity) < MAX_RAPIDITY)
    event = np.flatnonzero(ak.to_numpy(ak.any(chosen, axis=1)))
    return LeadingJets(event, ak.flatten(jets[chosen]), ak.flatten(constituents[chosen]))


def matched(true: LeadingJets, seen: LeadingJets) -> np.ndarray:
    """The events whose hardest jet is the same at both levels: axes within R of each other."""
    event = np.intersect1d(true.event, seen.event)
    axes = [
        ak.to_numpy(axis)
        for level in (true.of_events(event), seen.of_events(event))
        for axis in (level.jets.rapidity, level.jets.phi)
    ]
    return event[kinematics.delta_r(*axes) < RADIUS]


def observables(leading: LeadingJets) -> np.ndarray:
    """The `QUANTITIES` of the jets, (n, 7).

    The width is sum_i pT_i Delta R_i / sum_i pT_i R around the axis of the jet. A jet of one
    constituent has tau21 = 0. If soft drop finds no splitting, zg = 0. If the groomed jet has
    almost no mass, ln rho = `LOWEST_LN_RHO`.
    """
    jets, constituents = leading.jets, leading.constituents
    pt = ak.to_numpy(jets.pt)
    groomed = soft_drop(constituents, Z_CUT, BETA, RADIUS)
    tau = n_subjettiness(constituents, (1, 2), RADIUS)  # (n, 2)
    tau21 = np.divide(tau[:, 1], tau[:, 0], out=np.zeros(len(tau)), where=tau[:, 0] > 0)
    rho = np.maximum((groomed.mass / pt) ** 2, np.exp(LOWEST_LN_RHO))
    mass = np.maximum(ak.to_numpy(jets.mass), 0)  # rounding makes that of light jets negative
    count = ak.to_numpy(ak.num(constituents))
    width = _width(jets, constituents)
    return np.column_stack([mass, count, width, np.log(rho), tau21, groomed.zg, pt])


def _width(jets: ak.Array, constituents: ak.Array) -> np.ndarray:
    """Mean distance of the constituents from the axis, weighted by pT, in units of R, (n,)."""
    count = ak.to_numpy(ak.num(constituents))
    row = np.repeat(np.arange(len(count)), count)
    flat = ak.flatten(constituents)
    pt = ak.to_numpy(flat.pt)
    axis = (ak.to_numpy(x)[row] for x in (jets.rapidity, jets.phi))
    distance = kinematics.delta_r(ak.to_numpy(flat.rapidity), ak.to_numpy(flat.phi), *axis)
    total = np.bincount(row, weights=pt, minlength=len(count))
    return np.bincount(row, weights=pt * distance, minlength=len(count)) / (RADIUS * total)
