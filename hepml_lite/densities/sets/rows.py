"""The sets that a density is fitted to, checked in one place: particles, mask, conditions."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from hepml_lite.densities.rows import checked_rows
from hepml_lite.statistics.data_checks import as_floats

# (x, mask, condition, weights) of validation sets; None where there is none
SetValidation = tuple[ArrayLike, ArrayLike | None, ArrayLike | None, ArrayLike | None]


@dataclass(frozen=True)
class Sets:
    """Sets of particles.

    Attributes:
        particles: (N, P, F); what stands in padded slots has no meaning.
        mask: (N, P), True where a particle is real.
        condition: (N, C); C is 0 where nothing is given.
        weights: (N,), zero or positive, of mean one.
    """

    particles: np.ndarray
    mask: np.ndarray
    condition: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.particles)

    def __getitem__(self, chosen: np.ndarray) -> Self:
        return type(self)(
            self.particles[chosen],
            self.mask[chosen],
            self.condition[chosen],
            self.weights[chosen],
        )

    def split(self, share: float, rng: np.random.Generator) -> tuple[Self, Self]:
        """Two parts in random order; the second holds this share of the sets, at least one."""
        order = rng.permutation(len(self))
        n_second = max(1, round(share * len(self)))
        return self[order[n_second:]], self[order[:n_second]]

    @property
    def real_particles(self) -> np.ndarray:
        """Real particles of all sets, one a row (M, F)."""
        return self.particles[self.mask]


def checked_sets(
    x: ArrayLike,
    mask: ArrayLike | None = None,
    condition: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Sets:
    """The sets to fit; weights are scaled to mean one.

    Args:
        x: particles (N, P, F).
        mask: (N, P); None: all particles are real.
        condition: (N, C).
        weights: (N,); None: one for every set.

    Raises:
        ValueError: other shapes, fewer than two sets, no real particle, or one that is NaN or
            infinite; conditions or weights that cannot be fitted.
    """
    particles = as_floats("x", x)
    if particles.ndim != 3 or 0 in particles.shape:
        raise ValueError(f"x has shape {particles.shape}: give particles (N, P, F)")
    real = np.ones(particles.shape[:2], bool) if mask is None else np.asarray(mask)
    if real.dtype != bool or real.shape != particles.shape[:2]:
        raise ValueError(
            f"mask is {real.dtype} of shape {real.shape} for x {particles.shape}: give bool "
            "(N, P), True where a particle is real"
        )
    _require_finite(particles, real)
    if not real.any():
        raise ValueError("mask is False everywhere: no particle is left; was it inverted?")
    rows = checked_rows(real.sum(1), condition, weights)
    return Sets(particles, real, rows.condition, rows.weights)


def require_same_sets(sets: Sets, validation: Sets) -> None:
    """Refuse validation sets of another kind than the sets of the fit.

    Raises:
        ValueError: other slots, features or conditions.
    """
    expected = (*sets.particles.shape[1:], sets.condition.shape[1])
    found = (*validation.particles.shape[1:], validation.condition.shape[1])
    if found != expected:
        raise ValueError(
            f"validation has {found} slots, features and conditions, and the fit {expected}: give "
            "sets of the same shape"
        )


def checked_numbers(n_particles: ArrayLike, shape: tuple[int, ...], most: int) -> Tensor:
    """Numbers of particles of all sets in a row, int64.

    Args:
        n_particles: one number for all sets, or an array of `shape`.
        shape: of the sets.
        most: slots of a set.

    Raises:
        ValueError: numbers that are not whole, negative, or above `most`; another shape.
    """
    given = as_floats("n_particles", n_particles)
    if given.ndim and given.shape != shape:
        raise ValueError(
            f"n_particles has shape {given.shape} for sets of shape {shape}: give one number, or "
            "one for each set"
        )
    numbers = np.broadcast_to(given, shape).ravel()
    if (numbers != np.round(numbers)).any() or numbers.min() < 0 or numbers.max() > most:
        raise ValueError(
            f"n_particles goes from {numbers.min():g} to {numbers.max():g}: give whole numbers "
            f"from 0 to {most}, the most that a set of the fit has slots for"
        )
    return torch.as_tensor(numbers.astype(np.int64))


def _require_finite(particles: np.ndarray, real: np.ndarray) -> None:
    wrong = np.argwhere(real & ~np.isfinite(particles).all(2))
    if len(wrong):
        jet, particle = wrong[0]
        raise ValueError(
            f"x of {len(wrong)} real particles is NaN or infinite, the first is particle "
            f"{particle} of set {jet}: correct them, or set their mask to False"
        )
