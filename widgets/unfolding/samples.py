"""Counts of the bundled Z + jet events: the response of the simulation, and data from a nature."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

import data_fetch
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.unfolding.binned.response import Response, response_of_events

MAX_EVENTS = 100_000  # of a class; all of them would make the first move of the smearing slow
N_BINS = 20  # of every observable, so that all observables fit into the same figures
NATURES = ("nature", "nature_a14", "nature_vincia")
SAMPLE = "zjets_unfolding"
SEED = 4  # of the smearing


class Observable(NamedTuple):
    """A quantity of the jet and the range of its `N_BINS` equal bins; both end bins are open."""

    symbol: str
    unit: str
    low: float
    high: float

    @property
    def edges(self) -> np.ndarray:
        """Edges of the bins, (N_BINS + 1,)."""
        return np.linspace(self.low, self.high, N_BINS + 1)

    @property
    def open_edges(self) -> np.ndarray:
        """The same with infinite ends: every event is in a bin, (N_BINS + 1,)."""
        return np.array([-np.inf, *self.edges[1:-1], np.inf])


OBSERVABLES = {
    "mass": Observable("jet mass", "GeV", 0, 60),
    "multiplicity": Observable("number of particles", "", 5, 65),
    "width": Observable("width", "", 0, 0.5),
    "ln_rho": Observable("ln ρ", "", -10, -2.5),
    "tau21": Observable("τ₂₁", "", 0.3, 0.9),
    "zg": Observable("z<sub>g</sub>", "", 0.1, 0.5),
}


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def events() -> dict[str, UnfoldingPair]:
    """The events of the simulation and of each nature."""
    pair = data_fetch.load(SAMPLE)
    return {name: pair.of_class(name)[:MAX_EVENTS] for name in ("simulation", *NATURES)}


@lru_cache(maxsize=128)
def counted(name: str, observable: str, smearing: float) -> Response:
    """The response of one class of events, after more smearing of the measured value.

    Args:
        name: "simulation", or one of `NATURES`.
        observable: one of `OBSERVABLES`.
        smearing: width of the Gaussian noise, in spreads of the simulation's measured value.
    """
    sample = events()[name]
    true, measured = sample.columns(observable)
    if smearing:
        noise = np.random.default_rng(SEED).normal(size=measured.shape)
        measured = measured + smearing * spread(observable) * noise
    pair = UnfoldingPair(
        true,
        measured,
        (observable,),
        true_ok=sample.true_ok,
        measured_ok=sample.measured_ok,
    )
    return response_of_events(pair, observable, OBSERVABLES[observable].open_edges)


@lru_cache(maxsize=len(OBSERVABLES))
def spread(observable: str) -> float:
    """Standard deviation of the measured value in the simulation, in units of the observable."""
    _, measured = events()["simulation"].columns(observable)
    return float(np.nanstd(measured))
