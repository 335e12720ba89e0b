"""Jets as clouds of particles: what models are given, what they give back, what is measured.

A cloud holds the leading particles relative to their sum: share of pT, eta, phi, (N, P, 3), with a
mask (N, P). Metrics are those of JetNet (R. Kansal et al., arXiv:2106.11535, section 4).
"""

from typing import NamedTuple, Protocol, Self

import numpy as np
import torch
from scipy.stats import wasserstein_distance

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations.augmentations import relative_particles, scaled, unscaled
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

N_PARTICLES = 30


class Cloud(NamedTuple):
    """Jets as sets.

    Attributes:
        particles: share of pT, eta and phi relative to the jet [rad], (N, P, 3); zero in padding.
        mask: (N, P), True where a particle is real.
    """

    particles: np.ndarray
    mask: np.ndarray


class CloudGenerator(Protocol):
    """What all generators of jets can do."""

    def fit(self, cloud: Cloud, *, rng: Seed = 0) -> Self:
        """Learn from jets."""
        ...

    def sample(self, n: int, rng: Seed = 0) -> Cloud:
        """n jets."""
        ...


def cloud_of(jets: Jets, n_particles: int = N_PARTICLES) -> Cloud:
    """The leading particles of jets; their rounding is undone where the sample is a stored one."""
    particles, mask = relative_particles(jets, n_particles)
    return Cloud(np.asarray(particles, dtype=np.float32), np.asarray(mask))


def to_features(cloud: Cloud) -> np.ndarray:
    """Features of order one for a network, (N, P, 3): logarithm of the share, angles."""
    return scaled(torch.as_tensor(cloud.particles), torch.as_tensor(cloud.mask)).numpy()


def from_features(features: np.ndarray, mask: np.ndarray) -> Cloud:
    """The inverse of `to_features`."""
    found = unscaled(torch.as_tensor(features).float(), torch.as_tensor(mask))
    return Cloud(found.numpy(), mask)


def relative_mass(cloud: Cloud) -> np.ndarray:
    """m / pT of the sum of all particles, massless, (N,)."""
    share, eta, phi = np.moveaxis(cloud.particles.astype(float), 2, 0)
    energy = (share * np.cosh(eta)).sum(axis=1)
    px = (share * np.cos(phi)).sum(axis=1)
    py = (share * np.sin(phi)).sum(axis=1)
    pz = (share * np.sinh(eta)).sum(axis=1)
    return np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))


def w1_mass(real: Cloud, made: Cloud) -> float:
    """W1M: Wasserstein distance of the relative masses."""
    return float(wasserstein_distance(relative_mass(real), relative_mass(made)))


def w1_particles(real: Cloud, made: Cloud) -> float:
    """W1P: mean Wasserstein distance of eta, phi and share over all real particles."""
    a = real.particles[real.mask]
    b = made.particles[made.mask]
    return float(np.mean([wasserstein_distance(a[:, i], b[:, i]) for i in range(3)]))


def w1_number(real: Cloud, made: Cloud) -> float:
    """Wasserstein distance of the numbers of particles."""
    return float(wasserstein_distance(real.mask.sum(axis=1), made.mask.sum(axis=1)))


def in_batches(
    distance: "Distance", real: Cloud, made: Cloud, n_batches: int = 5, rng: Seed = 0
) -> Interval:
    """Mean of a distance over batches, with its standard deviation, as JetNet quotes it.

    Raises:
        ValueError: fewer than two batches.
    """
    n_batches = checked_count("n_batches", n_batches, 2, "a spread needs two values")
    generator = checked_rng(rng)
    of_real = np.array_split(generator.permutation(len(real.mask)), n_batches)
    of_made = np.array_split(generator.permutation(len(made.mask)), n_batches)
    values = [
        distance(Cloud(*(array[a] for array in real)), Cloud(*(array[b] for array in made)))
        for a, b in zip(of_real, of_made, strict=True)
    ]
    return Interval.symmetric(float(np.mean(values)), float(np.std(values, ddof=1)))


class Distance(Protocol):
    """A distance of two clouds."""

    def __call__(self, real: Cloud, made: Cloud) -> float:
        """Zero for equal distributions."""
        ...
