"""The Z mass from muon pairs in a detector with a known resolution: the likelihood is exact.

A pair z = (mass, rapidity, cos theta) of `DrellYan` is measured as x with independent Gaussian
errors, so that the likelihood of an event is an integral over the true pair,

    p(x | z_mass) = 1/sigma(z_mass) ∫ dz  d sigma(z | z_mass)/dz  T(x | z),

which quadrature in three dimensions does to a part in a thousand. It is what the matrix-element
method computes for events with many more dimensions.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from hepml_lite.exact.drell_yan import DrellYan
from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import ExactSimulator, paired
from hepml_lite.statistics.settings_checks import checked_number

MASS_NODES = 60  # closer than the width of the Z
RAPIDITY_NODES = 6
COSINE_NODES = 14
REACH = 5.0  # standard deviations of the detector that the quadrature covers


@dataclass(frozen=True)
class SmearedDrellYan(ExactSimulator):
    """The Z mass [GeV]; measured mass [GeV], rapidity and cosine of each muon pair.

    Attributes:
        mass_resolution: relative error of the mass.
        rapidity_resolution: error of the rapidity.
        cosine_resolution: error of the cosine; a measured one may lie beyond 1.
        nominal: energy of the collision and window of the true mass.

    Raises:
        ValueError: errors that are not positive, or a mass resolution of 0.2 and more, of which
            the quadrature does not cover five standard deviations.
    """

    mass_resolution: float = 0.03
    rapidity_resolution: float = 0.1
    cosine_resolution: float = 0.1
    nominal: DrellYan = field(default_factory=DrellYan)
    parameters: ClassVar = ("z_mass",)
    features: ClassVar = ("mass", "rapidity", "cos_theta")

    def __post_init__(self) -> None:
        checked_number("mass_resolution", self.mass_resolution, 0, 1 / REACH, "()", "0.03")
        for name in ("rapidity_resolution", "cosine_resolution"):
            checked_number(name, getattr(self, name), 0, np.inf, "()", "0.1")

    @property
    def prior(self) -> UniformPrior:
        """Uniform from 90 to 92.4 GeV."""
        return UniformPrior(np.array([90.0]), np.array([92.4]))

    def partons(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """True pairs (N, 3) at the points (N, 1); each different point takes some ten ms."""
        values, which, counts = np.unique(theta[:, 0], return_inverse=True, return_counts=True)
        rows = [
            self._at(value).events(count, rng)[0][:, :3]
            for value, count in zip(values.tolist(), counts.tolist(), strict=True)
        ]
        partons = np.empty((len(theta), 3))
        partons[np.argsort(which, kind="stable")] = np.concatenate(rows)
        return partons

    def measured(self, partons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Events (N, 3) of true pairs (N, 3)."""
        return rng.normal(partons, self._widths(partons))

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One measured event (N, 3) at each point."""
        return self.measured(self.partons(theta, rng), rng)

    def log_parton_density(self, theta: ArrayLike, partons: ArrayLike) -> np.ndarray:
        """Log of d sigma/dz / sigma at one point (1,) of pairs (N, 3); -inf outside the window."""
        known = self._at(float(self.checked(theta)[0, 0]))
        pairs = np.asarray(partons, float)
        rows = np.column_stack([pairs, np.zeros(len(pairs))])
        return known.log_prob(rows) + np.log(2 * np.pi)  # the azimuth is flat

    def log_transfer(self, x: np.ndarray, partons: np.ndarray) -> np.ndarray:
        """Log T(x | z) of events (N, 3) and true pairs (N, 3), (N,)."""
        return norm.logpdf(x, partons, self._widths(partons)).sum(-1)

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """log p(x | z_mass) by quadrature, (N,); 5040 nodes for each event."""
        points, events = paired(theta, x, 1, 3)
        log_p = np.empty(len(events))
        for value in np.unique(points[:, 0]):
            chosen = points[:, 0] == value
            log_p[chosen] = [self._integrated(value, event) for event in events[chosen]]
        return log_p

    def _integrated(self, z_mass: float, event: np.ndarray) -> float:
        """log p of one event (3,)."""
        partons, weights = self._nodes(event)
        log_density = self.log_parton_density([z_mass], partons)
        log_transfer = self.log_transfer(event[None], partons)
        total = weights @ np.exp(log_density + log_transfer)
        return float(np.log(max(total, np.finfo(float).tiny)))

    def _nodes(self, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """True pairs (K, 3) around an event, within the phase space, and their weights (K,)."""
        mass, rapidity, cosine = event
        by_mass = REACH * self.mass_resolution
        by_cosine = REACH * self.cosine_resolution
        masses, of_masses = _legendre(
            max(mass / (1 + by_mass), self.nominal.lowest),
            min(mass / (1 - by_mass), self.nominal.highest),
            MASS_NODES,
        )
        rapidities, of_rapidities = _hermite(rapidity, self.rapidity_resolution, RAPIDITY_NODES)
        cosines, of_cosines = _legendre(
            max(cosine - by_cosine, -1.0), min(cosine + by_cosine, 1.0), COSINE_NODES
        )
        axes = np.meshgrid(masses, rapidities, cosines, indexing="ij")
        products = np.einsum("i,j,k->ijk", of_masses, of_rapidities, of_cosines)
        return np.stack(axes, -1).reshape(-1, 3), products.ravel()

    def _widths(self, partons: np.ndarray) -> np.ndarray:
        """Errors (N, 3) of the three features."""
        widths = np.empty_like(partons)
        widths[:, 0] = self.mass_resolution * partons[:, 0]
        widths[:, 1] = self.rapidity_resolution
        widths[:, 2] = self.cosine_resolution
        return widths

    def _at(self, z_mass: float) -> DrellYan:
        window = self.nominal
        return _drell_yan(window.energy, window.lowest, window.highest, z_mass)


@lru_cache(maxsize=128)
def _drell_yan(energy: float, lowest: float, highest: float, z_mass: float) -> DrellYan:
    """Kept, since each computes its cross section once."""
    return DrellYan(energy, lowest, highest, z_mass)


def _legendre(low: float, high: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (n,) of an integral from low to high."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    half_width = (high - low) / 2
    return (low + high) / 2 + half_width * nodes, half_width * weights


def _hermite(centre: float, width: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (n,) of an integral over a Gaussian times a smooth function."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return centre + width * nodes, width * weights * np.exp(nodes**2 / 2)
