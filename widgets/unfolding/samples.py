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
SEED = 4  # of the smearing and of the jets that are lost
TURN_ON = (150.0, 300.0)  # GeV: the pT from which the acceptance rises, and where it is full


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
def counted(name: str, observable: str, smearing: float, acceptance: float = 1.0) -> Response:
    """The response of one class of events in the detector that the controls describe.

    Args:
        name: "simulation", or one of `NATURES`.
        observable: one of `OBSERVABLES`.
        smearing: width of the Gaussian noise, in spreads of the simulation's measured value.
        acceptance: share of the soft jets that is measured.
    """
    pair = detected(name, (observable,), smearing, acceptance)
    return response_of_events(pair, observable, OBSERVABLES[observable].open_edges)


def detected(
    name: str, observables: tuple[str, ...], smearing: float, acceptance: float
) -> UnfoldingPair:
    """Events of one class with more smearing of each observable, and fewer soft jets measured.

    Args:
        name, smearing, acceptance: as in `counted`.
        observables: the quantities of the answer.
    """
    sample = events()[name]
    true, measured = sample.columns(*observables)
    if smearing:
        noise = np.stack([_noise(one, len(sample)) for one in observables], axis=1)
        spreads = np.array([spread(one) for one in observables])
        measured = measured + smearing * spreads * noise
    measured_ok = sample.measured_ok
    if acceptance < 1:
        measured_ok = measured_ok & _accepted(sample, acceptance)
    there = sample.true_ok | measured_ok
    return UnfoldingPair(
        true[there],
        measured[there],
        observables,
        true_ok=sample.true_ok[there],
        measured_ok=measured_ok[there],
    )


def _noise(observable: str, n: int) -> np.ndarray:
    """Gaussian noise (n,), another one for each observable."""
    return np.random.default_rng([SEED, list(OBSERVABLES).index(observable)]).normal(size=n)


def _accepted(sample: UnfoldingPair, acceptance: float) -> np.ndarray:
    """Which events (N,) stay: `acceptance` of the soft jets, all of the hard ones."""
    pt = sample.columns("pt")[1][:, 0]
    low, high = TURN_ON
    chance = np.interp(np.nan_to_num(pt), [low, high], [acceptance, 1.0])
    return np.random.default_rng(SEED).random(len(sample)) < chance


@lru_cache(maxsize=len(OBSERVABLES))
def spread(observable: str) -> float:
    """Standard deviation of the measured value in the simulation, in units of the observable."""
    _, measured = events()["simulation"].columns(observable)
    return float(np.nanstd(measured))
