"""Many jets in bounded memory: a function is applied to one chunk after another."""

from collections.abc import Callable, Iterator

import numpy as np

from hepml_lite.containers.jets import Jets, require_jets

CHUNK = 10_000  # jets of 100 constituents as four-vectors in double precision: 32 MB


def chunks(jets: Jets, size: int = CHUNK) -> Iterator[Jets]:
    """The jets in order, `size` at a time; a sample without jets gives one empty chunk.

    Raises:
        TypeError: for anything but `Jets`.
        ValueError: if size is below 1.
    """
    require_jets(jets)
    if size < 1:
        raise ValueError(f"chunks of {size} jets: give a size of at least 1")
    for start in range(0, max(len(jets), 1), size):
        yield jets[start : start + size]


def in_chunks(function: Callable[[Jets], np.ndarray], jets: Jets, size: int = CHUNK) -> np.ndarray:
    """function(jets), computed `size` jets at a time and joined along the first axis."""
    first, *others = (function(part) for part in chunks(jets, size))
    return np.concatenate([first, *others]) if others else first
