"""Event shapes of e+e- -> Z -> hadrons at many values of the strong coupling and of a nuisance.

Events: e+e- at the Z pole, Pythia 8 (Monash tune) without photon radiation of the beams, Z decays
to u, d, s, c and b. Two parameters have one value a chunk: the coupling of the final-state shower,
alpha_s(M_Z), which is what one wants to know, and the parameter a of the Lund fragmentation
function, which is not but changes the same observables. alpha_s ends at 0.145: above 0.147 Pythia
raises the pT at which the shower ends to stay clear of the Landau pole.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import qmc

from data_fetch.generate.simulation import event_shapes
from data_fetch.generate.simulation.pythia import Generator, Particles, pythia_seed
from hepml_lite.containers.events import Events
from hepml_lite.statistics.settings_checks import checked_count, checked_number

NAMES = ("hadrons",)
QUANTITIES = (
    "alpha_s",
    "a_lund",
    "multiplicity",
    "one_minus_thrust",
    "c_parameter",
    "ln_y23",
    "heavy_jet_mass",
)
CARD = {
    "title": "Event shapes at the Z pole for many values of the strong coupling and a nuisance",
    "container": "Events",
    "generator": "pythia8mc",
    "classes": list(NAMES),
    "quantities": list(QUANTITIES),
    "precision": {
        "alpha_s": 0.00001,
        "a_lund": 0.0001,
        "multiplicity": 1,
        "one_minus_thrust": 0.0001,
        "c_parameter": 0.0005,
        "ln_y23": 0.005,
        "heavy_jet_mass": 0.0002,
    },
    "parameters": ["alpha_s", "a_lund"],
    "floors": {"one_minus_thrust": 0, "c_parameter": 0, "ln_y23": -13.8155, "heavy_jet_mass": 0},
    "split_shares": {"train": 0.4, "val": 0.1, "test": 0.5},
    "process": "e+e- -> gamma*/Z -> u, d, s, c, b at 91.1876 GeV, Pythia 8 (Monash tune), no "
    "photons radiated off the beams. Two parameters, at scrambled Sobol points, one pair for "
    "each 400 events in a row: alpha_s(M_Z) of the final-state shower (TimeShower:alphaSvalue, "
    "Monash: 0.1365) between 0.100 and 0.145, and the nuisance a of the Lund fragmentation "
    "function (StringZ:aLund, Monash: 0.68) between 0.4 and 1.0. alpha_s is that of this shower "
    "at leading order and with its own scale, not the world average 0.118 in the MS-bar scheme",
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
CHUNK = 400  # events, all at one point, which depends on the seed and the number of the chunk
RANGES = {"alpha_s": (0.100, 0.145), "a_lund": (0.4, 1.0)}  # in the sample
LOW, HIGH = 0.06, 0.25  # what Pythia takes for alpha_s
LOWEST_A, HIGHEST_A = 0.0, 2.0  # and for a
MONASH_A = 0.68
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
    """Chunk `number` of the sample: `size` events at `point(seed, number)`."""
    alpha_s, a_lund = point(seed, number)
    return simulate(alpha_s, size, pythia_seed(seed, number), a_lund)


def point(seed: int, number: int) -> tuple[float, float]:
    """alpha_s and a of a chunk, in whole steps of the stored file.

    The points of chunks 0, 1, 2, ... are a scrambled Sobol sequence: any number of them covers the
    rectangle `RANGES` evenly, without the clumps and holes of independent draws.
    """
    sequence = qmc.Sobol(len(RANGES), rng=np.random.default_rng(seed))
    if number:
        sequence.fast_forward(number)
    fractions = sequence.random()[0]
    lowest, highest = np.transpose(list(RANGES.values()))
    alpha_s, a_lund = lowest + (highest - lowest) * fractions
    return round(float(alpha_s), 5), round(float(a_lund), 4)


def simulate(
    alpha_s: float,
    n: int,
    seed: int,
    a_lund: float = MONASH_A,
    settings: Sequence[str] = (),
) -> Events:
    """The shapes of n new events at one point, from the generator of the sample.

    Args:
        alpha_s: alpha_s(M_Z) of the final-state shower, `TimeShower:alphaSvalue`.
        n: number of events.
        seed: any integer from 0 on; the same seed gives the same events.
        a_lund: a of the Lund fragmentation function, `StringZ:aLund`.
        settings: of Pythia, beside those of the sample, such as "StringPT:sigma = 0.4".

    Raises:
        ValueError: for an alpha_s, an a or a setting that Pythia does not take, no events or a
            negative seed.
        ModuleNotFoundError: if pythia8mc is not installed.
    """
    alpha_s = checked_number("alpha_s", alpha_s, LOW, HIGH, example="0.1365")
    a_lund = checked_number("a_lund", a_lund, LOWEST_A, HIGHEST_A, example="0.68")
    n = checked_count("n", n, why="a sample has events")
    parameters = [f"TimeShower:alphaSvalue = {alpha_s}", f"StringZ:aLund = {a_lund}"]
    whole_seed = checked_count("seed", seed, fewest=0)
    generator = Generator(
        [*SETTINGS, *parameters, *settings], pythia_seed(whole_seed), beam_energy=Z_MASS
    )
    parts: list[np.ndarray] = []
    while (left := n - sum(map(len, parts))) > 0:  # Pythia leaves out events that go wrong
        batch = generator.batch(min(BATCH, left))
        parts.append(_shapes(generator.visible(batch), len(batch)))
    point_columns = np.full((n, 2), [alpha_s, a_lund])
    values = np.hstack([point_columns, np.concatenate(parts)])  # (n, 7)
    return Events(values, QUANTITIES, names=NAMES)


def _shapes(particles: Particles, n: int) -> np.ndarray:
    """The quantities of n events without the parameters, (n, 5)."""
    charged = np.bincount(particles.event[particles.charge != 0], minlength=n)
    p4 = event_shapes.padded(particles, n)  # (n, P, 4)
    thrust, axis = event_shapes.thrust(p4)
    others = (
        event_shapes.c_parameter(p4),
        event_shapes.ln_y23(p4),
        event_shapes.heavy_jet_mass(p4, axis),
    )
    return np.column_stack([charged, 1 - thrust, *others])
