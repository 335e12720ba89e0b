"""A stand-in for semivisible jets: QCD jets of which parts became invisible.

In a hidden valley a dark quark showers into dark hadrons, and a share r_inv of them stays dark (T.
Cohen, M. Lisanti, H. Lou, "Semivisible Jets: Dark Matter Undercover at the LHC", arXiv:1503.00009).
A real sample needs a generator with a dark shower. Here each cell of a grid about the axis stands
for the decay products of one dark hadron and is lost as a whole, with probability r_inv, and the
rest is scaled to the pT of the jet before. What this is not: the dark shower with its own coupling
and mass, dark hadrons that decay to heavy quarks, the missing momentum along the jet.
"""

from dataclasses import replace

import numpy as np

from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng


def semivisible(jets: Jets, invisible: float = 0.4, cell: float = 0.1, rng: Seed = 0) -> Jets:
    """The jets without the particles of some cells, at the pT that each jet had.

    The cell with the hardest particle stays, so that no jet is empty. Labels do not change.

    Args:
        jets: such as QCD jets.
        invisible: r_inv, the probability of a cell to be lost, from 0 to below 1.
        cell: side of a cell in eta and phi [rad].
        rng: of the cells that are lost and of the position of the grid in each jet.
    """
    checked_number("invisible", invisible, 0, 1, "[)", "0.4")
    checked_number("cell", cell, 0, ends="()", example="0.1")
    generator = checked_rng(rng)
    ordered = jets.sorted_by_pt()
    plane = ordered.relative()[..., 1:]  # (N, P, 2)
    offset = generator.uniform(size=(len(jets), 1, 2))
    place = np.floor(plane / cell + offset).astype(int)
    place -= place.min(axis=(1, 2), keepdims=True)
    side = int(place.max(initial=0)) + 1
    number = place[..., 0] * side + place[..., 1]  # (N, P) the cell of each particle
    is_lost = generator.uniform(size=(len(jets), side**2)) < invisible
    np.put_along_axis(is_lost, number[:, :1], False, axis=1)
    kept = ordered.mask & ~np.take_along_axis(is_lost, number, axis=1)
    return _scaled_to(ordered.pt, replace(ordered, mask=kept).sorted_by_pt())


def _scaled_to(pt: np.ndarray, jets: Jets) -> Jets:
    """The jets with all momenta multiplied such that each jet has this pT (N,) [GeV]."""
    factor = pt / jets.pt
    constituents = jets.constituents.copy()
    constituents[..., 0] *= factor[:, None]
    return replace(jets, constituents=constituents)
