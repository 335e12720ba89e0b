"""Voxels in two steps: first the energies of the layers, then the shape of each layer.

The division is that of C. Krause, D. Shih, "CaloFlow", arXiv:2106.05285, here with conditional flow
matching in both steps (L. Favaro et al., "CaloDREAM", arXiv:2405.09629). The layers of generated
voxels have exactly the energies of the first step.
"""

from copy import copy
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from hepml_lite.containers.showers import Geometry
from hepml_lite.containers.stored_steps import SMALLEST_VOXEL
from hepml_lite.densities import Consistency, FlowMatching, TrainedDensity, TrainingPlan
from hepml_lite.generation.events.vae import VariationalAutoencoder
from hepml_lite.generation.events.vector_quantised import VectorQuantisedAutoencoder
from hepml_lite.generation.showers.layer_transformer import LayerTransformer
from hepml_lite.generation.showers.profiles import ShowerProfiles, layers_by, log_energy
from hepml_lite.generation.showers.voxel_logs import LogAboveThreshold
from hepml_lite.generation.showers.voxel_rows import checked_voxels, symmetric_copies
from hepml_lite.statistics.settings_checks import Seed, checked_rng

THRESHOLD = SMALLEST_VOXEL  # of the sample `calo_showers` [GeV]
LARGEST_ENERGY = 100.0  # GeV, of its incident particles


@dataclass(kw_only=True)
class VoxelMatching(FlowMatching):
    """Flow matching of the voxels of all layers, with a transformer of the layers.

    Attributes:
        n_layers: layers of the calorimeter.
        sampler: few equal steps are enough for voxels.
    """

    n_layers: int
    width: int = 64
    n_blocks: int = 3
    sampler: str = "midpoint"
    n_steps: int = 8

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """A transformer of the layers."""
        n_voxels = n_features // self.n_layers
        return LayerTransformer(self.n_layers, n_voxels, self.width, n_blocks=self.n_blocks)


