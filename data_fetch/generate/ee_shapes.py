"""Event shapes of e+e- -> Z -> hadrons at many values of the strong coupling.

Events: e+e- at the Z pole, Pythia 8 (Monash tune) without photon radiation of the beams, Z decays
to u, d, s, c and b. All events of a chunk have the same coupling alpha_s(M_Z) of the final-state
shower. Above 0.147 Pythia raises the pT at which the shower ends, which is 0.5 GeV below, to avoid
the Landau pole. There the means bend a little, most of all the mean multiplicity.
"""

import numpy as np

from data_fetch.generate.simulation import event_shapes
from data_fetch.generate.simulation.pythia import Generator, Particles, pythia_seed
from hepml_lite.containers.events import Events

NAMES = ("hadrons",)
QUANTITIES = (
    "alpha_s",
    "multiplicity",
    "one_minus_thrust",
    "c_parameter",
    "ln_y23",
    "heavy_jet_mass",
)
CARD = {
    "title": "Event shapes at the Z pole for many values of the strong coupling",
    "container": "Events",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "quantities": list(QUANTITIES),
    "precision": {
        "alpha_s": 0.00001,
        "multiplicity": 1,
        "one_minus_thrust": 0.0001,
        "c_parameter": 0.0005,
        "ln_y23": 0.005,
        "heavy_jet_mass": 0.0002,
    },
    "process": "e+e- -> gamma*/Z -> u, d, s, c, b at 91.1876 GeV, Pythia 8 (Monash tune), no "
    "photons radiated off the beams; alpha_s(M_Z) of the final-state shower, in Pythia "
    "TimeShower:alphaSvalue (Monash: 0.1365), between 0.10 and 0.16: one value for each 500 events "
    "in a row. Above 0.147 Pythia raises the pT at which the shower ends, from 0.5 GeV to between "
    "0.7 and 0.8 GeV at 0.16, to stay clear of the Landau pole",
    "detector": "none: every stable particle but neutrinos; K0S, Lambda and the like have decayed",
    "selection": "none",
    "generation_cuts": "none. The search for the thrust axis is not exact: in 0.2 +- 0.1 % of the "
    "events it ends below the true maximum, there by up to 0.0002",
    "units": "alpha_s: alpha_s(M_Z) of the shower; multiplicity: number of charged particles; "
    "one_minus_thrust: 1 - T; ln_y23: Durham algorithm, y relative to the square of the visible "
    "energy, at least ln(1e-6); heavy_jet_mass: M_H / visible energy",
    "citation": "OPAL, hep-ex/0503051 (definitions and data at 91 GeV); "
    "Bierlich et al., Pythia 8.3, arXiv:2203.11601; "
    "Cacciari, Salam, Soyez, FastJet, arXiv:1111.6097",
}
CHUNK = 500  # events, all at one alpha_s, which depends on the seed and the number of the chunk
RANGE = 0.10, 0.16  # of alpha_s in the sample
LOW, HIGH = 0.06, 0.25  # what Pythia takes for alpha_s
GOLDEN = (5**0.5 - 1) / 2
Z_MASS = 91.1876  # GeV
BATCH = 500  # events held in memory at a time
SETTINGS = [
    "Beams:idA = 11",
    "Beams:idB = -11",
    "PDF:lepton = off",
    "WeakSingleBoson:ffbar2gmZ = on",
    "23:onMode = off",
    "23:onIfAny = 1 2 3 4 5",
]


def chunk(seed: int, number: int, size: int = CHUNK) -> Events:
    """Chunk `number` of the sample: `size` events at `coupling(seed, number)`."""
    return simulate(coupling(seed, number), size, pythia_seed(seed, number))


def coupling(seed: int, number: int) -> float:
    """alpha_s of a chunk, uniform in `RANGE`.

    The values of chunks 0, 1, 2, ... are a golden-ratio sequence from a random start: any number
    of them covers the range evenly, without the clumps and holes of independent draws.
    """
    fraction = (np.random.default_rng(seed).random() + number * GOLDEN) % 1
    lowest, highest = RANGE
    return lowest + (highest - lowest) * fraction


def simulate(alpha_s: float, n: int, seed: int) -> Events:
    """The shapes of n new events at one alpha_s, from the generator of the sample.

    Args:
        alpha_s: alpha_s(M_Z) of the final-state shower, `TimeShower:alphaSvalue`.
        n: number of events.
        seed: any integer from 0 on; the same seed gives the same events.

    Raises:
        ValueError: for an alpha_s that Pythia does not take, no events or a negative seed.
        ModuleNotFoundError: if pythia8mc is not installed.
    """
    if not LOW <= alpha_s <= HIGH:
        raise ValueError(f"alpha_s = {alpha_s}: Pythia takes values from {LOW} to {HIGH}")
    if n < 1:
        raise ValueError(f"n = {n} events: choose at least one")
    settings = [*SETTINGS, f"TimeShower:alphaSvalue = {alpha_s}"]
    generator = Generator(settings, pythia_seed(seed), beam_energy=Z_MASS)
    parts: list[np.ndarray] = []
    while (left := n - sum(map(len, parts))) > 0:  # Pythia leaves out events that go wrong
        batch = generator.batch(min(BATCH, left))
        parts.append(_shapes(generator.visible(batch), len(batch)))
    values = np.column_stack([np.full(n, alpha_s), np.concatenate(parts)])  # (n, 6)
    return Events(values, QUANTITIES, names=NAMES)


def _shapes(particles: Particles, n: int) -> np.ndarray:
    """The quantities of n events without alpha_s, (n, 5)."""
    charged = np.bincount(particles.event[particles.charge != 0], minlength=n)
    p4 = event_shapes.padded(particles, n)  # (n, P, 4)
    thrust, axis = event_shapes.thrust(p4)
    others = (
        event_shapes.c_parameter(p4),
        event_shapes.ln_y23(p4),
        event_shapes.heavy_jet_mass(p4, axis),
    )
    return np.column_stack([charged, 1 - thrust, *others])
