"""Spectral EMD: the distance of two jets' spectra of pair distances, in closed form.

The spectral function of a jet, s(omega) = sum_ij z_i z_j delta(omega - Delta R_ij), is the
energy-weighted distribution of the distances between its particles (i = j included; Larkoski,
Thaler, arXiv:2305.03751). It is a distribution on a line, where sorting solves optimal transport.
With the cumulative functions F and G of two spectra, the p = 2 distance is

SEMD^2 = int_0^1 (F^-1(u) - G^-1(u))^2 du = <omega^2>_F + <omega^2>_G - 2 int_0^1 F^-1 G^-1 du.

F^-1 has the value omega_k for F_{k-1} < u < F_k, so that the last integral is

sum_kl omega_k omega_l ReLU(min(F_k, G_l) - max(F_{k-1}, G_{l-1})),

the closed form of SPECTER (Gambhir, Larkoski, Thaler, arXiv:2410.05379). Only n + m of its terms
are not zero. Let H(u) = int_0^u G^-1, a polygon through the points (G_l, H_l). Summation by parts
gives omega_n H(1) - sum_k H(F_k) (omega_{k+1} - omega_k): one interpolation in a sorted table.

A moved, turned or mirrored jet has the same spectrum, so no alignment is needed. SEMD (the root) is
a metric of spectra, in units of Delta R. Where it should be zero, rounding gives about 1e-7.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.spatial.distance import pdist

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.distances.energy_movers_distance import particles

BLOCK = 32  # jets whose tables are merged: a compromise of speed and memory


@dataclass(frozen=True, eq=False)
class Spectra:
    """Spectral functions of N jets; a jet of n particles has K = 1 + n (n - 1) / 2 entries."""

    omega: Sequence[np.ndarray]  # N arrays (K,): distances, ascending from the 0 of i = j
    cumulative: Sequence[np.ndarray]  # N arrays (K,): sum of z_i z_j up to that distance; ends at 1

    def __len__(self) -> int:
        return len(self.omega)

    def __getitem__(self, index: slice | Sequence[int] | np.ndarray) -> Self:
        """Spectra chosen by a slice, positions or a boolean mask (N,)."""
        chosen = np.arange(len(self))[index]
        return type(self)([self.omega[i] for i in chosen], [self.cumulative[i] for i in chosen])

    @cached_property
    def moment(self) -> list[np.ndarray]:
        """H at each entry, N arrays (K,): the sum of z_i z_j Delta R_ij up to that distance."""
        return [np.cumsum(w * o) for o, w in zip(self.omega, self._weights(), strict=True)]

    @cached_property
    def mean_square(self) -> np.ndarray:
        """<omega^2> of each jet, (N,)."""
        squares = (w @ o**2 for o, w in zip(self.omega, self._weights(), strict=True))
        return np.fromiter(squares, float, len(self))

    def _weights(self) -> Iterator[np.ndarray]:
        return (np.diff(c, prepend=0) for c in self.cumulative)


def spectrum(jets: Jets) -> Spectra:
    """The spectral functions of jets, with z = pT / sum of pT and Delta R in the eta-phi plane.

    They take 16 bytes for each pair of particles (30 kB for a jet of 60), and twice that in use.
    """
    made = [_spectral_function(jet) for jet in particles(jets)]
    return Spectra([omega for omega, _ in made], [cumulative for _, cumulative in made])


def spectral_emd(first: Spectra, second: Spectra) -> np.ndarray:
    """Distance of each jet of `first` from the jet in the same row of `second`, (N,).

    Raises:
        ValueError: if the numbers of jets differ.
    """
    if len(first) != len(second):
        raise ValueError(
            f"{len(first)} and {len(second)} spectra: give equal numbers, or use "
            "spectral_emd_matrix"
        )
    cross = [_cross_term(first, second, i) for i in range(len(first))]
    return _root(first.mean_square + second.mean_square - 2 * np.array(cross, float))


def spectral_emd_matrix(spectra: Spectra, others: Spectra | None = None) -> np.ndarray:
    """Distances of all jets from all `others`, (N, M); without `others` from each other, (N, N)."""
    if others is None:
        return _symmetric_matrix(spectra)
    cross = np.empty((len(spectra), len(others)))
    for start in range(0, len(spectra), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(spectra)))
        cross[rows] = _cross_terms(spectra, rows, others, np.arange(len(others)))
    return _root(spectra.mean_square[:, None] + others.mean_square - 2 * cross)


def quantile_functions(spectra: Spectra, cells: int = 256) -> np.ndarray:
    """Vectors (N, cells) whose Euclidean distance is the spectral EMD with finite resolution.

    They are F^-1 averaged over equal cells of u, divided by the root of their number. The distance
    of two vectors never exceeds the exact one and converges to it. With 256 cells it is 0.2 % too
    small for a typical pair, more for close ones. Use them for millions of pairs.

    Raises:
        ValueError: if cells is below 1.
    """
    if cells < 1:
        raise ValueError(f"cells = {cells}: give at least 1; 256 are usual")
    edges = np.linspace(0, 1, cells + 1)
    table = zip(spectra.cumulative, spectra.moment, strict=True)
    vectors = [np.diff(np.interp(edges, f, h)) * np.sqrt(cells) for f, h in table]
    return np.array(vectors).reshape(len(spectra), cells)


def _spectral_function(jet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """omega and cumulative, (K,) each, of the particles (n, 3) of one jet."""
    z = jet[:, 0] / jet[:, 0].sum()
    distance = pdist(jet[:, 1:])  # (K - 1,)
    order = np.argsort(distance)
    upper = np.triu_indices(len(z), 1)
    pairs = 2 * z[upper[0]] * z[upper[1]]
    cumulative = np.cumsum(np.append(z @ z, pairs[order]))
    return np.append(0.0, distance[order]), cumulative / cumulative[-1]


def _cross_term(first: Spectra, second: Spectra, i: int) -> float:
    """int F^-1 G^-1 du for one row; the shorter table is looked up in the longer one."""
    if len(first.omega[i]) > len(second.omega[i]):
        first, second = second, first
    omega = first.omega[i]
    table = second.moment[i]
    steps = np.interp(first.cumulative[i][:-1], second.cumulative[i], table)
    return omega[-1] * table[-1] - steps @ np.diff(omega)


def _cross_terms(
    spectra: Spectra, rows: np.ndarray, others: Spectra, columns: np.ndarray
) -> np.ndarray:
    """int F^-1 G^-1 du for a block of jets against others, (rows, columns).

    The entries of the block are merged into one ascending list and looked up in one call. This is
    several times faster, because neighbours in the list are close in the table.
    """
    entries = np.concatenate([spectra.cumulative[i][:-1] for i in rows])
    order = np.argsort(entries)
    entries = entries[order]
    steps = np.concatenate([np.diff(spectra.omega[i]) for i in rows])[order]
    owner = np.repeat(np.arange(len(rows)), [len(spectra.omega[i]) - 1 for i in rows])[order]
    last = np.array([spectra.omega[i][-1] for i in rows])
    cross = np.empty((len(rows), len(columns)))
    for column, j in enumerate(columns):
        found = np.interp(entries, others.cumulative[j], others.moment[j])
        lost = np.bincount(owner, found * steps, minlength=len(rows))
        cross[:, column] = last * others.moment[j][-1] - lost
    return cross


def _symmetric_matrix(spectra: Spectra) -> np.ndarray:
    """All distances of a sample; for each pair the shorter table is looked up in the longer one."""
    n = len(spectra)
    order = np.argsort([len(omega) for omega in spectra.omega], kind="stable")
    matrix = np.zeros((n, n))
    for start in range(0, n, BLOCK):
        rows = order[start : start + BLOCK]
        columns = order[start:]
        cross = _cross_terms(spectra, rows, spectra, columns)
        squares = spectra.mean_square[rows][:, None] + spectra.mean_square[columns]
        distances = _root(squares - 2 * cross)
        matrix[np.ix_(rows, columns)] = distances
        matrix[np.ix_(columns, rows)] = distances.T
    np.fill_diagonal(matrix, 0)
    return (matrix + matrix.T) / 2  # within a block, rounding depends on the direction


def _root(square: np.ndarray) -> np.ndarray:
    """The root of squares that rounding may have made negative."""
    return np.sqrt(np.maximum(square, 0))
