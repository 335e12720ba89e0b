"""Processes of electrons and photons in lead tungstate: rates, energy losses and angles.

Energies are kinetic and in MeV, lengths in radiation lengths X0. Processes: pair production,
Compton scattering and absorption of photons; bremsstrahlung, ionisation and multiple scattering of
electrons and positrons, which are treated in the same way. Not simulated: delta rays as separate
particles (their energy stays on the track), annihilation in flight, Rayleigh scattering,
fluorescence, photonuclear reactions, and the suppression of soft photons in dense media (LPM).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Draw = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

ELECTRON_MASS = 0.510999  # MeV
AVOGADRO, THOMSON = 6.02214e23, 6.65246e-25  # 1/mol, cm^2
# Lead tungstate (PDG, Atomic and Nuclear Properties of Materials).
RADIATION_LENGTH, Z_OVER_A = 7.39, 0.41305  # g/cm^2
CRITICAL_ENERGY = 9.64  # MeV, in Rossi's definition
SCATTERING = 21.2052  # MeV, Rossi's Es = m sqrt(4 pi / alpha)
MOLIERE_RADIUS = SCATTERING / CRITICAL_ENERGY  # X0
ELECTRONS = Z_OVER_A * AVOGADRO * RADIATION_LENGTH  # per cm^2 and X0
SOFT = 0.3  # MeV; bremsstrahlung below is a continuous loss
EXCESS = 0.18  # of bremsstrahlung at a few MeV over the Born approximation
HEAVY = 78.0  # atomic number halfway between tungsten and lead, for the screening by the atom


class Element(NamedTuple):
    """Atomic number, atomic weight [g/mol] and share of the mass."""

    z: float
    weight: float
    share: float


ELEMENTS = (Element(82, 207.2, 0.45535), Element(74, 183.84, 0.40402), Element(8, 16.0, 0.14063))
# sigma = (Z + 1) (F1 Z + F2 Z^2 + F3) microbarn, each F a polynomial in ln(k / m): a fit to the
# tables of Hubbell, Gimm and Overbo (1980), from the Geant3 manual PHYS211; 5 % up to 100 GeV.
PAIR_FIT = (
    (8.7842e2, -1.9625e3, 1.2949e3, -2.0028e2, 1.2575e1, -2.8333e-1),
    (-1.0342e1, 1.7692e1, -8.2381, 1.3063, -9.0815e-2, 2.3586e-3),
    (-4.5263e2, 1.1161e3, -8.6749e2, 2.1773e2, -2.0467e1, 6.5372e-1),
)
LOWEST_FITTED = 1.5  # MeV
# ln(rate x X0) of the photo effect against ln(k / MeV), fitted to the NIST tables of Pb and W
# from 0.1 to 1 MeV, above the K edges; within 8 % there.
ABSORPTION_FIT = (-2.293, -2.064, 0.178)
HIGHEST_FITTED = 5.0  # MeV
MEAN_EXCITATION = 600.7e-6  # MeV
DENSITY_EFFECT = {"c": 5.8528, "a": 0.2276, "k": 3.0, "x0": 0.4068, "x1": 3.0023}  # Sternheimer


def pair_rate(k: np.ndarray) -> np.ndarray:
    """Pairs made per X0 by photons of energy k, (N,); tends to 7/9."""
    k = np.asarray(k, float)
    fitted = np.maximum(k, LOWEST_FITTED)
    f1, f2, f3 = (np.polyval(c[::-1], np.log(fitted / ELECTRON_MASS)) for c in PAIR_FIT)
    rate = np.zeros_like(k)
    for z, weight, share in ELEMENTS:
        microbarn = np.maximum((z + 1) * (f1 * z + f2 * z**2 + f3), 0)
        rate += microbarn * 1e-30 * share / weight * AVOGADRO * RADIATION_LENGTH
    above = np.clip(k - 2 * ELECTRON_MASS, 0, None) / (fitted - 2 * ELECTRON_MASS)
    return rate * above**2


def compton_rate(k: np.ndarray) -> np.ndarray:
    """Compton scatterings per X0, (N,): the Klein-Nishina cross section of free electrons."""
    a = np.asarray(k, float) / ELECTRON_MASS
    log = np.log1p(2 * a)
    first = (1 + a) / a**2 * (2 * (1 + a) / (1 + 2 * a) - log / a)
    return ELECTRONS * THOMSON * 0.75 * (first + log / (2 * a) - (1 + 3 * a) / (1 + 2 * a) ** 2)


def absorption_rate(k: np.ndarray) -> np.ndarray:
    """Photons absorbed by atoms per X0, (N,), for k above the K edges, 0.09 MeV."""
    fitted = np.minimum(k, HIGHEST_FITTED)
    rate = np.exp(np.polyval(ABSORPTION_FIT[::-1], np.log(fitted)))
    return rate * fitted / k  # falls as 1/k at high energy


def ionisation_loss(energy: np.ndarray) -> np.ndarray:
    """Energy lost to ionisation in MeV per X0, (N,): Berger and Seltzer for electrons.

    PDG review, Passage of Particles Through Matter, with Sternheimer's density effect.
    """
    tau = np.asarray(energy, float) / ELECTRON_MASS
    beta2 = tau * (tau + 2) / (tau + 1) ** 2
    brackets = np.log(tau**2 * (tau + 2) / 2) - 2 * np.log(MEAN_EXCITATION / ELECTRON_MASS)
    rest = 1 - beta2 + (tau**2 / 8 - (2 * tau + 1) * np.log(2)) / (tau + 1) ** 2
    x = np.log10(np.sqrt(tau * (tau + 2)))
    c, a, k, x0, x1 = (DENSITY_EFFECT[key] for key in ("c", "a", "k", "x0", "x1"))
    density = 2 * np.log(10) * x - c + a * np.maximum(x1 - x, 0) ** k
    factor = 0.153537 * Z_OVER_A * RADIATION_LENGTH / beta2
    return factor * (brackets + rest - np.where(x > x0, density, 0))


def screening(delta: np.ndarray) -> np.ndarray:
    """Cross section of bremsstrahlung or pair production over that at complete screening, (N,).

    Butcher and Messel's fit of the Thomas-Fermi atom, Nucl. Phys. 20 (1960) 15, at Z = 78.
    """
    near, far = 20.867 - 3.242 * delta + 0.625 * delta**2, 21.12 - 4.184 * np.log(delta + 0.952)
    cloud = 4 / 3 * np.log(HEAVY)
    return np.maximum(np.where(delta < 1, near, far) - cloud, 0) / (20.867 - cloud)


def born_correction(energy: np.ndarray) -> np.ndarray:
    """Bremsstrahlung of heavy atoms over that in the Born approximation, (N,); 1 at high energy.

    Its size does not come from theory. It makes radiation and ionisation equal near the 800 MeV /
    (Z + 1.2) = 10 MeV of Berger and Seltzer. At 100 MeV the Coulomb correction is larger.
    """
    return 1 + EXCESS * np.exp(-energy / 40)


def emission_rate(energy: np.ndarray) -> np.ndarray:
    """Chances of a photon above `SOFT` per X0, (N,); `emitted_photon` says which become one."""
    return (1 + EXCESS) * 4 / 3 * np.log(np.maximum(energy / SOFT, 1))


def emitted_photon(energy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Energy of the photon at each chance of `emission_rate`, (N,); 0 where there is none.

    The chances have the spectrum 1 / y, y = k / E, and there are too many. Rejection of some leaves
    Tsai's (4/3 - 4/3 y + y^2) / y, as in the PDG review, times screening and correction.
    """
    total = energy + ELECTRON_MASS
    k = energy * (SOFT / energy) ** rng.random(len(energy))  # ln(k) is uniform
    y = k / total
    weight = (1 - y + 0.75 * y**2) * screening(_scale(total) * y / (1 - y))
    weight *= born_correction(energy) / (1 + EXCESS)
    return np.where(rng.random(len(k)) < weight, k, 0)


