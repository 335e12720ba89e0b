"""Systematic variations of jets: a detector that differs from its simulation.

A tagger learns from simulation and is then used on jets of a real detector. These are simple models
of the differences: energy scale and resolution (the scale as for the Bayesian top taggers of
Bollweg et al., arXiv:1904.10004), lost particles, thresholds, dead regions, angles. All return new
`Jets` with constituents in falling pT. A strength of zero returns the same jets, if they were in
this order. With the same seed, a larger strength changes the same particles by more.
`shift_of_efficiency` gives the effect of a variation on a tagger. These functions cannot imitate
another parton shower; the course has samples of one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.statistics.efficiency_shift import EfficiencyShift as EfficiencyShift
from hepml_lite.statistics.efficiency_shift import shift_of_efficiency as shift_of_efficiency

Generator = np.random.Generator
CENTRE = (0.0, 0.0)  # eta, phi of the dead region


@dataclass(frozen=True)
class JetVariation:
    """One possible error of a detector, with its strengths and a description.

    Attributes:
        change: (jets, strength, rng) to jets; a strength of zero changes nothing.
        strengths: a rising grid to scan, which includes zero.
        unit: of the strength, such as "%".
        sentence: description of the change.
    """

    change: Callable[[Jets, float, Generator], Jets]
    strengths: tuple[float, ...]
    unit: str
    sentence: str

    def __call__(self, jets: Jets, strength: float, seed: int = 0) -> Jets:
        """The jets under this variation; the same seed gives the same jets."""
        return self.change(jets, strength, np.random.default_rng(seed))


def energy_scaled(jets: Jets, factor: float) -> Jets:
    """All four-momenta times a factor: a wrong energy scale. Angles stay; pT and mass scale alike.

    Raises:
        ValueError: if the factor is not positive.
    """
    require_jets(jets)
    if not 0 < factor < np.inf:
        raise ValueError(f"factor {factor}: give a positive number, such as 1.02 for 2 % too much")
    return _with_pt(jets, jets.constituents[..., 0] * factor)


def energy_smeared(jets: Jets, resolution: float, rng: Generator) -> Jets:
    """Each momentum times a log-normal number of mean 1 and standard deviation `resolution`.

    A Gaussian would have to be cut off at zero; a log-normal keeps the mean for any resolution.

    Raises:
        ValueError: if the resolution is negative or infinite.
    """
    require_jets(jets)
    _require_not_negative("resolution", resolution, "0.1 for 10 %")
    width = np.sqrt(np.log1p(resolution**2))
    noise = rng.standard_normal(jets.mask.shape)  # (N, P)
    response = np.exp(width * noise - width**2 / 2)
    return _with_pt(jets, jets.constituents[..., 0] * response)


def particles_lost(jets: Jets, share: float, rng: Generator) -> Jets:
    """Lose each particle with probability `share`; the hardest stays if all would be lost.

    Raises:
        ValueError: if the share is not in [0, 1].
    """
    require_jets(jets)
    if not 0 <= share <= 1:
        raise ValueError(f"share {share}: give a probability in [0, 1], such as 0.05")
    return _kept(jets, rng.random(jets.mask.shape) >= share)


def soft_lost(jets: Jets, threshold: float) -> Jets:
    """Lose all particles with pT below `threshold` [GeV], except the hardest of each jet.

    Raises:
        ValueError: if the threshold is negative or infinite.
    """
    require_jets(jets)
    _require_not_negative("threshold", threshold, "1.0 GeV")
    return _kept(jets, jets.constituents[..., 0] >= threshold)


def region_dead(jets: Jets, radius: float, centre: tuple[float, float] = CENTRE) -> Jets:
    """Lose all particles in a disc around `centre` (eta, phi) of the detector, not of the jet.

    Most jets do not touch it. A jet that lies within it keeps its hardest particle.

    Raises:
        ValueError: if the radius is negative or infinite.
    """
    require_jets(jets)
    _require_not_negative("radius", radius, "0.2")
    eta = jets.constituents[..., 1]
    phi = jets.constituents[..., 2]
    return _kept(jets, kinematics.delta_r(eta, phi, *centre) >= radius)


def angles_smeared(jets: Jets, sigma: float, rng: Generator) -> Jets:
    """Add Gaussian noise of standard deviation `sigma` [rad] to eta and phi; every pT stays.

    Raises:
        ValueError: if sigma is negative or infinite.
    """
    require_jets(jets)
    _require_not_negative("sigma", sigma, "0.005 rad")
    shift = sigma * rng.standard_normal((*jets.mask.shape, 2))  # (N, P, 2)
    constituents = jets.constituents + np.pad(shift, [(0, 0), (0, 0), (1, 0)])
    if sigma > 0:
        constituents[..., 2] = kinematics.wrap_phi(constituents[..., 2])
    return replace(jets, constituents=constituents).sorted_by_pt()


VARIATIONS: Mapping[str, JetVariation] = {
    "energy scale": JetVariation(
        lambda jets, percent, rng: energy_scaled(jets, 1 + percent / 100),
        (-10.0, -5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0),
        "%",
        "All energies are measured too high or too low by the same factor.",
    ),
    "energy resolution": JetVariation(
        lambda jets, percent, rng: energy_smeared(jets, percent / 100, rng),
        (0.0, 5.0, 10.0, 20.0, 40.0),
        "%",
        "The energy of each particle is measured less precisely than the simulation says.",
    ),
    "lost particles": JetVariation(
        lambda jets, percent, rng: particles_lost(jets, percent / 100, rng),
        (0.0, 1.0, 2.0, 5.0, 10.0, 20.0),
        "%",
        "Each particle is missed with this probability, hard or soft.",
    ),
    "soft threshold": JetVariation(
        lambda jets, threshold, rng: soft_lost(jets, threshold),
        (0.0, 0.5, 1.0, 2.0, 4.0),
        "GeV",
        "Particles with a smaller transverse momentum are not seen.",
    ),
    "dead region": JetVariation(
        lambda jets, radius, rng: region_dead(jets, radius),
        (0.0, 0.1, 0.2, 0.4, 0.8),
        "in eta-phi",
        "A disc of this radius in the middle of the detector sees nothing; few jets point there.",
    ),
    "angular resolution": JetVariation(
        lambda jets, mrad, rng: angles_smeared(jets, mrad / 1000, rng),
        (0.0, 2.0, 5.0, 10.0, 20.0, 50.0),
        "mrad",
        "The direction of each particle is measured less precisely than the simulation says.",
    ),
}


def vary(jets: Jets, name: str, strength: float, seed: int = 0) -> Jets:
    """The jets under a variation of `VARIATIONS`, for a slider.

    Raises:
        ValueError: if the name is unknown, or the strength is not allowed.
    """
    if name not in VARIATIONS:
        raise ValueError(f"unknown variation {name!r}; choose one of: {', '.join(VARIATIONS)}")
    return VARIATIONS[name](jets, strength, seed)


def _with_pt(jets: Jets, pt: np.ndarray) -> Jets:
    """The jets with new pT (N, P) of the constituents; masses scale with them."""
    constituents = np.concatenate([pt[..., None], jets.constituents[..., 1:]], axis=-1)
    mass = jets.constituent_mass
    if mass is not None:
        before = jets.constituents[..., 0].astype(float)
        mass = mass * np.divide(pt, before, out=np.ones_like(before), where=before > 0)
    return replace(jets, constituents=constituents, constituent_mass=mass).sorted_by_pt()


def _kept(jets: Jets, keep: np.ndarray) -> Jets:
    """The jets with the particles where `keep` (N, P), or with the hardest where there are none."""
    keep = keep & jets.mask
    hardest = np.where(jets.mask, jets.constituents[..., 0], -1).argmax(axis=1)  # (N,)
    empty = np.flatnonzero(~keep.any(axis=1))
    keep[empty, hardest[empty]] = True
    constituents = np.where(keep[..., None], jets.constituents, np.float32(0))
    pid = None if jets.pid is None else np.where(keep, jets.pid, 0)
    return replace(jets, constituents=constituents, mask=keep, pid=pid).sorted_by_pt()


def _require_not_negative(name: str, value: float, example: str) -> None:
    if not 0 <= value < np.inf:
        raise ValueError(f"{name} {value}: give a number of at least 0, such as {example}")
