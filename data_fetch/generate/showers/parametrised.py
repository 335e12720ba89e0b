"""Electromagnetic showers from formulas: the parametrisation of Grindhammer and Peters.

G. Grindhammer and S. Peters, hep-ex/0001020, appendix A.1: homogeneous media. A gamma distribution
in depth, whose two parameters fluctuate from shower to shower; in each layer a few hundred to a few
thousand spots of equal energy, at radii drawn from a core and a tail, at random angles.

It simplifies on purpose. All depth profiles are gamma distributions. Spots are independent, so
there are no subshowers. All spots of a layer have the same energy, so the halo is made of few large
deposits. A layer has one radial profile, that of its middle. Energy is lost only through the back
and the sides of the calorimeter.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammainc

from data_fetch.generate.showers.cascade_processes import ELEMENTS, MOLIERE_RADIUS, RADIATION_LENGTH
from data_fetch.generate.showers.voxels import VoxelSum
from hepml_lite.containers.showers import Geometry

# Effective medium and units as the paper defines them: means over the mass.
Z = sum(element.share * element.z for element in ELEMENTS)
_A = sum(element.share * element.weight for element in ELEMENTS)
CRITICAL_ENERGY = 2.66e-3 * (RADIATION_LENGTH * Z / _A) ** 1.1  # GeV
RADIUS_UNIT = 0.021 / CRITICAL_ENERGY  # X0: the Moliere radius in which the paper gives radii
SPOTS_AT_ONCE = 2_000_000


class Profile(NamedTuple):
    """Depth profile of each shower, (N,) each: a gamma distribution with its maximum at T."""

    maximum: np.ndarray  # T [X0]
    alpha: np.ndarray
    mean_alpha: np.ndarray  # exp(<ln alpha>) at this energy

    @property
    def beta(self) -> np.ndarray:
        """Decrease with depth [1/X0], eq. 4."""
        return (self.alpha - 1) / self.maximum


def simulate(energy: np.ndarray, rng: np.random.Generator, geometry: Geometry) -> VoxelSum:
    """Showers of electrons of energy (N,) [GeV] in lead tungstate; sums in GeV."""
    energy = np.asarray(energy, float)
    profile = depth_profiles(energy, rng)
    sums = VoxelSum(len(energy), geometry, MOLIERE_RADIUS)
    fractions, shares = layer_fractions(profile, geometry)  # (N, L) of the energy, of the spots
    number = 93 * np.log(Z) * energy**0.876  # spots of a shower, appendix A.1.4
    counts = np.maximum(np.rint(number[:, None] * shares), 1).astype(np.int64)
    for rows in _batches(counts.sum(axis=1)):
        _add_spots(sums, rows, counts[rows], energy, fractions, profile, geometry, rng)
    return sums


def depth_profiles(energy: np.ndarray, rng: np.random.Generator) -> Profile:
    """Correlated fluctuations of ln T and ln alpha, eq. 11 with appendix A.1.2, (N,) [GeV] in."""
    ln_y = np.log(energy / CRITICAL_ENERGY)
    mean_alpha = 0.81 + (0.458 + 2.26 / Z) * ln_y
    sigma_t, sigma_alpha = 1 / (-1.4 + 1.26 * ln_y), 1 / (-0.58 + 0.86 * ln_y)
    correlation = 0.705 - 0.023 * ln_y
    first, second = rng.standard_normal((2, len(energy)))
    first, second = np.sqrt((1 + correlation) / 2) * first, np.sqrt((1 - correlation) / 2) * second
    maximum = (ln_y - 0.812) * np.exp(sigma_t * (first + second))
    alpha = mean_alpha * np.exp(sigma_alpha * (first - second))
    return Profile(maximum, np.maximum(alpha, 1.05), mean_alpha)


def layer_fractions(profile: Profile, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the energy and of the spots in each layer, (N, L) each; appendix A.1.4."""
    edges = np.array([geometry.layers[0].depth[0], *(a.depth[1] for a in geometry.layers)])
    spot_alpha = np.maximum(profile.alpha * (0.639 + 0.00334 * Z), 1.05)
    spot_beta = (spot_alpha - 1) / (profile.maximum * (0.698 + 0.00212 * Z))
    pairs = (profile.alpha, profile.beta), (spot_alpha, spot_beta)
    energy, spots = (np.diff(gammainc(a[:, None], b[:, None] * edges)) for a, b in pairs)
    return energy, spots


def radial_parameters(
    tau: np.ndarray, energy: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Radii of core and tail [`RADIUS_UNIT`] and weight of the core: appendix A.1.3.

    Args:
        tau: depth over that of the maximum, eq. 34.
        energy: of the incident particle [GeV].
    """
    ln_e = np.log(energy)
    core = 0.0251 + 0.00319 * ln_e + (0.1162 - 0.000381 * Z) * tau
    rise, fall = -2.59 * (tau - 0.645), (0.3585 + 0.0421 * ln_e) * (tau - 0.645)
    tail = (0.659 - 0.00309 * Z) * (np.exp(rise) + np.exp(fall))
    x = (0.401 + 0.00187 * Z - tau) / (1.313 - 0.0686 * ln_e)
    weight = (2.632 - 0.00094 * Z) * np.exp(x - np.exp(x))
    return core, tail, np.clip(weight, 0, 1)


def _add_spots(
    sums: VoxelSum,
    rows: np.ndarray,
    counts: np.ndarray,
    energy: np.ndarray,
    fractions: np.ndarray,
    profile: Profile,
    geometry: Geometry,
    rng: np.random.Generator,
) -> None:
    """Spread the energy of each layer of the showers `rows` over its spots, counts (n, L)."""
    middles = np.array([sum(layer.depth) / 2 for layer in geometry.layers])
    # tau of eq. 34: the depth over the centre of gravity, in the units of an average shower
    unit = profile.mean_alpha / (profile.mean_alpha - 1) * profile.beta / profile.alpha
    tau = middles * unit[rows, None]  # (n, L)
    core, tail, weight = radial_parameters(tau, energy[rows, None])
    each = energy[rows, None] * fractions[rows] / counts
    repeated = [np.repeat(x.ravel(), counts.ravel()) for x in (core, tail, weight, each)]
    core, tail, weight, each = repeated  # (S,) spots
    shower, layer = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
    scale = np.where(rng.random(len(each)) < weight, core, tail)
    u = rng.random(len(each))
    radius = RADIUS_UNIT * scale * np.sqrt(u / (1 - u))  # eq. 28
    angle = rng.integers(geometry.layers[0].n_angles, size=len(each))
    sums.add_at(rows[shower], layer, angle, radius, each)


def _batches(sizes: np.ndarray) -> list[np.ndarray]:
    """Positions of showers, in their order, in groups of about `SPOTS_AT_ONCE` spots."""
    group = np.cumsum(sizes) // SPOTS_AT_ONCE
    return [np.flatnonzero(group == g) for g in np.unique(group)]
