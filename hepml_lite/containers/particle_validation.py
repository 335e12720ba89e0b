"""Checks of particles in containers: numbers that no detector measures and no physics allows."""

import numpy as np

#: A particle of 1 MeV at this pseudorapidity would have 5 PeV: no collider makes it.
LARGEST_ETA = 30.0
#: Azimuths are radians; angles in degrees run up to 180 or 360.
LARGEST_PHI = 4 * np.pi
#: Rounding error of E^2 - p^2, relative to E^2, for four-vectors stored in this precision.
ROUNDING = {np.dtype(np.float32): 2e-6, np.dtype(np.float64): 1e-12}


def require_physical(
    constituents: np.ndarray, mask: np.ndarray, mass: np.ndarray | None = None
) -> None:
    """Raise ValueError for an impossible constituent; the message gives the first one's numbers.

    Refused are NaN and infinite numbers, negative pT or mass, angles beyond `LARGEST_ETA` and
    `LARGEST_PHI`, and jets without constituents.

    Args:
        constituents: (N, P, 3) pT, eta, phi; zero where padded.
        mask: (N, P) bool.
        mass: (N, P), or None for massless constituents.
    """
    numbers = [constituents] if mass is None else [constituents, mass]
    if not all(np.isfinite(array).all() for array in numbers):
        finite = np.isfinite(constituents).all(axis=-1)
        if mass is not None:
            finite &= np.isfinite(mass)
        remedy = "remove these jets or mask the slots"
        _refuse_particle(~finite, "NaN or infinite constituents", remedy, constituents, mass)
    if constituents[..., 0].min(initial=0) < 0:
        bad = np.asarray(constituents[..., 0] < 0)
        remedy = "pT is a magnitude: is the last axis ordered as pT, eta, phi?"
        _refuse_particle(bad, "negative constituent pT", remedy, constituents, mass)
    require_angles(constituents, mass)
    if mass is not None:
        _refuse_particle(mass < 0, "negative constituent mass", "give GeV", constituents, mass)
    empty = ~np.asarray(mask.any(axis=1))
    _refuse(empty, "no constituents", "drop empty jets before building the container")


def require_angles(particles: np.ndarray, mass: np.ndarray | None = None, row: str = "jet") -> None:
    """Raise ValueError for pseudorapidities and azimuths that no detector measures.

    Args:
        particles: (N, P, 3) pT, eta, phi.
        mass: (N, P) for the message, or None.
        row: the name of a row in the message.
    """
    if _largest(particles[..., 1]) > LARGEST_ETA:
        bad = np.abs(particles[..., 1]) > LARGEST_ETA
        problem = f"|eta| above {LARGEST_ETA:g}"
        remedy = "is the last axis ordered as pT, eta, phi?"
        _refuse_particle(bad, problem, remedy, particles, mass, row)
    if _largest(particles[..., 2]) > LARGEST_PHI:
        bad = np.abs(particles[..., 2]) > LARGEST_PHI
        problem = f"|phi| above {LARGEST_PHI:.1f}"
        remedy = "phi is in radians, not in degrees"
        _refuse_particle(bad, problem, remedy, particles, mass, row)


def rounding_of(kind: np.dtype) -> float:
    """The rounding error of E^2 - p^2, relative to E^2, for numbers of this type.

    Raises:
        ValueError: if the type is too coarse for four-vectors.
    """
    if kind.kind in "biu":
        return ROUNDING[np.dtype(np.float64)]
    if kind.itemsize < 4:
        raise ValueError(f"four-vectors in {kind} are too coarse: pass float32 or float64")
    return ROUNDING.get(kind, ROUNDING[np.dtype(np.float64)])


def impossible_particles(
    p4: np.ndarray, mask: np.ndarray, rounding: float
) -> dict[str, np.ndarray]:
    """Impossible particles, (N, P) bool for each kind of problem.

    Args:
        p4: (N, P, 4) float64, E, px, py, pz [GeV].
        mask: (N, P) bool, true where there should be a particle.
        rounding: see `rounding_of`.
    """
    finite = np.isfinite(p4).all(axis=-1)
    energy, px, py, pz = np.moveaxis(np.where(finite[..., None], p4, 0), -1, 0)
    squared_mass = energy**2 - px**2 - py**2 - pz**2
    along_the_beam = (px == 0) & (py == 0) & (pz != 0)
    return {
        "NaN or infinite numbers": mask & ~finite,
        "a negative energy": mask & (energy < 0),
        "E < |p|": mask & (squared_mass < -rounding * energy**2),
        "no transverse momentum, so that eta is infinite": mask & along_the_beam,
    }


def require_particles(p4: np.ndarray, mask: np.ndarray, rounding: float) -> None:
    """Raise ValueError for an impossible particle; the message gives the first one's numbers.

    Args:
        p4, mask, rounding: as in `impossible_particles`.
    """
    for problem, bad in impossible_particles(p4, mask, rounding).items():
        if not bad.any():
            continue
        jet, particle = np.argwhere(bad)[0]
        numbers = ", ".join(f"{x:.6g}" for x in p4[jet, particle])
        remedy = "correct or remove them, or drop them with invalid='drop'"
        turned = np.roll(p4, 1, axis=-1)
        refused = impossible_particles(turned, mask, rounding).values()
        if problem in ("a negative energy", "E < |p|") and not np.any(list(refused)):
            remedy = "the order seems to be (px, py, pz, E): pass np.roll(p4, 1, axis=-1)"
        raise ValueError(
            f"{bad.sum()} of {mask.sum()} particles have {problem}, the first is particle "
            f"{particle} of jet {jet}: (E, px, py, pz) = ({numbers}); {remedy}"
        )


def _largest(values: np.ndarray) -> float:
    """The largest magnitude, computed without an array of magnitudes to save memory."""
    return max(values.max(initial=0), -values.min(initial=0))


def _refuse_particle(
    bad: np.ndarray,
    problem: str,
    remedy: str,
    particles: np.ndarray,
    mass: np.ndarray | None,
    row: str = "jet",
) -> None:
    """Raise ValueError if a particle is bad (N, P); the message gives the first one's numbers."""
    if not bad.any():
        return
    jet, particle = np.argwhere(bad)[0]
    pt, eta, phi = particles[jet, particle]
    numbers = f"pT = {pt:g}, eta = {eta:g}, phi = {phi:g}"
    if mass is not None:
        numbers += f", mass = {mass[jet, particle]:g}"
    raise ValueError(
        f"{bad.any(axis=1).sum()} of {len(bad)} {row}s have {problem}, the first is {row} {jet}, "
        f"particle {particle}: {numbers}; {remedy}"
    )


def _refuse(bad: np.ndarray, problem: str, remedy: str) -> None:
    jets = np.flatnonzero(bad)
    if len(jets):
        raise ValueError(
            f"{len(jets)} of {len(bad)} jets have {problem}, the first is jet {jets[0]}; {remedy}"
        )
