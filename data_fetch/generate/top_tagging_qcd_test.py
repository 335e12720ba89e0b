"""Many QCD jets like those of `top_tagging`, near the top mass, to measure large rejections.

In the window of `top_tagging`, all QCD jets with 120 < m < 230 GeV are kept and one in twenty of
the others; weights correct for this. Events of low pT-hat take long and give few jets, so only a
third of their jets are made, with three times the weight.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from data_fetch.generate import top_tagging
from data_fetch.generate.simulation.collect import collect_jets
from data_fetch.generate.simulation.detector import COARSE, detect
from data_fetch.generate.simulation.pythia import Generator, pythia_seed
from data_fetch.generate.top_tagging import N_CONSTITUENTS, NO_MPI, RADIUS, in_window
from hepml_lite.containers.jets import Jets

NAMES = ("QCD", "top")  # as in top_tagging; there are no tops
CHUNK = 500  # jets
MASS_WINDOW = (120.0, 230.0)  # GeV
KEPT_OUTSIDE = 1 / 20


@dataclass(frozen=True)
class Slice:
    """A range of pT-hat [GeV] and the share of the rows that comes from it."""

    lowest: float
    highest: float
    rows: float
    weight: float


# Of the jets in the window 12.7, 22.1 and 65.3 % come from these ranges (663, 1279 and 4000 jets);
# 30.5, 28.6 and 23.2 % of them are kept. The rows are in proportion to both and to 1 / weight.
SLICES = (
    Slice(300, 420, rows=0.0566, weight=3.0),
    Slice(420, 520, rows=0.2776, weight=1.0),
    Slice(520, 7000, rows=0.6658, weight=1.0),
)
CARD = top_tagging.CARD | {
    "title": "QCD jets at 600 GeV near the top mass: to measure large rejections",
    "selection": "anti-kT R = 0.8, 550 < pT < 650 GeV, |eta| < 2; all jets with 120 < m < 230 GeV, "
    "one in 20 of the others; 100 leading constituents",
    "weight": "1 with 120 < m < 230 GeV, 20 otherwise, and 3 times that for pT-hat from 300 to 420 "
    "GeV. The sum of all weights is the number of jets that these rows stand for. Shares of the "
    "ranges of pT-hat are known to 4, 3 and 2 %",
    "split_shares": {"train": 0.0, "val": 0.0, "test": 1.0},
    "use": "the whole file is there to judge taggers: the efficiency of a cut for QCD jets is the "
    "weighted mean. Not to be trained on. The efficiency for tops comes from top_tagging",
    "generation_cuts": "pT-hat > 300 GeV, as in top_tagging, whose card says that this leaves out "
    "0.9 +- 0.2 % of the QCD jets",
}


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, the ranges of pT-hat mixed."""
    rng = np.random.default_rng([seed, number])
    edges = np.round(np.cumsum([0.0] + [part.rows for part in SLICES]) * size).astype(int)
    parts = []
    for stream, (part, n) in enumerate(zip(SLICES, np.diff(edges).tolist(), strict=True)):
        if n:
            parts.append(select(part, n, pythia_seed(seed, number, stream), rng))
    return Jets.concatenate(parts)[rng.permutation(size)]


def select(part: Slice, n: int, seed: int, rng: np.random.Generator) -> Jets:
    """The first n kept jets from a range of pT-hat, with weights."""
    settings = [
        *top_tagging.PROCESSES["QCD"],
        NO_MPI,
        f"PhaseSpace:pTHatMin = {part.lowest}",
        f"PhaseSpace:pTHatMax = {part.highest}",
    ]
    constituents, _ = collect_jets(
        Generator(settings, seed),
        n,
        RADIUS,
        lambda jets: in_window(jets) & kept(jets, rng),
        detector=lambda particles: detect(particles, rng, COARSE),
        min_pt=top_tagging.MIN_PT / 2,
    )
    total = ak.sum(constituents, axis=1)
    near = near_the_top(total)
    weight = part.weight * np.where(ak.to_numpy(near), 1, 1 / KEPT_OUTSIDE)
    jets = Jets.from_awkward(constituents, names=NAMES, weight=weight)
    return jets.massless().truncate(N_CONSTITUENTS)


def near_the_top(jets: ak.Array) -> ak.Array:
    """Jets with 120 < m < 230 GeV."""
    return (jets.mass > MASS_WINDOW[0]) & (jets.mass < MASS_WINDOW[1])


def kept(jets: ak.Array, rng: np.random.Generator) -> ak.Array:
    """All jets near the mass of the top and one in 20 of the others."""
    chance = ak.unflatten(rng.random(int(ak.sum(ak.num(jets)))), ak.num(jets))
    return near_the_top(jets) | (chance < KEPT_OUTSIDE)
