"""QCD dijets of 3.3 < mjj < 3.7 TeV: many events of the background where the resonance would be.

The events are those of `dijet_resonance` in its signal region, made apart so that there are more of
them. They serve as templates and for testing: how well a background is modelled, and what a cut
keeps of it. They are never part of a spectrum: added to `dijet_resonance` they would be a bump.
"""

import numpy as np

from data_fetch.generate import dijet_resonance
from data_fetch.generate.dijet_resonance import MIN_PT_HAT, select, table
from data_fetch.generate.simulation.dijets import Dijets
from data_fetch.generate.simulation.pythia import pythia_seed
from hepml_lite.containers.events import Events

NAMES = ("QCD",)
CHUNK = 1500
SIGNAL_REGION = (3300.0, 3700.0)  # GeV, of mjj
MIN_MASS_HAT = 2300.0  # GeV; CARD says what it leaves out
PHASE_SPACE = (
    f"PhaseSpace:pTHatMin = {MIN_PT_HAT}",
    f"PhaseSpace:mHatMin = {MIN_MASS_HAT}",
)
CARD = dijet_resonance.CARD | {
    "title": "QCD dijets between 3.3 and 3.7 TeV, for templates and tests",
    "classes": list(NAMES),
    "process": "pp at 13 TeV, Pythia 8 (Monash tune), multiple interactions and pile-up off; all "
    "QCD 2 -> 2 processes, as the background of dijet_resonance",
    "selection": "that of dijet_resonance, and 3.3 < mjj < 3.7 TeV",
    "use": "for templates and tests; never part of a spectrum: added to dijet_resonance it would "
    "be a bump",
    "generation_cuts": "pT-hat > 950 GeV, as in dijet_resonance, whose card says that this leaves "
    "out 4.9 +- 0.8 % here; and the mass of the hard process > 2.3 TeV, "
    "which 1200 events from 1 TeV show to leave out 2.0 +- 0.4 %, those in which a jet of the "
    "initial state is one of the two",
}


def chunk(seed: int, number: int, size: int = CHUNK) -> Events:
    """Chunk `number` of the sample: `size` events."""
    rng = np.random.default_rng([seed, number])
    dijets = select(
        "QCD", size, pythia_seed(seed, number), rng, window=in_region, phase_space=PHASE_SPACE
    )
    return Events(table(dijets), tuple(CARD["quantities"]), names=NAMES)


def in_region(dijets: Dijets) -> np.ndarray:
    """Events with 3.3 < mjj < 3.7 TeV."""
    return (dijets.mjj > SIGNAL_REGION[0]) & (dijets.mjj < SIGNAL_REGION[1])