def soft_loss(energy: np.ndarray) -> np.ndarray:
    """Energy radiated in photons below `SOFT`, MeV per X0, (N,)."""
    return born_correction(energy) * 4 / 3 * np.minimum(SOFT, energy)


def pair_share(k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share of the photon's energy that one of the pair takes, mass included, (N,).

    Tsai's 1 - (4/3) x (1 - x), as in the PDG review, times the screening; flat below 2 MeV, where
    that formula does not hold.
    """
    lowest, scale = ELECTRON_MASS / k, _scale(k)
    most = np.maximum(screening(4 * scale), 1e-9)  # at x = 1/2

    def draw(todo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = lowest[todo] + (1 - 2 * lowest[todo]) * rng.random(len(todo))
        weight = (1 - 4 / 3 * x * (1 - x)) * screening(scale[todo] / (x * (1 - x)))
        return x, np.where(k[todo] < 2, 1, weight / most[todo])

    return _accepted(draw, len(k), rng)


def compton_share(k: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Share of its energy that a scattered photon keeps, and 1 - cos(angle), both (N,).

    Klein and Nishina's formula, sampled as by Butcher and Messel, Nucl. Phys. 20 (1960) 15.
    """
    a = k / ELECTRON_MASS
    lowest = 1 / (1 + 2 * a)
    inverse, linear = -np.log(lowest), (1 - lowest**2) / 2  # integrals of 1/share and of share

    def draw(todo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low, u = lowest[todo], rng.random(len(todo))
        first = rng.random(len(todo)) * (inverse + linear)[todo] < inverse[todo]
        share = np.where(first, low**u, np.sqrt(low**2 + (1 - low**2) * u))
        bend = (1 - share) / (a[todo] * share)  # 1 - cos(angle)
        return share, 1 - share * bend * (2 - bend) / (1 + share**2)

    share = _accepted(draw, len(k), rng)
    return share, (1 - share) / (a * share)


def scattering_bend(energy: np.ndarray, step: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """1 - cos(angle) after multiple scattering along steps [X0], (N,).

    An exponential in 1 - cos(angle), cut off at 2: a Gaussian for small angles, any direction for
    large ones. <angle^2> = (Es / beta p)^2 step (Rossi, Greisen, Rev. Mod. Phys. 13 (1941) 240)
    includes all scatters; the PDG's 13.6 sqrt(2) = 19.2 MeV leaves out the tail.
    """
    beta_p = energy * (energy + 2 * ELECTRON_MASS) / (energy + ELECTRON_MASS)
    mean = step * (SCATTERING / beta_p) ** 2 / 2
    return -mean * np.log1p(-rng.random(len(energy)) * -np.expm1(-2 / mean))


def radiation_bend(energy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """1 - cos(angle) between a particle and its radiation or products, (N,): about m / E."""
    u = rng.random(len(energy))
    gamma = 1 + energy / ELECTRON_MASS
    return np.minimum(u / (1 - u) / gamma**2 / 2, 2)


def _scale(energy: np.ndarray) -> np.ndarray:
    """The parameter of `screening` without the shares of the energy: 136 m / (E Z^(1/3))."""
    return 136 / np.cbrt(HEAVY) * ELECTRON_MASS / energy


def _accepted(draw: Draw, n: int, rng: np.random.Generator) -> np.ndarray:
    """n values by rejection; `draw(positions)` gives values and the probability to keep each."""
    result, todo = np.empty(n), np.arange(n)
    while len(todo):
        values, chance = draw(todo)
        kept = rng.random(len(todo)) < chance
        result[todo[kept]] = values[kept]
        todo = todo[~kept]
    return result
