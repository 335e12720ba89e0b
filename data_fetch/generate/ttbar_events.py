"""Pairs of top quarks with one lepton, and multijets, as objects: jets, lepton, missing momentum.

Events: proton-proton at 13 TeV, Pythia 8 (Monash tune), multiple interactions on, no pile-up. Top
pairs: one W decays to e or mu and a neutrino, the other to quarks. Multijets: all QCD 2 -> 2
processes. Each jet of a top pair carries its role: which quark of the decays it comes from.
"""

import awkward as ak
import numpy as np

from data_fetch.generate.simulation.clustering import anti_kt
from data_fetch.generate.simulation.detector import ELECTRON, FINE, MUON, detect
from data_fetch.generate.simulation.pythia import Generator, Particles, pythia_seed
from data_fetch.generate.simulation.trigger_reconstruction import isolation, missing_momentum
from hepml_lite import kinematics
from hepml_lite.containers.events import Events

NAMES = ("top pair", "multijet")
CHUNK = 1400  # events: 1000 top pairs, 400 multijets
TOP_SHARE = 5 / 7
BEAM_ENERGY = 13_000.0
N_JETS, N_LEAST = 6, 4
RADIUS, JET_PT, JET_ETA = 0.4, 25.0, 2.5  # GeV
LEPTON_PT, LEPTON_ETA, ISOLATION = 25.0, 2.4, 0.15
MATCHED = 0.4  # Delta R of a jet and the quark or hadron in it
TAGGED = {5: 0.70, 4: 0.12, 0: 0.01}  # chance of a jet with a b hadron, a c hadron, none
LEPTONIC_B, HADRONIC_B, W_QUARK = 1, 2, 3  # roles; 0 is any other jet
TOP, W, BOTTOM = 6, 24, 5
DECAY_STATUS = 23  # of what a resonance decays to; negative if it radiates, as quarks do
QUARKS, LEPTONS = "1 2 3 4 5", "11 13"
PROCESSES = {
    "top pair": ["Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "24:onMode = off"],
    "multijet": ["HardQCD:all = on", "PhaseSpace:pTHatMin = 60"],
}
PER_JET = ("pt", "eta", "phi", "mass", "tagged", "role")
QUANTITIES = (
    *(f"jet{number}_{what}" for number in range(1, N_JETS + 1) for what in PER_JET),
    *("lepton_pt", "lepton_eta", "lepton_phi", "lepton_charge"),
    *("met_pt", "met_phi"),
    *("neutrino_pt", "neutrino_eta", "neutrino_phi"),
)
STEPS = {"pt": 0.25, "eta": 0.005, "phi": 0.005, "mass": 0.2, "tagged": 1, "role": 1, "charge": 1}
CARD = {
    "title": "Top pairs with one lepton, and multijets, as reconstructed objects",
    "container": "Events",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "quantities": list(QUANTITIES),
    "precision": {name: STEPS[name.split("_")[1]] for name in QUANTITIES},
    "floors": {name: 0 for name in QUANTITIES if STEPS[name.split("_")[1]] != 1},
    "process": "pp at 13 TeV, Pythia 8 (Monash tune), multiple interactions on, no pile-up; top "
    "pair: one W -> e nu or mu nu, the other to quarks, half of them of each charge; multijet: all "
    "QCD 2 -> 2 processes",
    "detector": FINE.description + "; tagged: with a chance of 70 % for a jet with a b hadron, 12 "
    "% with a c hadron, 1 % without",
    "selection": "at least four anti-kT R = 0.4 jets with pT > 25 GeV and |eta| < 2.5, of which "
    "the six leading are kept; top pair: exactly one e or mu with pT > 25 GeV, |eta| < 2.4 and "
    "less than 0.15 of its pT around it within 0.3; multijet: no lepton asked for",
    "generation_cuts": "none for top pairs; pT-hat > 60 GeV for multijets: below it, four jets are "
    "rare, but the spectrum of the softest multijets is bent",
    "units": "pT and mass in GeV, phi in rad; role: 0 other, 1 the b quark beside the lepton, "
    "2 the other b quark, 3 quark of the W, each quark within 0.4 of its jet; neutrino: the true "
    "one; absent objects are zeros",
    "citation": "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}


def chunk(seed: int, number: int, size: int = CHUNK) -> Events:
    """Chunk `number` of the sample: `size` events, both classes in proportion, in random order."""
    rng = np.random.default_rng([seed, number])
    n_top = round(size * TOP_SHARE)
    counts = {"plus": n_top - n_top // 2, "minus": n_top // 2, "multijet": size - n_top}
    parts = []
    for stream, (name, n) in enumerate(counts.items()):
        label = np.full(n, NAMES.index("multijet") if name == "multijet" else 0)
        values = select(name, n, pythia_seed(seed, number, stream), rng)
        parts.append(Events(values, QUANTITIES, label=label, names=NAMES))
    return Events.concatenate(parts)[rng.permutation(size)]


def select(name: str, n: int, seed: int, rng: np.random.Generator) -> np.ndarray:
    """The quantities of the first n selected events, (n, 45).

    Args:
        name: `plus` and `minus`, top pairs with a lepton of that charge, or `multijet`.
        n: number of events.
        seed: of Pythia.
        rng: of the detector and of the tagging.
    """
    if name == "multijet":
        settings = PROCESSES["multijet"]
    else:
        decays = (LEPTONS, QUARKS) if name == "plus" else (QUARKS, LEPTONS)
        settings = [
            *PROCESSES["top pair"],
            f"24:onPosIfAny = {decays[0]}",
            f"24:onNegIfAny = {decays[1]}",
        ]
    generator = Generator(settings, seed, BEAM_ENERGY)
    found = [np.zeros((0, len(QUANTITIES)))]
    while sum(map(len, found)) < n:
        batch = generator.batch()
        seen = detect(generator.visible(batch), rng, FINE)
        values, chosen = reconstruct(seen, batch.prt, rng)
        if name != "multijet":
            chosen &= values[:, QUANTITIES.index("lepton_pt")] > 0
        found.append(values[chosen])
    return np.concatenate(found)[:n]


def reconstruct(
    seen: Particles, record: ak.Array, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`QUANTITIES` of every event of a batch, (N, 45), and which have four jets, (N,)."""
    n = len(record)
    pt, eta, phi, _ = kinematics.pt_eta_phi_mass(seen.p4)
    kind = np.abs(seen.pid)
    fit = np.isin(kind, (ELECTRON, MUON)) & (pt > LEPTON_PT) & (np.abs(eta) < LEPTON_ETA)
    leptons = np.flatnonzero(fit)
    coordinates = np.stack([pt, eta, phi], axis=-1)
    leptons = leptons[isolation(seen.event, coordinates, leptons) < ISOLATION]
    alone = leptons[np.bincount(seen.event[leptons], minlength=n)[seen.event[leptons]] == 1]
    lepton = np.zeros((n, 4))
    lepton[seen.event[alone]] = np.column_stack([coordinates[alone], np.sign(seen.charge[alone])])
    jets, several = leading_jets(seen[np.delete(np.arange(len(pt)), leptons)], n)
    tagged = tags(jets, record, rng)
    role = roles(jets, record)
    each = np.concatenate([jets, tagged[..., None], role[..., None]], axis=-1)  # (N, 6, 6)
    missing = missing_momentum(seen, n)[:, 0, [0, 2]]
    values = [each.reshape(n, -1), lepton, missing, true_neutrino(record)]
    return np.hstack(values), several


def leading_jets(particles: Particles, n: int) -> tuple[np.ndarray, np.ndarray]:
    """pT, eta, phi, mass of the six leading jets (n, 6, 4), and which events have four (n,)."""
    jets, _ = anti_kt(particles, n, RADIUS, JET_PT)
    jets = jets[abs(jets.eta) < JET_ETA]
    jets = jets[ak.argsort(jets.pt, axis=1, ascending=False)][:, :N_JETS]
    columns = []
    for values in (jets.pt, jets.eta, jets.phi, jets.mass):
        padded = ak.fill_none(ak.pad_none(values, N_JETS, clip=True), 0)
        columns.append(ak.to_numpy(padded))
    table = np.stack(columns, axis=-1)
    table[..., 3] = np.maximum(table[..., 3], 0)
    return table, ak.to_numpy(ak.num(jets)) >= N_LEAST


def tags(jets: np.ndarray, record: ak.Array, rng: np.random.Generator) -> np.ndarray:
    """Whether each jet is b-tagged, (N, 6) of 0 and 1."""
    kind = abs(record.id)
    chance = np.full(jets.shape[:2], TAGGED[0])
    for flavour in (4, 5):  # b last: b hadrons decay to c hadrons
        hadrons = record[(kind // 100 % 10 == flavour) | (kind // 1000 % 10 == flavour)]
        hadrons = hadrons[abs(hadrons.id) < 10_000]
        chance = np.where(nearest(jets, hadrons)[0] < MATCHED, TAGGED[flavour], chance)
    real = jets[..., 0] > 0
    return (rng.random(chance.shape) < chance) & real


def roles(jets: np.ndarray, record: ak.Array) -> np.ndarray:
    """The quark of a top decay that is in each jet, (N, 6): 0 for none, else as in `CARD`."""
    decays = record[abs(record.status) == DECAY_STATUS]
    kind = abs(decays.id)
    parent = record.id[decays.mother1]
    boson = ak.firsts(np.sign(parent[(kind == ELECTRON) | (kind == MUON)]))
    boson = ak.fill_none(boson, 0)  # charge of the W beside the lepton, and of its top
    role = np.zeros(jets.shape[:2], int)
    bottoms = (kind == BOTTOM) & (abs(parent) == TOP)
    beside = bottoms & (np.sign(parent) == boson)
    groups = {
        W_QUARK: (abs(parent) == W) & (kind < TOP),
        HADRONIC_B: bottoms & ~beside,
        LEPTONIC_B: beside,
    }
    for number, chosen in groups.items():
        role = np.where(nearest(jets, decays[chosen])[0] < MATCHED, number, role)
    return role


def true_neutrino(record: ak.Array) -> np.ndarray:
    """pT, eta, phi of the neutrino of the W, (N, 3); zeros if there is none."""
    kind = abs(record.id)
    fit = (abs(record.status) == DECAY_STATUS) & ((kind == 12) | (kind == 14))
    momentum = ak.firsts(record.p[fit])
    px, py, pz = (ak.to_numpy(ak.fill_none(momentum[c], 0)) for c in ("px", "py", "pz"))
    pt = np.hypot(px, py)
    eta = np.arcsinh(np.divide(pz, pt, out=np.zeros_like(pt), where=pt > 0))
    return np.column_stack([pt, eta, np.arctan2(py, px)])


def nearest(jets: np.ndarray, particles: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Delta R of each jet (N, 6) to the nearest particle of its event, and its position."""
    most = max(1, int(ak.max(ak.num(particles), initial=1)))
    columns = []
    for component in ("px", "py", "pz"):
        padded = ak.pad_none(particles.p[component], most, clip=True)
        columns.append(ak.to_numpy(ak.fill_none(padded, np.nan)))
    px, py, pz = columns
    eta, phi = np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)  # (N, most)
    distance = kinematics.delta_r(
        jets[..., 1, None], jets[..., 2, None], eta[:, None], phi[:, None]
    )
    distance = np.where(np.isnan(distance) | (jets[..., 0, None] == 0), np.inf, distance)
    return distance.min(axis=2), distance.argmin(axis=2)