@dataclass
class TwoStepVoxels:
    """p(layers | energy) p(voxels | layers, energy).

    Attributes:
        geometry: of the calorimeter, all layers divided in the same way.
        threshold: of a voxel [GeV]: what is below is zero, in the data and in what is generated.
        layers: the first step.
        shapes: the second step: logarithms of voxels over the energy of their layer, whose
            spread is much smaller than that of the energies; its condition is `shape_conditions`.
        n_copies: of each shower, turned and mirrored at random: exact symmetries of a particle
            that hits the calorimeter head-on.
    """

    geometry: Geometry
    threshold: float = THRESHOLD
    layers: ShowerProfiles = field(init=False)
    shapes: TrainedDensity = field(init=False)
    n_copies: int = 2

    def __post_init__(self) -> None:
        n_layers = len(self.geometry.layers)
        plan = TrainingPlan(epochs=10, batch_size=256, learning_rate=2e-3, patience=None)
        self.layers = layers_by("flow_matching", n_layers, self.threshold / LARGEST_ENERGY)
        self.shapes = VoxelMatching(n_layers=n_layers, plan=plan)

    def fit(self, voxels: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Train both steps.

        Args:
            voxels: (N, V) [GeV], in the order of `containers.Showers`.
            energy: incident [GeV], (N,).
            rng: generator or seed.

        Raises:
            ValueError: another number of voxels than the geometry has, or layers that are divided
                differently; negative energies.
        """
        generator = checked_rng(rng)
        self.fit_layers(voxels, energy, rng=generator)
        return self.fit_shapes(voxels, energy, rng=generator)

    def fit_layers(self, voxels: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Train the first step; arguments and errors as `fit`."""
        above = self._above_threshold(checked_voxels(voxels, self.geometry))
        incident = np.asarray(energy, dtype=float)
        self.layers.fit(self._layer_energies(above) / incident[:, None], incident, rng=rng)
        return self

    def fit_shapes(self, voxels: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Train the second step; arguments and errors as `fit`."""
        generator = checked_rng(rng)
        above = self._above_threshold(checked_voxels(voxels, self.geometry))
        layers = self._layer_energies(above)
        copies, of_shower = symmetric_copies(above, self.geometry, self.n_copies, generator)
        condition = self.shape_conditions(layers, np.asarray(energy, dtype=float))
        logs, _ = self._logs.forward(torch.as_tensor(copies))
        relative = logs.numpy() - self._logs_of_layers(layers[of_shower])
        self.shapes.fit(relative, condition[of_shower], rng=generator)
        return self

    def sample(self, energy: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """Voxels (N, V) [GeV] of one shower for each incident energy (N,) [GeV].

        Raises:
            ValueError: energies that are not positive.
            RuntimeError: nothing has been fitted.
        """
        generator = checked_rng(rng)
        incident = np.asarray(energy, dtype=float)
        layers = self.sample_layers(incident, generator)
        return self.sample_voxels(layers, incident, generator)

    def sample_layers(self, energy: np.ndarray, rng: Seed = 0) -> np.ndarray:
        """Energies of the layers (N, L) [GeV]: zero, or at least the threshold of a voxel."""
        layers = self.layers.sample(energy, rng) * energy[:, None]
        return np.where(layers >= self.threshold, layers, 0.0)

    def sample_voxels(self, layers: np.ndarray, energy: np.ndarray, rng: Seed = 0) -> np.ndarray:
        """Voxels (N, V) [GeV] of given layer energies (N, L) and incident energies (N,)."""
        relative = self.shapes.sample(1, self.shape_conditions(layers, energy), rng)[0]
        drawn = self.energies(relative, layers)
        return with_layer_energies(drawn, layers, self.threshold)

    def energies(self, relative: np.ndarray, layers: np.ndarray) -> np.ndarray:
        """Voxels (N, V) [GeV] of numbers of the second step (N, V) and layer energies (N, L)."""
        logs = relative + self._logs_of_layers(layers)
        return self._logs.inverse(torch.as_tensor(logs)).numpy()

    def shape_conditions(self, layers: np.ndarray, energy: np.ndarray) -> np.ndarray:
        """Conditions (N, 1 + L) of the second step: logarithms of incident and layer energies."""
        return np.hstack([log_energy(energy), np.log(layers + self.threshold)])

    def in_one_step(
        self,
        voxels: ArrayLike,
        energy: ArrayLike,
        plan: TrainingPlan | None = None,
        *,
        rng: Seed = 0,
    ) -> Self:
        """The same model with students of both steps, which need one evaluation each.

        Args:
            voxels: (N, V) [GeV] that the students learn from, such as those of `fit`.
            energy: incident [GeV], (N,).
            plan: of the students' training; None: `students_plan()`.
            rng: generator or seed.

        Raises:
            ValueError: a density that is not flow matching, or voxels as in `fit`.
            RuntimeError: nothing has been fitted.
        """
        generator = checked_rng(rng)
        student = copy(self)
        student.layers = ShowerProfiles(_student(self.layers.density, plan))
        student.shapes = _student(self.shapes, plan)
        return student.fit(voxels, energy, rng=generator)

    @property
    def _logs(self) -> LogAboveThreshold:
        """Logarithms of voxels, with zeros spread below zero."""
        return LogAboveThreshold(self.threshold)

    def _logs_of_layers(self, layers: np.ndarray) -> np.ndarray:
        """log(energy of the layer / threshold) for each of its voxels, (N, V); empty ones: 0."""
        logs = np.log(np.maximum(layers, self.threshold) / self.threshold)
        return np.repeat(logs, self.geometry.n_voxels // len(self.geometry.layers), axis=1)

    def _above_threshold(self, voxels: np.ndarray) -> np.ndarray:
        return np.where(voxels >= self.threshold, voxels, 0.0)

    def _layer_energies(self, voxels: np.ndarray) -> np.ndarray:
        n_layers = len(self.geometry.layers)
        return voxels.reshape(len(voxels), n_layers, -1).sum(axis=2)


def voxels_by_autoencoder(geometry: Geometry, n_codes: int = 32) -> TwoStepVoxels:
    """The same two steps with a variational autoencoder for the shapes, untrained.

    Args:
        geometry: of the calorimeter.
        n_codes: Gaussian numbers of a code.
    """
    model = TwoStepVoxels(geometry)
    plan = TrainingPlan(epochs=15, batch_size=256, learning_rate=2e-3, patience=None)
    model.shapes = VariationalAutoencoder(
        n_codes=n_codes,
        hidden_features=(256, 256),
        plan=plan,
    )
    return model


def voxels_by_words(geometry: Geometry, n_words: int = 16) -> TwoStepVoxels:
    """The same two steps with words of a learned vocabulary for the shapes (VQ-VAE), untrained.

    Args:
        geometry: of the calorimeter.
        n_words: of a shower.
    """
    model = TwoStepVoxels(geometry)
    plan = TrainingPlan(epochs=15, batch_size=256, learning_rate=2e-3, patience=None)
    model.shapes = VectorQuantisedAutoencoder(
        n_words=n_words,
        n_entries=32,
        width=256,
        plan=plan,
    )
    return model


def with_layer_energies(voxels: np.ndarray, layers: np.ndarray, threshold: float) -> np.ndarray:
    """The same shapes (N, V), scaled to the energies of the layers (N, L), above a threshold.

    Voxels below the threshold are set to zero and the others take their energy, until none is
    below. A layer with energy keeps at least its largest voxel.
    """
    n_showers, n_layers = layers.shape
    grid = voxels.reshape(n_showers, n_layers, -1)
    largest = grid.argmax(axis=2)[..., None]
    is_largest = np.arange(grid.shape[2]) == largest
    grid = np.where(is_largest, np.maximum(grid, threshold), grid)  # no layer without a shape
    for _ in range(grid.shape[2]):
        scaled = grid * (layers / grid.sum(axis=2))[..., None]
        is_kept = (scaled >= threshold) | is_largest
        if np.array_equal(is_kept, grid > 0):
            break
        grid = np.where(is_kept, grid, 0.0)
    return scaled.reshape(n_showers, -1)


def students_plan() -> TrainingPlan:
    """A student starts from the weights of its teacher."""
    return TrainingPlan(epochs=6, batch_size=256, learning_rate=5e-4, patience=None)


def _student(teacher: TrainedDensity, plan: TrainingPlan | None) -> Consistency:
    """An untrained student of a fitted teacher."""
    if not isinstance(teacher, FlowMatching):
        raise ValueError(
            f"the teacher is a {type(teacher).__name__}: only FlowMatching has students of one step"
        )
    teacher.fitted_network()
    return Consistency(teacher=teacher, plan=plan or students_plan())
