"""One job of a live simulation of Z decays. Workers import this module and not the inference."""

from typing import NamedTuple

import numpy as np

from data_fetch.generate import ee_shapes

SHAPES = ee_shapes.QUANTITIES[2:]  # without the two parameters


class Job(NamedTuple):
    """Events at one point, which any process can make.

    Attributes:
        alpha_s: coupling of the final-state shower.
        a_lund: nuisance.
        n: number of events.
        seed: of Pythia.
        settings: of Pythia, beside those of the recipe.
    """

    alpha_s: float
    a_lund: float
    n: int
    seed: int
    settings: tuple[str, ...]


def shapes_of(job: Job) -> np.ndarray:
    """The shapes (n, 5) of the events of a job."""
    events = ee_shapes.simulate(job.alpha_s, job.n, job.seed, job.a_lund, job.settings)
    return events.columns(*SHAPES).astype(float)
