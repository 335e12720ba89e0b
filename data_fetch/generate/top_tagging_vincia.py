"""The jets of `top_tagging` from another parton shower, to judge taggers that never saw it.

Vincia radiates off pairs of partons (antennae) instead of single ones: Fischer, Prestel, Ritzmann,
Skands, arXiv:1605.06142. It has its own tune of the hadronisation, which its authors recommend.
"""

from data_fetch.generate import top_tagging
from data_fetch.generate.top_tagging import NO_MPI
from hepml_lite.containers.jets import Jets

NAMES = top_tagging.NAMES
CHUNK = 40  # jets; few, as Vincia takes four times as long as the simple shower
VINCIA = 2  # among Pythia's models of parton showers
VINCIA_SETTINGS = (
    f"PartonShowers:model = {VINCIA}",
    "Vincia:sectorShower = off",  # not its default, but four times as fast
    "Vincia:tune = 0",
    "Print:verbosity = 1",  # no table of Vincia's parameters at each start
)
SETTINGS = (NO_MPI, *VINCIA_SETTINGS)
CARD = top_tagging.VARIED_CARD | {
    "title": "Top and QCD jets at 600 GeV from the Vincia shower: to judge taggers",
    "process": "pp at 14 TeV, Pythia 8 with the Vincia shower (global antennae: "
    "Vincia:sectorShower = off) and its own tune (Vincia:tune = 0), multiple interactions and "
    "pile-up off",
    "citation": f"{top_tagging.CARD['citation']}; Fischer et al., Vincia, arXiv:1605.06142",
}


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, half of each class, in random order."""
    return top_tagging.chunk(seed, number, size, SETTINGS)
