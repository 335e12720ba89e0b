"""What methods return that unfold each measured event into true ones."""

from dataclasses import dataclass

import numpy as np

from hepml_lite.statistics.two_sample import effective_sample_size


@dataclass(frozen=True)
class GeneratedEvents:
    """True events that may have been behind each measured event.

    Attributes:
        samples: (n, M, D), n draws of the D true features for each of M measured events.
        weights: (M,) of the measured events.
        history: the first draw (M, D) for each event after each iteration, (iterations, M, D).
    """

    samples: np.ndarray
    weights: np.ndarray
    history: np.ndarray

    @property
    def effective_sample_size(self) -> float:
        """(Σw)² / Σw² of the measured events; several draws of one event add no information."""
        return effective_sample_size(self.weights)
