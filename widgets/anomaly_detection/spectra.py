"""The spectrum after a cut: its smooth background and its largest excess."""

import numpy as np

from hepml_lite import anomaly_detection as search
from widgets.anomaly_detection.stored import MASSES, TOY

FEW_TOYS = 1000  # settle a global p-value that is not small
MANY_TOYS = 20_000
SMALL = 0.02  # global p-values below this are worth many toys
SMALLEST_P = 1 / (MANY_TOYS + 1)  # no toy is as extreme


def fitted(counts: np.ndarray, sample: str) -> search.SpectrumFit:
    """The background function fitted to the bins (B,) beside the region.

    The spectrum of the toy is the tail of a Gaussian, whose logarithm is a polynomial of second
    degree. The dijet function has four parameters.

    Raises:
        ValueError: the fit has no answer, as with too few events.
    """
    mass = MASSES[sample]
    if sample == TOY:
        return search.fit_spectrum(
            counts, mass.edges, blinded=mass.region, function="polynomial", n_parameters=3
        )
    return search.fit_spectrum(counts, mass.edges, blinded=mass.region)


def hunted(counts: np.ndarray, sample: str, rng: int = 0) -> search.BumpHunt:
    """The bump hunt in a histogram (B,), with the background fitted anew in each toy.

    Raises:
        ValueError: the fit has no answer.
    """
    fit = fitted(counts, sample)
    found = _hunt(fit, FEW_TOYS, rng)
    return found if found.global_p > SMALL else _hunt(fit, MANY_TOYS, rng)


def _hunt(fit: search.SpectrumFit, n_toys: int, rng: int) -> search.BumpHunt:
    centres = (fit.edges[1:] + fit.edges[:-1]) / 2
    mass = np.repeat(centres, fit.counts.astype(int))
    return search.bump_hunt(
        mass,
        fit.edges,
        background=fit.expected,
        refit=fit.refit,
        n_toys=n_toys,
        n_threads=1,
        rng=rng,
    )
