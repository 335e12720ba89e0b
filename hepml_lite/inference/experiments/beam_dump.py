"""An axion-like particle in a beam dump: mass and lifetime from its decays to two photons.

The particle flies through the shield, decays in a volume behind it, and a calorimeter at the end
measures two photons. The lifetime shows in where the decays are, the mass in the opening angle.
After Morandini, Ferber, Kahlhoefer, arXiv:2308.01353, without their production and field maps: the
energies are Gamma distributed. Few resolutions of the detector can be chosen, to ask which of them
the result needs.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import Simulator

MEAN_ENERGY = 60.0  # GeV, of a Gamma distribution of shape 3
SHAPE = 3.0
TRANSVERSE_MOMENTUM = 0.3  # GeV, mean of each component's absolute value, roughly
CANDIDATES = 30  # of each event, one of which is kept by its chance to decay in the volume


@dataclass(frozen=True)
class Detector:
    """Geometry [m] and resolutions.

    Attributes:
        shield: length of the shield in front of the volume.
        volume: length of the decay volume; the calorimeter is at its end.
        energy_resolution: σ(E)/E at 1 GeV; it falls as 1/sqrt(E).
        position_resolution: of a photon in the calorimeter [m].
        angle_resolution: of the direction of a photon [rad].
    """

    shield: float = 10.0
    volume: float = 10.0
    energy_resolution: float = 0.1
    position_resolution: float = 0.005
    angle_resolution: float = 0.005


@dataclass(frozen=True)
class BeamDump(Simulator):
    """ln(mass / GeV) and ln(lifetime c tau / m); five measured numbers of each decay."""

    detector: Detector = Detector()
    parameters: ClassVar = ("log_mass", "log_lifetime")
    features: ClassVar = ("log_energy", "asymmetry", "log_separation", "log_angle", "distance")

    @property
    def prior(self) -> UniformPrior:
        """Masses from 0.1 to 1 GeV, c tau from 1 cm to 1 m."""
        return UniformPrior(np.log([0.1, 0.01]), np.log([1.0, 1.0]))

    def decays(self, theta: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Energies [GeV] and decay points [m behind the shield] of decays in the volume, (N,)."""
        mass, lifetime = np.exp(theta).T
        size = (CANDIDATES, len(theta))
        energy = mass + rng.gamma(SHAPE, MEAN_ENERGY / SHAPE, size)
        length = lifetime * np.sqrt((energy / mass) ** 2 - 1)  # beta gamma c tau
        log_survival = -self.detector.shield / length
        inside = -np.expm1(-self.detector.volume / length)
        log_chance = log_survival + np.log(inside)
        noise = rng.gumbel(size=size)
        kept = np.argmax(log_chance + noise, axis=0)  # one of the candidates, by its chance
        column = np.arange(len(theta))
        share = rng.random(len(theta)) * inside[kept, column]
        point = -length[kept, column] * np.log1p(-share)
        return energy[kept, column], point

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Measured decays (N, 5).

        ln of the energy sum [GeV], asymmetry of the energies, ln of the distance of the photons in
        the calorimeter [m], ln of their measured opening angle [rad], and the distance of their
        energy-weighted centre from the axis [m].
        """
        n = len(theta)
        mass = np.exp(theta[:, 0])
        energy, point = self.decays(theta, rng)
        to_calorimeter = self.detector.volume - point
        momentum = np.sqrt(energy**2 - mass**2)
        share = (1 + momentum / energy * rng.uniform(-1, 1, n)) / 2
        photons = np.stack([energy * share, energy * (1 - share)])  # (2, N)
        cosine = 1 - mass**2 / (2 * photons.prod(0))
        angle = np.arccos(np.clip(cosine, -1, 1))
        separation = np.tan(np.minimum(angle, 1.5)) * to_calorimeter
        photons = self._smeared_energies(photons, rng)
        tilt = rng.normal(0, TRANSVERSE_MOMENTUM, (2, n)) / energy
        place = tilt * (self.detector.shield + self.detector.volume)
        of_position = self.detector.position_resolution * np.sqrt(2)  # of a difference of two
        measured_place = place + of_position / 2 * rng.normal(size=(2, n))
        measured_separation = _smeared_length(separation, of_position, rng)
        of_angle = self.detector.angle_resolution * np.sqrt(2)
        measured_angle = _smeared_length(angle, of_angle, rng)
        total = photons.sum(0)
        return np.column_stack(
            [
                np.log(total),
                np.abs(photons[0] - photons[1]) / total,
                np.log(measured_separation),
                np.log(measured_angle),
                np.hypot(*measured_place),
            ]
        )

    def _smeared_energies(self, photons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        width = self.detector.energy_resolution * np.sqrt(photons)
        return np.maximum(photons + width * rng.normal(size=photons.shape), 0.01)


def _smeared_length(length: np.ndarray, width: float, rng: np.random.Generator) -> np.ndarray:
    """Lengths (N,) of vectors in the plane after noise of this width in both directions."""
    noise = width * rng.normal(size=(2, len(length)))
    return np.hypot(length + noise[0], noise[1])
