"""Publishing an unbinned result: simulated true events, their weights and replicas in one file.

Whoever reads it can compute an observable that nobody thought of at the time, with its covariance.
What such a file should hold is proposed by M. Arratia et al., arXiv:2109.13243.
The format is safetensors: numbers only, nothing that a reader would execute.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from hepml_lite.files import atomic_write
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.unfolding.reweighted import Replica, ReweightedEvents

FORMAT = "hepml_lite unbinned unfolding 1"
ARRAYS = ("truth", "weights", "n_true", "replica_weights", "replica_n_true")


@dataclass(frozen=True)
class PublishedResult:
    """An unbinned measurement.

    Attributes:
        truth: (N, F), the true quantities of the simulated events; NaN for fakes.
        quantities: the names of the F columns.
        events: weights, replicas and the number of true events.
        description: what was measured: data, selection, units, simulation.

    Raises:
        ValueError: numbers of events or of quantities that differ, also in a replica, or weights
            that are not finite.
    """

    truth: np.ndarray
    quantities: tuple[str, ...]
    events: ReweightedEvents
    description: str = ""

    def __post_init__(self) -> None:
        expected = (len(self.events.weights), len(self.quantities))
        if np.shape(self.truth) != expected:
            raise ValueError(
                f"truth has shape {np.shape(self.truth)}; expected {expected}: one row for each "
                "weight, one column for each name in quantities"
            )
        _require_weights("the result", self.events.weights, self.events.n_true, expected[0])
        for number, replica in enumerate(self.events.replicas):
            _require_weights(f"replica {number}", replica.weights, replica.n_true, expected[0])

    def column(self, quantity: str) -> np.ndarray:
        """The true values of one quantity, (N,).

        Raises:
            ValueError: an unknown name.
        """
        if quantity not in self.quantities:
            raise ValueError(f"no quantity {quantity!r}; choose one of {self.quantities}")
        return self.truth[:, self.quantities.index(quantity)]

    def histogram(self, observable: str | ArrayLike, edges: ArrayLike) -> np.ndarray:
        """Number of true events in each bin, (B,), of a stored or of a new observable.

        Args:
            observable: the name of a quantity, or values (N,) computed from the columns.
            edges: (B + 1,).
        """
        return self.events.histogram(self._values(observable), edges)

    def covariance(self, observable: str | ArrayLike, edges: ArrayLike) -> np.ndarray:
        """Covariance (B, B) of `histogram` over the replicas, as `ReweightedEvents.covariance`."""
        return self.events.covariance(self._values(observable), edges)

    def _values(self, observable: str | ArrayLike) -> np.ndarray:
        if isinstance(observable, str):
            return self.column(observable)
        return as_floats("observable", observable)

    def save(self, path: str | Path) -> Path:
        """Write all of it but the history of the iterations.

        Raises:
            OSError: the file cannot be written.
        """
        replicas = self.events.replicas
        tensors = {
            "truth": np.ascontiguousarray(self.truth),
            "weights": self.events.weights,
            "n_true": np.array([self.events.n_true]),
            "replica_weights": np.array([replica.weights for replica in replicas]),
            "replica_n_true": np.array([replica.n_true for replica in replicas]),
        }
        metadata = {
            "format": FORMAT,
            "quantities": json.dumps(list(self.quantities)),
            "description": self.description,
        }
        with atomic_write(path) as temporary:
            save_file(tensors, temporary, metadata)
        return Path(path)


def _require_weights(name: str, weights: np.ndarray, n_true: float, n_events: int) -> None:
    """Raise ValueError unless there is one finite weight an event, and a finite number of them."""
    if np.shape(weights) != (n_events,):
        raise ValueError(
            f"weights of {name} have shape {np.shape(weights)} for {n_events} events: give one "
            "for each"
        )
    if not (np.isfinite(weights).all() and np.isfinite(n_true)):
        raise ValueError(f"weights or the number of events of {name} are NaN or infinite")


def load_published(path: str | Path) -> PublishedResult:
    """Read what `PublishedResult.save` wrote; the history holds the final weights alone.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or incomplete, or holds something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: write it with PublishedResult(...).save")
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} cannot be read ({error}): fetch it again") from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} holds no unbinned unfolding: its format is not {FORMAT!r}")
    missing = [name for name in ARRAYS if name not in arrays]
    missing += [name for name in ("quantities", "description") if name not in metadata]
    if missing:
        raise ValueError(f"{path} is incomplete: {', '.join(missing)} is missing; fetch it again")
    if len(arrays["replica_weights"]) != len(arrays["replica_n_true"]):
        raise ValueError(
            f"{path} has weights of {len(arrays['replica_weights'])} replicas and "
            f"{len(arrays['replica_n_true'])} numbers of true events: fetch it again"
        )
    replicas = tuple(
        Replica(weights, float(number))
        for weights, number in zip(arrays["replica_weights"], arrays["replica_n_true"], strict=True)
    )
    weights = arrays["weights"]
    events = ReweightedEvents(weights, weights[None, :], float(arrays["n_true"][0]), replicas)
    quantities = tuple(json.loads(metadata["quantities"]))
    return PublishedResult(arrays["truth"], quantities, events, metadata["description"])
