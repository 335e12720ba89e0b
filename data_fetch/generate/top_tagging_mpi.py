"""The jets of `top_tagging` with multiple interactions, to judge taggers that never saw any.

A proton-proton collision has several parton collisions besides the hard one. Their soft particles
fall into every jet. `top_tagging` leaves them out, like arXiv:1902.09914; data have them.
"""

from data_fetch.generate import top_tagging
from hepml_lite.containers.jets import Jets

NAMES = top_tagging.NAMES
CHUNK = 40  # jets; few, as most of the time goes into the additional interactions
SETTINGS = ("PartonLevel:MPI = on",)
CARD = top_tagging.VARIED_CARD | {
    "title": "Top and QCD jets at 600 GeV with multiple interactions: to judge taggers",
    "process": "pp at 14 TeV, Pythia 8 (Monash tune), multiple interactions on, pile-up off",
}


def chunk(seed: int, number: int, size: int = CHUNK) -> Jets:
    """Chunk `number` of the sample: `size` jets, half of each class, in random order."""
    return top_tagging.chunk(seed, number, size, SETTINGS)
