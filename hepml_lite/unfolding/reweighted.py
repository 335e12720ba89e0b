"""What methods return that unfold by giving simulated events new weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_edges
from hepml_lite.statistics.two_sample import effective_sample_size


@dataclass(frozen=True)
class Replica:
    """One unfolding of fluctuated data with a fluctuated simulation.

    Attributes:
        weights: (N,) of the simulated true events; their sum is that of the generator weights.
        n_true: estimated number of true events in the data.
    """

    weights: np.ndarray
    n_true: float


@dataclass(frozen=True)
class ReweightedEvents:
    """Simulated events with the weights that make them look like nature before the detector.

    Attributes:
        weights: (N,), generator weights included, zero for fakes. Their sum is that of the
            generator weights of the true events, so that they are the generator weights where
            simulation and nature agree.
        history: (n + 1, N), the weights after each iteration; the first are the generator's.
        n_true: estimated number of true events in the data: fakes taken out, missed ones added.
        replicas: bootstraps of data and simulation, for covariances; may be empty.
    """

    weights: np.ndarray
    history: np.ndarray
    n_true: float
    replicas: tuple[Replica, ...] = ()

    @property
    def effective_sample_size(self) -> float:
        """(Σw)² / Σw² of the weights: so many events of equal weight have the same errors."""
        return effective_sample_size(self.weights)

    def histogram(self, values: ArrayLike, edges: ArrayLike) -> np.ndarray:
        """Unfolded number of events in each bin, (B,); they sum to `n_true` if all are inside.

        Args:
            values: (N,) of any observable of the true events, also one that was not unfolded;
                those of fakes do not count.
            edges: (B + 1,) of the bins.

        Raises:
            ValueError: another number of values, NaN among those of true events, or edges that do
                not rise.
        """
        return _histogram(self.weights, self.n_true, values, edges)

    def covariance(self, values: ArrayLike, edges: ArrayLike) -> np.ndarray:
        """Covariance (B, B) of `histogram`, from the replicas.

        It contains the statistics of data and simulation, and the randomness of the trainings. It
        does not contain the bias towards the simulation.

        Raises:
            ValueError: fewer than two replicas, or as `histogram`.
        """
        return np.cov(self._of_replicas(values, edges), rowvar=False).reshape(
            len(np.asarray(edges)) - 1, -1
        )

    def _of_replicas(self, values: ArrayLike, edges: ArrayLike) -> np.ndarray:
        if len(self.replicas) < 2:
            raise ValueError(
                f"{len(self.replicas)} replicas: a covariance needs two, better 50; unfold with "
                "n_replicas=50"
            )
        return np.array([_histogram(r.weights, r.n_true, values, edges) for r in self.replicas])


def _histogram(
    weights: np.ndarray, n_true: float, values: ArrayLike, edges: ArrayLike
) -> np.ndarray:
    numbers = as_floats("values", values)
    if weights.ndim == 1 and not weights.any():
        raise ValueError("all weights are zero: nothing was unfolded; look at the data's weights")
    if numbers.shape != weights.shape:
        raise ValueError(
            f"values have shape {numbers.shape} for {len(weights)} simulated events: give one true "
            "value an event, (N,)"
        )
    edge = checked_edges("edges", edges)
    counted = weights != 0
    n_missing = int(np.isnan(numbers[counted]).sum())
    if n_missing:
        raise ValueError(
            f"{n_missing} values of true events are NaN and belong to no bin: give the values of "
            "all true events, or weight zero to those that have none"
        )
    heights, _ = np.histogram(numbers[counted], edge, weights=weights[counted])
    return heights * (n_true / weights.sum())
