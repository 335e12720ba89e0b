"""A scalar that decays to two spinning particles: angles of both decays, and what they say of CP.

H → τ⁺τ⁻, with τ → π ν on both sides. In the rest frame of H, θ₁ and θ₂ are the angles of the pions
to their τ, each in the rest frame of the τ, and φ is the angle between both decay planes. Then

    p(c₁, c₂, φ) = [1 + c₁ c₂ − s₁ s₂ (a cos φ + b sin φ)] / 8π,    c = cos θ, s = sin θ,

with a = κ cos 2Δ and b = κ sin 2Δ of the mixing angle Δ: b is odd under CP, and zero in the
standard model. κ is one for these decays, and the product of both analysing powers for others
(M. Krämer, J. Kühn, M. L. Stong, P. M. Zerwas, 1994). The detector smears φ by a wrapped
Gaussian of width e, which multiplies a and b by ρ = exp(−e²/2), and measures c₁ and c₂ exactly.

The score ∂ log p / ∂b is the optimal observable for small b: its mean measures b with the variance
1 / (N I), where I is the Fisher information, and nothing has a smaller one (Cramér, Rao). The mean
of another observable O has the information corr(O, score)² I.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

ANGLES = ("cos_theta_1", "cos_theta_2", "phi")
HIGGS_MASS = 125.0  # GeV
TAU_MASS = 1.777


@dataclass(frozen=True)
class TauPairs:
    """Decay angles with a part b that violates CP.

    Attributes:
        even: a.
        odd: b.
        smearing: e, of the measured φ [rad].

    Raises:
        ValueError: a² + b² above one, where the density would be negative, or a negative smearing.

    >>> round(TauPairs(odd=0.0).information(), 3)
    0.245
    """

    even: float = 0.5
    odd: float = 0.2
    smearing: float = 0.5

    def __post_init__(self) -> None:
        checked_number("smearing", self.smearing, 0, np.inf, "[)", "0.5")
        if np.hypot(self.even, self.odd) > 1:
            raise ValueError(
                f"even={self.even:g} and odd={self.odd:g}: the sum of their squares exceeds one, "
                "and the density would be negative"
            )

    @property
    def dilution(self) -> float:
        """ρ, the factor on a and b at detector level."""
        return float(np.exp(-(self.smearing**2) / 2))

    def events(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """True and measured angles of n events, each (n, 3), in the order of `ANGLES`."""
        generator = checked_rng(rng)
        size = checked_count("n", n)
        true = np.empty((0, 3))
        while len(true) < size:
            proposed = generator.uniform(-1, 1, (3 * size, 3)) * [1, 1, np.pi]
            kept = generator.uniform(0, 2, len(proposed)) < self._relative(proposed, 1.0)
            true = np.concatenate([true, proposed[kept]])
        true = true[:size]
        measured = true.copy()
        measured[:, 2] += self.smearing * generator.normal(size=size)
        measured[:, 2] = (measured[:, 2] + np.pi) % (2 * np.pi) - np.pi
        return true, measured

    def density(self, angles: ArrayLike, measured: bool = False) -> np.ndarray:
        """The density p (N,) of angles (N, 3), of true or of measured ones."""
        rows = as_floats("angles", angles)
        return self._relative(rows, self.dilution if measured else 1.0) / (8 * np.pi)

    def score(self, angles: ArrayLike, measured: bool = False) -> np.ndarray:
        """∂ log p / ∂b (N,) of angles (N, 3), of true or of measured ones."""
        rows = as_floats("angles", angles)
        rho = self.dilution if measured else 1.0
        return -rho * _sines(rows) * np.sin(rows[:, 2]) / self._relative(rows, rho)

    def information(self, measured: bool = False, n_points: int = 40) -> float:
        """Fisher information on b of one event: ∫ p score², by quadrature."""
        nodes, weights = np.polynomial.legendre.leggauss(n_points)
        phi = np.pi * (2 * (np.arange(2 * n_points) + 0.5) / (2 * n_points) - 1)
        grid = np.stack(np.meshgrid(nodes, nodes, phi, indexing="ij"), -1).reshape(-1, 3)
        cells = weights[:, None, None] * weights[:, None] * np.full(len(phi), np.pi / n_points)
        p = self.density(grid, measured)
        return float(np.sum(cells.ravel() * p * self.score(grid, measured) ** 2))

    def _relative(self, angles: np.ndarray, rho: float) -> np.ndarray:
        """8π p of angles (N, 3), with a and b times rho."""
        phi = angles[:, 2]
        wave = self.even * np.cos(phi) + self.odd * np.sin(phi)
        return 1 + angles[:, 0] * angles[:, 1] - rho * _sines(angles) * wave


def share_of_information(observable: ArrayLike, score: ArrayLike) -> float:
    """corr(O, score)²: the information of the mean of O over that of all angles.

    Args:
        observable: O (N,) of events of the density whose score it is.
        score: (N,) of the same events.
    """
    values = as_floats("observable", observable)
    return float(np.corrcoef(values, as_floats("score", score))[0, 1] ** 2)


def four_vectors(
    angles: ArrayLike, boost: float = 0.0, rng: Seed = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Momenta of both τ and of both pions, each (N, 2, 4) as E, px, py, pz [GeV].

    Args:
        angles: (N, 3), in the order of `ANGLES`.
        boost: velocity of H in the laboratory, along x.
        rng: of the direction of the τ pair, isotropic in the rest frame of H.
    """
    rows = as_floats("angles", angles)
    generator = checked_rng(rng)
    energy = HIGGS_MASS / 2
    momentum = np.sqrt(energy**2 - TAU_MASS**2)
    cosine = generator.uniform(-1, 1, len(rows))
    axis = _directions(cosine, generator.uniform(-np.pi, np.pi, len(rows)))
    second, third = _perpendicular(axis)
    taus = []
    pions = []
    for side, sign, phi in ((0, 1, np.zeros(len(rows))), (1, -1, rows[:, 2])):
        along = rows[:, side]
        across = np.sqrt(1 - along**2)
        # a massless pion has half the mass of the τ as its energy in the rest frame of the τ
        e = TAU_MASS / 2 * (energy + momentum * along) / TAU_MASS
        p_along = TAU_MASS / 2 * (energy * along + momentum) / TAU_MASS
        p_across = TAU_MASS / 2 * across
        radial = np.cos(phi)[:, None] * second + np.sin(phi)[:, None] * third
        pion = sign * p_along[:, None] * axis + p_across[:, None] * radial
        taus.append(np.column_stack([np.full(len(rows), energy), sign * momentum * axis]))
        pions.append(np.column_stack([e, pion]))
    both = (np.stack(taus, 1), np.stack(pions, 1))
    return _boosted(both[0], boost), _boosted(both[1], boost)


