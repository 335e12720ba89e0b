"""Simulated events at both levels, as methods without bins take them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.jets import Jets
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.containers.validation import texts
from hepml_lite.densities.labelled_rows import Sample
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.statistics.data_checks import as_array, as_floats

TYPICAL_PT = 100.0  # GeV


@dataclass(frozen=True)
class SimulatedEvents:
    """N simulated events: what is true, what is measured, and how much each counts.

    Attributes:
        true: a table (N, D), or sets of particles as (features (N, P, F), mask (N, P)). Rows
            outside the selection may hold NaN.
        measured: a table (N, E) or sets; the features need not be those of `true`.
        weights: (N,) of the generator.
        true_ok: (N,) bool, in the selection at particle level; the others are fakes.
        measured_ok: (N,) bool, in the selection at detector level; the others are missed.
    """

    true: Sample
    measured: Sample
    weights: np.ndarray
    true_ok: np.ndarray
    measured_ok: np.ndarray

    @classmethod
    def of(
        cls,
        true: Sample,
        measured: Sample,
        weights: ArrayLike | None = None,
        true_ok: ArrayLike | None = None,
        measured_ok: ArrayLike | None = None,
    ) -> Self:
        """Events from arrays; weights are one and all events in both selections by default.

        Raises:
            ValueError: no arrays of real numbers, lengths that differ, NaN in events of the
                selection, weights that are not finite, flags that are not boolean, or no event in
                both selections.
        """
        true = checked_level("true", true)
        measured = checked_level("measured", measured)
        n = n_rows(true)
        if n_rows(measured) != n:
            raise ValueError(
                f"true has {n} events and measured has {n_rows(measured)}: give both levels of the "
                "same events in the same order"
            )
        events = cls(
            true, measured, _weights(weights, n), _flags("true_ok", true_ok, n),
            _flags("measured_ok", measured_ok, n),
        )  # fmt: skip
        _require_finite("true", true, events.true_ok)
        _require_finite("measured", measured, events.measured_ok)
        if events.matched.sum() < 2:
            raise ValueError(
                f"{events.matched.sum()} of {n} simulated events are both true and measured: an "
                "unfolding learns from these; check the selections"
            )
        return events

    @classmethod
    def of_pair(cls, pair: UnfoldingPair, quantities: Sequence[str] | None = None) -> Self:
        """The events of a container, with some of its quantities (default: all) at both levels.

        Raises:
            TypeError: another kind of pair.
            ValueError: an unknown quantity, or as `of`.
        """
        if not isinstance(pair, UnfoldingPair):
            raise TypeError(
                f"pair is {type(pair).__name__}: give an UnfoldingPair, as of 'zjets_unfolding'; "
                "of arrays make SimulatedEvents.of(true, measured)"
            )
        names = pair.quantities if quantities is None else texts("quantities", quantities)
        if not names:
            raise ValueError("quantities is empty: give names, or None for all of them")
        true, measured = pair.columns(*names)
        return cls.of(true, measured, pair.weight, pair.true_ok, pair.measured_ok)

    @classmethod
    def of_jets(
        cls, true: Jets, measured: Jets, weights: ArrayLike | None = None
    ) -> "SimulatedEvents":
        """Pairs of jets as sets of particles, for OmniFold on constituents.

        Give `model="deep_sets"` to the method, and `constituents_of(jets)` of the data to `unfold`.

        Args:
            true: N jets before the detector.
            measured: the same jets after it; the numbers of slots may differ.
            weights: (N,) of the generator.

        Raises:
            TypeError: other objects than `Jets`.
            ValueError: different numbers of jets, or as `of`.
        """
        return cls.of(constituents_of(true), constituents_of(measured), weights)

    @classmethod
    def from_simulation(
        cls,
        simulation: "UnfoldingPair | SimulatedEvents",
        quantities: Sequence[str] | None = None,
    ) -> "SimulatedEvents":
        """What `fit` of each method takes: a container, or events that are made already.

        Args:
            simulation: a container of pairs, or events.
            quantities: of a container; None: all.

        Raises:
            TypeError: another kind of simulation.
            ValueError: quantities of events, which have no names, or as `of_pair`.
        """
        if isinstance(simulation, UnfoldingPair):
            return cls.of_pair(simulation, quantities)
        if not isinstance(simulation, SimulatedEvents):
            raise TypeError(
                f"simulation is {type(simulation).__name__}: give an UnfoldingPair, or "
                "SimulatedEvents.of(true, measured)"
            )
        if quantities is not None:
            raise ValueError(
                f"quantities={quantities!r} belong to an UnfoldingPair: the columns of "
                "SimulatedEvents have no names; leave quantities out"
            )
        return simulation

    def __len__(self) -> int:
        return len(self.weights)

    def only_matched(self) -> Self:
        """The events in both selections."""
        chosen = self.matched
        true = rows_of(self.true, chosen)
        measured = rows_of(self.measured, chosen)
        return type(self).of(true, measured, self.weights[chosen])

    @property
    def matched(self) -> np.ndarray:
        """Which events are in both selections, (N,) bool."""
        return self.true_ok & self.measured_ok

    @property
    def missed(self) -> np.ndarray:
        """Which events are true but not measured, (N,) bool."""
        return self.true_ok & ~self.measured_ok

    @property
    def fake(self) -> np.ndarray:
        """Which events are measured but not true, (N,) bool."""
        return self.measured_ok & ~self.true_ok


def constituents_of(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """What a classifier sees of jets: features (N, P, 4) of each particle, and mask (N, P).

    The features are the particle's share of the jet's pT and its Δη and Δφ to the jet, over typical
    sizes, as in `networks.inputs.network_inputs`, and ln(pT of the jet / 100 GeV), the same for all
    particles of a jet. The shares alone would not know the scale.

    Raises:
        TypeError: another object than `Jets`.
    """
    features, mask = network_inputs(jets)
    scale = np.log(jets.pt / TYPICAL_PT)
    of_particles = np.where(mask, scale[:, None], 0.0)
    return np.concatenate([features, of_particles[..., None]], axis=-1), mask


def checked_level(name: str, sample: Sample) -> Sample:
    """The arrays of one level: a table, (N,) or (N, D), or a tuple (features, mask).

    Raises:
        ValueError: another number of axes, or no real numbers.
    """
    if isinstance(sample, tuple):
        if len(sample) != 2:
            raise ValueError(f"{name} is a tuple of {len(sample)}: give (features, mask)")
        return as_array(f"features of {name}", sample[0]), as_array(f"mask of {name}", sample[1])
    table = as_array(name, sample)
    if table.dtype.kind not in "biuf" or table.ndim not in (1, 2):
        raise ValueError(
            f"{name} holds {table.dtype} of shape {table.shape}: give real numbers (N, D), or sets "
            "as (features, mask)"
        )
    return table


def _require_finite(name: str, sample: Sample, selected: np.ndarray) -> None:
    """Raise ValueError if an event in the selection has NaN or infinite numbers."""
    numbers = np.asarray(sample[0] if isinstance(sample, tuple) else sample)[selected]
    wrong = int((~np.isfinite(numbers)).sum())
    if wrong:
        raise ValueError(
            f"{wrong} numbers of {name} are NaN or infinite in events of the selection: set "
            f"{name}_ok to False for these events, or remove them"
        )


def n_rows(sample: Sample) -> int:
    """How many events a table or a tuple (features, mask) holds."""
    return len(sample[0]) if isinstance(sample, tuple) else len(np.asarray(sample))


def rows_of(sample: Sample, chosen: np.ndarray) -> Sample:
    """Some events of a table or of a tuple (features, mask)."""
    if isinstance(sample, tuple):
        features, mask = sample
        return np.asarray(features)[chosen], np.asarray(mask)[chosen]
    return np.asarray(sample)[chosen]


def as_table(sample: Sample) -> np.ndarray:
    """A sample that must be a table (N, D), for methods that take no sets.

    Raises:
        ValueError: sets of particles, or a table without an axis of features.
    """
    if isinstance(sample, tuple):
        raise ValueError(
            "the events are sets of particles: this method takes tables (N, D); give observables"
        )
    table = np.asarray(sample, float)
    if table.ndim != 2:
        raise ValueError(f"the events have shape {table.shape}: give a table (N, D)")
    return table


def joined(first: Sample, second: Sample) -> Sample:
    """The events of two samples of the same kind, one after the other."""
    if isinstance(first, tuple) and isinstance(second, tuple):
        features = np.concatenate([np.asarray(first[0]), np.asarray(second[0])])
        return features, np.concatenate([np.asarray(first[1]), np.asarray(second[1])])
    return np.concatenate([np.asarray(first), np.asarray(second)])


def _weights(weights: ArrayLike | None, n: int) -> np.ndarray:
    if weights is None:
        return np.ones(n)
    numbers = as_floats("weights", weights)
    if numbers.shape != (n,) or not np.isfinite(numbers).all() or numbers.sum() <= 0:
        raise ValueError(
            f"weights have shape {numbers.shape} and sum to {numbers.sum():g} for {n} events: give "
            "one finite generator weight an event, with a positive sum"
        )
    return numbers


def _flags(name: str, flags: ArrayLike | None, n: int) -> np.ndarray:
    if flags is None:
        return np.ones(n, bool)
    given = as_array(name, flags)
    if given.shape != (n,) or given.dtype != bool:
        raise ValueError(f"{name} is {given.dtype} of shape {given.shape}: give bool of ({n},)")
    return given
