"""Drell-Yan events pp -> Z/gamma* -> mu- mu+ with their exact density.

The tree-level matrix element (R. K. Ellis, W. J. Stirling, B. R. Webber, "QCD and Collider
Physics", Cambridge 1996, sections 8.1 and 9.1) with a toy parton density of u and d quarks. There
is no shower and no detector: the muons are back to back in azimuth. An event has four degrees of
freedom, which are the columns of x (N, 4):

    mass        m of the muon pair [GeV]
    rapidity    y of the muon pair
    cos_theta   of the mu- in the rest frame of the pair, against the beam along +z
    phi         azimuth of the mu- [rad], in [-pi, pi)

The density does not depend on phi, so that three of the four matter.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hepml_lite.exact.densities import KnownDensity, checked_rows
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

# Particle Data Group, R. L. Workman et al., PTEP 2022 (2022) 083C01; alpha at the Z mass
Z_MASS = 91.1876  # GeV
Z_WIDTH = 2.4952  # GeV
SIN2_THETA_W = 0.2312
ALPHA = 1 / 128
PICOBARN = 3.893794e8  # GeV^-2
COLUMNS = ("mass", "rapidity", "cos_theta", "phi")
LEPTON = (-1.0, -0.5)  # electric charge and weak isospin T3
QUARKS = {"u": (2 / 3, 0.5), "d": (-1 / 3, -0.5)}


def parton_density(x: np.ndarray, flavour: str) -> np.ndarray:
    """x f(x) of "u", "d" or their antiquarks "ubar", "dbar" at momentum fractions x, any shape.

    A toy: two u and one d of valence, and one sea for all four, of about the size that real
    densities have near the Z mass.
    """
    sea = 0.15 * x**-0.3 * (1 - x) ** 8
    if flavour == "u":
        return sea + 4.315 * x**0.7 * (1 - x) ** 3.5
    if flavour == "d":
        return sea + 2.493 * x**0.7 * (1 - x) ** 4.5
    return sea


def couplings(
    mass: np.ndarray, quark: str, z_mass: float = Z_MASS
) -> tuple[np.ndarray, np.ndarray]:
    """S and A of d sigma/d cos = pi alpha^2 / (6 m^2) (S (1 + cos^2) + 2 A cos), at masses [GeV].

    Photon, Z of mass `z_mass` [GeV] and their interference; cos is that of the lepton against the
    quark.
    """
    charge, isospin = QUARKS[quark]
    lepton_charge, lepton_isospin = LEPTON
    vector = isospin - 2 * charge * SIN2_THETA_W
    lepton_vector = lepton_isospin - 2 * lepton_charge * SIN2_THETA_W
    strength = 4 * SIN2_THETA_W * (1 - SIN2_THETA_W)
    z = mass**2 / (mass**2 - z_mass**2 + 1j * z_mass * Z_WIDTH) / strength
    charges = charge * lepton_charge
    squares = (vector**2 + isospin**2) * (lepton_vector**2 + lepton_isospin**2)
    symmetric = charges**2 + 2 * charges * vector * lepton_vector * z.real + squares * abs(z) ** 2
    axial = isospin * lepton_isospin
    products = 4 * vector * lepton_vector * axial
    asymmetric = 2 * charges * axial * z.real + products * abs(z) ** 2
    return symmetric, asymmetric


@dataclass(frozen=True)
class DrellYan(KnownDensity):
    """Muon pairs of pp collisions in a window of mass.

    Attributes:
        energy: of the collision [GeV].
        lowest: mass of a pair [GeV].
        highest: mass of a pair [GeV].
        z_mass: of the Z [GeV], the parameter that a measurement would ask for.
    """

    energy: float = 13_000.0
    lowest: float = 60.0
    highest: float = 120.0
    z_mass: float = Z_MASS

    def __post_init__(self) -> None:
        if not 0 < self.lowest < self.highest < self.energy:
            raise ValueError(
                f"masses from {self.lowest} to {self.highest} GeV at {self.energy} GeV: give "
                "0 < lowest < highest < energy"
            )

    @property
    def highest_rapidity(self) -> float:
        """Of a pair: beyond it a parton would need more than the momentum of its proton."""
        return float(np.log(self.energy / self.lowest))

    def differential_cross_section(self, x: np.ndarray) -> np.ndarray:
        """d sigma / (dm dy dcos dphi) [pb/GeV/rad] of rows (N, 4); 0 outside the phase space."""
        rows = checked_rows("x", x, 4)
        mass, rapidity, cos_theta, phi = rows.T
        is_inside = (self.lowest <= mass) & (mass <= self.highest)
        is_inside &= mass * np.exp(np.abs(rapidity)) < self.energy
        is_inside &= (np.abs(cos_theta) <= 1) & (-np.pi <= phi) & (phi < np.pi)
        value = np.zeros(len(rows))
        inside = self._inside(mass[is_inside], rapidity[is_inside], cos_theta[is_inside])
        value[is_inside] = inside / (2 * np.pi)
        return value

    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """Log p of rows (N, 4), in 1/GeV/rad; -inf outside the phase space."""
        density = self.differential_cross_section(x) / self.cross_section
        log_p = np.full(len(density), -np.inf)
        return np.log(density, out=log_p, where=density > 0)

    def events(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, None]:
        """Draw n rows (n, 4) by rejection."""
        n = checked_count("n", n)
        generator = checked_rng(rng)
        accepted: list[np.ndarray] = []
        while sum(map(len, accepted)) < n:
            rows = self._proposals(n, generator)
            chance = self._ratio(rows) / self._largest_ratio
            accepted.append(rows[generator.random(n) < chance])
        return np.concatenate(accepted)[:n], None

    @cached_property
    def cross_section(self) -> float:
        """Of all pairs in the window [pb], by Gauss-Legendre quadrature in mass and rapidity."""
        rows, weights = self._nodes(200, 200)
        mass, rapidity = rows.T
        at_zero = self._inside(mass, rapidity, np.zeros(len(rows)))
        return float(weights @ (8 / 3 * at_zero))  # the integral of 1 + cos^2; that of cos is zero

    @cached_property
    def entropy(self) -> float:
        """Minus the mean of log p, in nats of GeV and rad, by quadrature."""
        pairs, pair_weights = self._nodes(120, 80)
        cos_nodes, cos_weights = np.polynomial.legendre.leggauss(20)
        rows = np.concatenate(
            [np.repeat(pairs, 20, axis=0), np.tile(cos_nodes, len(pairs))[:, None]], axis=1
        )
        weights = np.repeat(pair_weights, 20) * np.tile(cos_weights, len(pairs))
        mass, rapidity, cos_theta = rows.T
        density = self._inside(mass, rapidity, cos_theta) / self.cross_section
        return float(-weights @ (density * np.log(density / (2 * np.pi))))

    def four_vectors(self, x: np.ndarray) -> np.ndarray:
        """(E, px, py, pz) [GeV] of mu- and mu+, (N, 2, 4), of rows (N, 4)."""
        mass, rapidity, cos_theta, phi = checked_rows("x", x, 4).T
        momentum = mass / 2
        transverse = momentum * np.sqrt(1 - cos_theta**2)
        muons = []
        for sign in (1, -1):  # mu-, mu+
            along = sign * momentum * cos_theta  # in the rest frame
            energy = momentum * np.cosh(rapidity) + along * np.sinh(rapidity)
            pz = momentum * np.sinh(rapidity) + along * np.cosh(rapidity)
            px = sign * transverse * np.cos(phi)
            py = sign * transverse * np.sin(phi)
            muons.append(np.stack([energy, px, py, pz], -1))
        return np.stack(muons, axis=1)

    def from_four_vectors(self, muons: np.ndarray) -> np.ndarray:
        """Rows (N, 4) of the four-vectors of mu- and mu+ (N, 2, 4), whose pair has no pT."""
        pair = muons.sum(axis=1)
        along_beam = pair[:, 0] ** 2 - pair[:, 3] ** 2
        mass = np.sqrt(along_beam - pair[:, 1] ** 2 - pair[:, 2] ** 2)
        rapidity = np.arctanh(pair[:, 3] / pair[:, 0])
        energy, px, py, pz = muons[:, 0].T
        along = pz * np.cosh(rapidity) - energy * np.sinh(rapidity)
        cos_theta = np.clip(2 * along / mass, -1, 1)
        return np.stack([mass, rapidity, cos_theta, np.arctan2(py, px)], axis=-1)

    def _inside(self, mass: np.ndarray, rapidity: np.ndarray, cos: np.ndarray) -> np.ndarray:
        """D sigma / (dm dy dcos) [pb/GeV] of pairs (N,) inside the phase space."""
        x1 = mass / self.energy * np.exp(rapidity)
        x2 = mass / self.energy * np.exp(-rapidity)
        total = np.zeros(len(mass))
        for quark in QUARKS:
            symmetric, asymmetric = couplings(mass, quark, self.z_mass)
            even = symmetric * (1 + cos**2)
            odd = 2 * asymmetric * cos
            from_first = parton_density(x1, quark) * parton_density(x2, quark + "bar")
            from_second = parton_density(x1, quark + "bar") * parton_density(x2, quark)
            total += from_first * (even + odd) + from_second * (even - odd)
        parton_level = np.pi * ALPHA**2 / (6 * mass**2)  # averaged over colour
        return PICOBARN * parton_level * total * 2 / mass  # dx1 dx2 = x1 x2 2/m dm dy

    def _angle(self, mass: np.ndarray | float) -> np.ndarray:
        """The angle a in which the Breit-Wigner peak is flat: m^2 = M^2 + M Gamma tan(a)."""
        return np.arctan((np.square(mass) - self.z_mass**2) / (self.z_mass * Z_WIDTH))

    def _mass(self, angle: np.ndarray) -> np.ndarray:
        return np.sqrt(self.z_mass**2 + self.z_mass * Z_WIDTH * np.tan(angle))

    def _mass_per_angle(self, mass: np.ndarray) -> np.ndarray:
        """The derivative of the mass by the angle, [GeV]."""
        tangent = (mass**2 - self.z_mass**2) / (self.z_mass * Z_WIDTH)
        return self.z_mass * Z_WIDTH * (1 + tangent**2) / (2 * mass)

    def _proposals(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Rows (n, 4): mass from a Breit-Wigner peak, or uniform for one row in three."""
        is_peak = rng.random(n) < 2 / 3
        angle = rng.uniform(self._angle(self.lowest), self._angle(self.highest), n)
        mass = np.where(is_peak, self._mass(angle), rng.uniform(self.lowest, self.highest, n))
        rapidity = self.highest_rapidity * rng.uniform(-1, 1, n)
        return np.stack([mass, rapidity, rng.uniform(-1, 1, n), rng.uniform(-np.pi, np.pi, n)], -1)

    def _ratio(self, x: np.ndarray) -> np.ndarray:
        """Cross section of rows (N, 4) over the density of the proposals."""
        mass = x[:, 0]
        angles = self._angle(self.highest) - self._angle(self.lowest)
        peak = 1 / (self._mass_per_angle(mass) * angles)
        flat = 1 / (self.highest - self.lowest)
        return self.differential_cross_section(x) / (2 / 3 * peak + 1 / 3 * flat)

    @cached_property
    def _largest_ratio(self) -> float:
        """A bound of `_ratio`: the largest value at many nodes, plus five per cent."""
        pairs, _ = self._nodes(200, 200)
        forward = np.column_stack([pairs, np.full(len(pairs), 1.0), np.zeros(len(pairs))])
        backward = forward * [1, 1, -1, 1]  # of all angles, one of these two is the most frequent
        return 1.05 * max(self._ratio(forward).max(), self._ratio(backward).max())

    def _nodes(self, n_mass: int, n_rapidity: int) -> tuple[np.ndarray, np.ndarray]:
        """Quadrature nodes (K, 2) in mass and rapidity, and their weights (K,) [GeV]."""
        nodes, mass_weights = np.polynomial.legendre.leggauss(n_mass)
        low, high = self._angle(self.lowest), self._angle(self.highest)
        mass = self._mass((low + high) / 2 + (high - low) / 2 * nodes)
        mass_weights = mass_weights * (high - low) / 2 * self._mass_per_angle(mass)
        nodes, rapidity_weights = np.polynomial.legendre.leggauss(n_rapidity)
        limit = np.log(self.energy / mass)  # (n_mass,)
        rapidity = limit[:, None] * nodes
        weights = mass_weights[:, None] * limit[:, None] * rapidity_weights
        mass = np.broadcast_to(mass[:, None], rapidity.shape)
        return np.stack([mass, rapidity], -1).reshape(-1, 2), weights.ravel()