def plane_angle(taus: np.ndarray, pions: np.ndarray) -> np.ndarray:
    """Angle φ (N,) between both decay planes, in the frame in which the vectors are given.

    Args:
        taus: (N, 2, 4), E, px, py, pz.
        pions: (N, 2, 4).
    """
    first = np.cross(taus[:, 0, 1:], pions[:, 0, 1:])
    second = np.cross(-taus[:, 1, 1:], pions[:, 1, 1:])
    sine = np.einsum("ni,ni->n", np.cross(first, second), taus[:, 0, 1:])
    cosine = np.einsum("ni,ni->n", first, second)
    length = np.linalg.norm(taus[:, 0, 1:], axis=1)
    return np.arctan2(sine, cosine * length)


def _sines(angles: np.ndarray) -> np.ndarray:
    """s₁ s₂ (N,)."""
    return np.sqrt((1 - angles[:, 0] ** 2) * (1 - angles[:, 1] ** 2))


def _directions(cosine: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Unit vectors (N, 3)."""
    sine = np.sqrt(1 - cosine**2)
    return np.column_stack([sine * np.cos(phi), sine * np.sin(phi), cosine])


def _perpendicular(axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors (N, 3) that form right-handed axes: second × third = axis."""
    second = np.cross(axis, [0.0, 0.0, 1.0])
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    return second, np.cross(axis, second)


def _boosted(p4: np.ndarray, velocity: float) -> np.ndarray:
    """Four-vectors (..., 4) of a system that moves along x with this velocity."""
    gamma = 1 / np.sqrt(1 - velocity**2)
    moved = p4.copy()
    moved[..., 0] = gamma * (p4[..., 0] + velocity * p4[..., 1])
    moved[..., 1] = gamma * (p4[..., 1] + velocity * p4[..., 0])
    return moved
