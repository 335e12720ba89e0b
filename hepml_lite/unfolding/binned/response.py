"""The response of a detector in bins, counted from simulated events: migrations, misses, fakes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.statistics.data_checks import checked_edges
from hepml_lite.unfolding.binned.inputs import checked_covariance, checked_matrix, checked_spectrum


@dataclass(frozen=True)
class Response:
    """Simulated events in M measured and T true bins.

    Attributes:
        counts: (M, T), events measured in bin i and true in bin j; sums of weights.
        truth: (T,), all true events, missed ones included.
        fakes: (M,), events that are measured but not true.
        squared_weights: (T,), sums of squared weights of the true events.
    """

    counts: np.ndarray
    truth: np.ndarray
    fakes: np.ndarray
    squared_weights: np.ndarray

    @property
    def matrix(self) -> np.ndarray:
        """P(measured in bin i | true in bin j), (M, T); a column sums to the efficiency."""
        return self.counts / np.where(self.truth > 0, self.truth, 1)

    @property
    def efficiency(self) -> np.ndarray:
        """Share of the true events of each bin that is measured, (T,)."""
        return self.matrix.sum(axis=0)

    @property
    def measured(self) -> np.ndarray:
        """All measured events of the simulation, (M,), fakes included."""
        return self.counts.sum(axis=1) + self.fakes

    @property
    def matched_share(self) -> np.ndarray:
        """Share of the measured events that are true, (M,); 1 where nothing is measured."""
        everything = self.measured
        matched = self.counts.sum(axis=1)
        return np.where(everything > 0, matched, 1) / np.where(everything > 0, everything, 1)

    @property
    def n_simulated(self) -> np.ndarray:
        """Effective number of true events, (Σw)² / Σw² in each bin (T,)."""
        squares = np.where(self.squared_weights > 0, self.squared_weights, 1)
        return self.truth**2 / squares

    def without_fakes(
        self, measured: ArrayLike, covariance: ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """A measured spectrum (M,) and its covariance (M, M), scaled by the matched share.

        The share of fakes of each measured bin is taken from the simulation. Then their number
        follows the data, as the background from the same process does. A background of another
        process is subtracted before.

        Raises:
            ValueError: as the checks of spectrum and covariance.
        """
        spectrum = checked_spectrum("measured", measured, len(self.counts))
        variance = checked_covariance(covariance, spectrum)
        share = self.matched_share
        return share * spectrum, variance * np.outer(share, share)


def response_of_events(
    simulation: UnfoldingPair,
    quantity: str,
    measured_edges: ArrayLike,
    true_edges: ArrayLike | None = None,
) -> Response:
    """The response of one quantity, counted from simulated events with their weights.

    An event outside the range of the true bins counts as a fake, one outside the range of the
    measured bins as missed; open outermost bins (with edges ±inf) avoid both.

    Args:
        simulation: N events at both levels.
        quantity: a name of `simulation.quantities`.
        measured_edges: (M + 1,), in units of the quantity.
        true_edges: (T + 1,); None: the measured ones.

    Raises:
        ValueError: an unknown quantity, or edges that do not rise.
    """
    edges_measured = checked_edges("measured_edges", measured_edges)
    edges_true = edges_measured
    if true_edges is not None:
        edges_true = checked_edges("true_edges", true_edges)
    true, measured = simulation.columns(quantity)
    rows = bin_numbers(measured[:, 0], edges_measured)
    columns = bin_numbers(true[:, 0], edges_true)
    weights = np.ones(len(simulation)) if simulation.weight is None else simulation.weight
    n_rows = len(edges_measured) - 1
    n_columns = len(edges_true) - 1
    both = (rows >= 0) & (columns >= 0)
    counts = np.zeros((n_rows, n_columns))
    np.add.at(counts, (rows[both], columns[both]), weights[both])
    true_there = columns >= 0
    fake = (rows >= 0) & (columns < 0)
    return Response(
        counts=checked_matrix("counts of the response", counts),
        truth=np.bincount(columns[true_there], weights[true_there], n_columns),
        fakes=np.bincount(rows[fake], weights[fake], n_rows),
        squared_weights=np.bincount(columns[true_there], weights[true_there] ** 2, n_columns),
    )


def bin_numbers(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The bin of each value (N,), −1 for NaN and outside; the last bin holds its upper edge."""
    numbers = np.searchsorted(edges, values, side="right") - 1
    numbers[values == edges[-1]] = len(edges) - 2
    outside = ~((values >= edges[0]) & (values <= edges[-1]))
    numbers[outside] = -1
    return numbers
