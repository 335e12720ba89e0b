"""Three sets of numbers for the same muon pair: eight, four and three.

A network learns a density of the numbers that it is given. Each set describes the events x (N, 4)
of `exact.DrellYan` (mass, rapidity, cos theta, phi) and leads back to them:

    FourMomenta  8: E, px, py, pz of both muons. Four laws tie them together (two masses, the
                 balance of px and of py), so the events lie on a surface of four dimensions, where
                 the density of the eight numbers is infinite.
    Momenta      4: pT, eta of both muons, phi. No law is left, but the Z peak is a narrow curved
                 sheet in them, and the edge of pT at half the mass is not along an axis.
    PeakShares   3: shares of the allowed range in (0, 1): of the angle in which a Breit-Wigner
                 peak is flat, of the rapidity, of the cosine. The azimuth is drawn uniformly.

The densities are tied by log q(x) = log q(z) + log |det dz/dx|.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

from hepml_lite.exact.densities import checked_rows
from hepml_lite.exact.drell_yan import Z_MASS, Z_WIDTH, DrellYan
from hepml_lite.kinematics import wrap_phi

SMALLEST_SINE = 1e-9  # of the polar angle: a muon along the beam has no finite eta


class Coordinates(Protocol):
    """Numbers z of events x (N, 4), as `exact.DrellYan` defines them."""

    names: ClassVar[tuple[str, ...]]

    def of_events(self, x: np.ndarray) -> np.ndarray:
        """Numbers z (N, D) of events x (N, 4)."""
        ...

    def to_events(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Events x (N, 4) of numbers z (N, D)."""
        ...

    def log_volume(self, x: np.ndarray) -> np.ndarray:
        """log |det dz/dx| (N,) at events x (N, 4), the density of a missing azimuth included.

        Raises:
            NotImplementedError: the numbers are redundant.
        """
        ...


