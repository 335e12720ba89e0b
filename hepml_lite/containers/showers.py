"""Showers: energy in the voxels of a layered, cylindrical calorimeter."""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from hepml_lite.containers.rows import Rows
from hepml_lite.containers.stored_steps import VOXEL_LOG_STEP, spread_logarithm
from hepml_lite.containers.validation import (
    checked_rng,
    real_numbers,
    require_finite,
    require_shape,
    table,
)


@dataclass(frozen=True)
class Layer:
    """One layer of the calorimeter: rings around the shower axis, each with equal angular cells."""

    radii: tuple[float, ...]  # edges of the rings, R + 1 of them
    n_angles: int
    depth: tuple[float, float]  # where the layer begins and ends along the axis

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of angles and of rings."""
        return self.n_angles, len(self.radii) - 1


@dataclass(frozen=True)
class Geometry:
    """The layers in the order in which a particle crosses them, and the units of the lengths."""

    layers: tuple[Layer, ...]
    depth_unit: str
    radius_unit: str

    @property
    def n_voxels(self) -> int:
        """Number of voxels in all layers together."""
        return int(sum(np.prod(layer.shape) for layer in self.layers))

    @property
    def is_regular(self) -> bool:
        """Whether all layers are divided in the same way, so that the voxels form an array."""
        return len({(layer.radii, layer.n_angles) for layer in self.layers}) == 1

    @classmethod
    def regular(
        cls,
        depths: np.ndarray,
        n_angles: int,
        radii: np.ndarray,
        depth_unit: str,
        radius_unit: str,
    ) -> "Geometry":
        """Layers between the L + 1 edges `depths`, all divided in the same way."""
        edges = [float(d) for d in depths]
        rings = tuple(float(r) for r in radii)
        layers = tuple(Layer(rings, n_angles, pair) for pair in itertools.pairwise(edges))
        return cls(layers, depth_unit, radius_unit)


@dataclass(frozen=True, eq=False, repr=False)
class Showers(Rows):
    """N showers, each the response to one particle that hits the calorimeter head-on.

    Attributes:
        voxels: (N, V) float32, energy deposited [GeV]; layer by layer, within a layer angle by
            angle, within an angle from the inside out (as in the CaloChallenge, arXiv:2410.21611).
        energy: (N,) float32, energy of the incident particle [GeV].
        geometry: the arrangement of the V voxels.
        label, names, card: as in `Rows`.

    Raises:
        ValueError: for wrong shapes, NaN, infinite or negative energies; the message names the
            offending row.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("voxels", "energy", "label")

    voxels: np.ndarray
    energy: np.ndarray
    geometry: Geometry

    def __post_init__(self) -> None:
        voxels = table("voxels", self.voxels)
        energy = real_numbers("energy", self.energy)
        require_shape("voxels", voxels, (len(voxels), self.geometry.n_voxels), each="voxel")
        require_shape("energy", energy, (len(voxels),), each="shower")
        require_finite(voxels)
        require_finite(energy[:, None])
        if voxels.min(initial=0) < 0 or energy.min(initial=0) < 0:
            row = np.argmax((voxels < 0).any(axis=1) | (energy < 0))
            raise ValueError(f"row {row} has a negative energy; clip noise at zero first")
        self._settle(voxels=voxels, energy=energy)

    @cached_property
    def deposited(self) -> np.ndarray:
        """Energy in all voxels together [GeV], (N,) float64."""
        return self.voxels.sum(axis=1, dtype=float)

    def dequantised(self, rng: int | np.random.Generator = 0) -> Self:
        """The same showers with a jitter that undoes the rounding of the stored voxels.

        The logarithm of each energy moves by at most half of `stored_steps.VOXEL_LOG_STEP`. Then
        all voxels of a shower are scaled so that their sum stays. Empty voxels stay empty. The
        smallest stored energy, `stored_steps.SMALLEST_VOXEL`, stands for all smaller ones: set
        voxels below `stored_steps.JUDGED_ABOVE` (0.6 MeV) to zero in both samples before a
        classifier compares them.

        Args:
            rng: source of randomness, or its seed.
        """
        voxels = spread_logarithm(self.voxels, VOXEL_LOG_STEP, checked_rng(rng))
        total = voxels.sum(axis=1)
        scale = np.divide(self.deposited, total, out=np.ones_like(total), where=total > 0)
        return replace(self, voxels=(voxels * scale[:, None]).astype(np.float32))

    def layer(self, number: int) -> np.ndarray:
        """Voxels of one layer, (N, angles, rings) [GeV]."""
        sizes = [int(np.prod(layer.shape)) for layer in self.geometry.layers]
        first = sum(sizes[:number])
        shape = self.geometry.layers[number].shape
        return self.voxels[:, first : first + sizes[number]].reshape(-1, *shape)

    def layer_energies(self) -> np.ndarray:
        """Energy in each layer [GeV], (N, L) float64: the longitudinal profile."""
        layers = range(len(self.geometry.layers))
        return np.stack([self.layer(i).sum(axis=(1, 2), dtype=float) for i in layers], axis=1)

    def grid(self) -> np.ndarray:
        """All voxels as (N, L, angles, rings) [GeV].

        Raises:
            ValueError: if the layers are divided in different ways; use `layer` then.
        """
        if not self.geometry.is_regular:
            raise ValueError(
                "the layers are divided in different ways, so there is no grid: use layer(i)"
            )
        shape = self.geometry.layers[0].shape
        return self.voxels.reshape(-1, len(self.geometry.layers), *shape)