@dataclass(frozen=True)
class FourMomenta:
    """E, px, py, pz [GeV] of mu- and mu+: eight numbers with four laws and one symmetry."""

    known: DrellYan = field(default_factory=DrellYan)
    names: ClassVar[tuple[str, ...]] = ("E-", "px-", "py-", "pz-", "E+", "px+", "py+", "pz+")

    def of_events(self, x: np.ndarray) -> np.ndarray:
        """Eight numbers (N, 8) of events (N, 4)."""
        return self.known.four_vectors(x).reshape(-1, 8)

    def to_events(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Events (N, 4) of eight numbers (N, 8).

        The energies are replaced by the momenta: a generated muon rarely has the mass of a muon.
        """
        muons = checked_rows("z", z, 8).reshape(-1, 2, 4).copy()
        muons[..., 0] = np.linalg.norm(muons[..., 1:], axis=-1)
        return self.known.from_four_vectors(muons)

    def log_volume(self, x: np.ndarray) -> np.ndarray:
        """Refused: a density of eight numbers says nothing of events on a surface."""
        raise NotImplementedError(
            "eight numbers on a surface of four dimensions have no density: use Momenta or "
            "PeakShares for log_prob"
        )


@dataclass(frozen=True)
class Momenta:
    """pT [GeV], eta of mu- and of mu+, phi [rad] of mu-: four numbers, all free."""

    names: ClassVar[tuple[str, ...]] = ("pT", "eta-", "eta+", "phi")

    def of_events(self, x: np.ndarray) -> np.ndarray:
        """Numbers (N, 4) of events (N, 4): eta = y ± d and pT = m / (2 cosh d), tanh d = cos."""
        mass, rapidity, cos_theta, phi = checked_rows("x", x, 4).T
        half_gap = np.arctanh(np.clip(cos_theta, SMALLEST_SINE - 1, 1 - SMALLEST_SINE))
        pt = mass / (2 * np.cosh(half_gap))
        return np.stack([pt, rapidity + half_gap, rapidity - half_gap, phi], -1)

    def to_events(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Events (N, 4) of numbers (N, 4); a negative pT counts as a positive one."""
        pt, eta_minus, eta_plus, phi = checked_rows("z", z, 4).T
        half_gap = (eta_minus - eta_plus) / 2
        mass = 2 * np.abs(pt) * np.cosh(half_gap)
        rapidity = (eta_minus + eta_plus) / 2
        return np.stack([mass, rapidity, np.tanh(half_gap), wrap_phi(phi)], -1)

    def log_volume(self, x: np.ndarray) -> np.ndarray:
        """-log sin theta: dpT/dm = sin/2, and d(eta-, eta+)/d(y, cos) = 2/sin^2, (N,)."""
        cos_theta = checked_rows("x", x, 4)[:, 2]
        return -np.log(np.maximum(1 - cos_theta**2, SMALLEST_SINE**2)) / 2


def peak_angle(mass: np.ndarray | float) -> np.ndarray:
    """The angle a [rad] of masses [GeV], m^2 = M^2 + M Gamma tan(a), in which the peak is flat."""
    return np.arctan((np.square(mass) - Z_MASS**2) / (Z_MASS * Z_WIDTH))


def mass_at_angle(angle: np.ndarray) -> np.ndarray:
    """Masses [GeV] of angles [rad]."""
    return np.sqrt(Z_MASS**2 + Z_MASS * Z_WIDTH * np.tan(angle))


@dataclass(frozen=True)
class PeakShares:
    """Where an event stands between the bounds of the phase space: three numbers in (0, 1).

    Attributes:
        known: gives the window of mass and the energy of the collision.
    """

    known: DrellYan = field(default_factory=DrellYan)
    names: ClassVar[tuple[str, ...]] = (
        "share of the peak angle",
        "share of the rapidity",
        "share of the cosine",
    )

    def of_events(self, x: np.ndarray) -> np.ndarray:
        """Shares (N, 3) of events (N, 4)."""
        mass, rapidity, cos_theta, _ = checked_rows("x", x, 4).T
        lowest, highest = self._angles()
        of_angle = (peak_angle(mass) - lowest) / (highest - lowest)
        of_rapidity = (1 + rapidity / self._highest_rapidity(mass)) / 2
        return np.stack([of_angle, of_rapidity, (1 + cos_theta) / 2], -1)

    def to_events(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Events (N, 4) of shares (N, 3), with a uniform azimuth."""
        of_angle, of_rapidity, of_cosine = checked_rows("z", z, 3).T
        lowest, highest = self._angles()
        mass = mass_at_angle(lowest + (highest - lowest) * of_angle)
        rapidity = (2 * of_rapidity - 1) * self._highest_rapidity(mass)
        phi = rng.uniform(-np.pi, np.pi, len(mass))
        return np.stack([mass, rapidity, 2 * of_cosine - 1, phi], -1)

    def log_volume(self, x: np.ndarray) -> np.ndarray:
        """Log of the product of the three slopes and of 1/(2 pi), the density of phi, (N,)."""
        mass = checked_rows("x", x, 4)[:, 0]
        tangent = (mass**2 - Z_MASS**2) / (Z_MASS * Z_WIDTH)
        angle_per_mass = 2 * mass / (Z_MASS * Z_WIDTH * (1 + tangent**2))
        lowest, highest = self._angles()
        log_slopes = np.log(angle_per_mass / (highest - lowest))
        log_slopes -= np.log(2 * self._highest_rapidity(mass))
        return log_slopes - np.log(2) - np.log(2 * np.pi)

    def _angles(self) -> tuple[float, float]:
        """Of the lowest and of the highest mass."""
        return float(peak_angle(self.known.lowest)), float(peak_angle(self.known.highest))

    def _highest_rapidity(self, mass: np.ndarray) -> np.ndarray:
        return np.log(self.known.energy / mass)
