"""Event isotropy: the distance of an event or a jet from a uniform spread of its energy.

I = EMD(event, uniform event), both with total weight 1, for a cost quadratic at small angles
(Cesarotti, Thaler, arXiv:2004.06125): I is 0 for a uniform spread and 1 for the opposite extreme.
The uniform event is a finite set of points, which changes I by up to 0.01. A finite event is not
uniform either: 64 particles at equal distances have I = 0.001 on the ring and 0.02 on the disk; 64
random particles have 0.08 on the ring.

Ring: transverse momenta in azimuth, cost pi / (pi - 2) (1 - cos phi_ij), normalised such that two
back-to-back particles have I = 1. An event without transverse balance can exceed it: one particle
alone has pi / (pi - 2) = 2.75.

Sphere: energies on the unit sphere, cost 2 (1 - cos theta_ij): for lepton colliders. Two
back-to-back particles have I = 1: each fills a hemisphere, where 1 - cos theta has the mean 1/2.

Cylinder: transverse momenta in rapidity |y| < y_max and azimuth, cost
12 / (pi^2 + 16 y_max^2) (Delta y^2 + Delta phi^2). Two particles that are opposite in azimuth, both
at y = y_max, have I = 1, the largest value of a balanced pair.

Disk: a jet in the eta-phi plane, against the disk of radius R around its axis, cost
2 (Delta R_ij / R)^2, normalised such that a single particle has I = 1. This is the quadratic cost
applied to jets. Two equal prongs, each R from the axis, have I = 1.30: the energy of the disk has
to move to its edge.
"""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.distances.energy_movers_distance import particles, transport_cost
from hepml_lite.statistics.settings_checks import checked_number

GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def ring_isotropy(events: Jets, points: int = 128) -> np.ndarray:
    """Isotropy in azimuth of each event, (N,); constituents are its particles or its jets.

    Args:
        events: rows of pT, eta, phi; eta is not used.
        points: number of equal points on the ring.

    Raises:
        ValueError: if there are fewer than 8 points.
    """
    require_jets(events)
    _require_points(points)
    ring = 2 * np.pi * np.arange(points) / points
    rows = [row[real] for row, real in zip(events.constituents, events.mask, strict=True)]
    return _isotropy(
        [row.astype(float) for row in rows],
        points,
        lambda row: np.pi / (np.pi - 2) * (1 - np.cos(row[:, 2:] - ring)),
    )


def sphere_isotropy(events: Jets, points: int = 192) -> np.ndarray:
    """Isotropy of the energy of each event on the sphere, (N,).

    Args:
        events: rows of pT, eta, phi; particles count as massless.
        points: number of equal points on the sphere.

    Raises:
        ValueError: if there are fewer than 8 points.
    """
    require_jets(events)
    _require_points(points)
    sphere = uniform_sphere(points)
    rows = [row[real] for row, real in zip(events.constituents, events.mask, strict=True)]

    def cost(row: np.ndarray) -> np.ndarray:
        return 2 * (1 - _directions(row) @ sphere.T)

    weighted = []
    for row in rows:
        energy = row[:, 0] * np.cosh(row[:, 1].astype(float))
        weighted.append(np.column_stack([energy, row[:, 1:]]).astype(float))
    return _isotropy(weighted, points, cost)


def cylinder_isotropy(events: Jets, y_max: float, points: int = 16) -> np.ndarray:
    """Isotropy of the transverse momentum of each event on the cylinder |y| < y_max, (N,).

    Particles at larger rapidities are left out.

    Args:
        events: rows of pT, eta, phi.
        y_max: half the length of the cylinder, where the detector ends.
        points: number of points around the cylinder; along it their distance is the same.

    Raises:
        ValueError: if y_max is not positive, there are fewer than 8 points, or an event has no
            particle on the cylinder.
    """
    require_jets(events)
    _require_points(points)
    checked_number("y_max", y_max, 0, np.inf, "()", "2, where the tracker ends")
    cylinder = uniform_cylinder(y_max, points)
    norm = 12 / (np.pi**2 + 16 * y_max**2)
    particles_of = events.in_rapidity().astype(float)
    inside = events.mask & (np.abs(particles_of[..., 1]) < y_max)
    if not inside.any(axis=1).all():
        empty = int(np.argmin(inside.any(axis=1)))
        raise ValueError(f"event {empty} has no particle with |y| < {y_max:g}: leave it out")

    def cost(row: np.ndarray) -> np.ndarray:
        d_y = row[:, None, 1] - cylinder[:, 0]
        d_phi = kinematics.delta_phi(row[:, None, 2], cylinder[:, 1])
        return norm * (d_y**2 + d_phi**2)

    rows = [row[kept] for row, kept in zip(particles_of, inside, strict=True)]
    return _isotropy(rows, len(cylinder), cost)


def disk_isotropy(jets: Jets, radius: float, points: int = 128) -> np.ndarray:
    """Isotropy of each jet on the disk of this radius around its axis, (N,).

    Args:
        jets: N jets; the axis is the centroid of pT, as in `energy_movers_distance.particles`.
        radius: R of the jets.
        points: number of equal points on the disk.

    Raises:
        ValueError: if the radius is not positive or there are fewer than 8 points.
    """
    require_jets(jets)
    _require_points(points)
    checked_number("radius", radius, 0, np.inf, "()", "0.8, the radius of the jets")
    disk = radius * uniform_disk(points)
    return _isotropy(
        particles(jets),
        points,
        lambda jet: 2 / radius**2 * cdist(jet[:, 1:], disk, "sqeuclidean"),
    )


def uniform_disk(points: int) -> np.ndarray:
    """Points (points, 2) that fill the unit disk evenly: a centred sunflower spiral."""
    k = np.arange(points)
    distance = np.sqrt((k + 0.5) / points)
    angle = k * GOLDEN_ANGLE
    spiral = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    spiral -= spiral.mean(0)
    return spiral * np.sqrt(0.5 / (spiral**2).sum(1).mean())  # a uniform disk has <r^2> = 1/2


def uniform_sphere(points: int) -> np.ndarray:
    """Unit vectors (points, 3) that fill the sphere evenly: a spiral with equal steps in z."""
    k = np.arange(points)
    z = (2 * k + 1) / points - 1
    radius = np.sqrt(1 - z**2)
    angle = k * GOLDEN_ANGLE
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=-1)


def uniform_cylinder(y_max: float, points: int) -> np.ndarray:
    """Points (M, 2), y and phi, on an even grid with `points` around the cylinder."""
    along = max(1, round(points * y_max / np.pi))
    y = y_max * ((2 * np.arange(along) + 1) / along - 1)
    phi = 2 * np.pi * np.arange(points) / points
    return np.stack(np.meshgrid(y, phi, indexing="ij"), axis=-1).reshape(-1, 2)


def _directions(row: np.ndarray) -> np.ndarray:
    """Unit vectors (n, 3) of particles (n, 3) with eta and phi in the last columns."""
    eta, phi = row[:, 1], row[:, 2]
    transverse = 1 / np.cosh(eta)
    return np.stack([transverse * np.cos(phi), transverse * np.sin(phi), np.tanh(eta)], axis=-1)


def _isotropy(
    rows: list[np.ndarray], points: int, cost: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    uniform = np.full(points, 1 / points)
    values = [transport_cost(row[:, 0] / row[:, 0].sum(), uniform, cost(row)) for row in rows]
    return np.array(values, float)


def _require_points(points: int) -> None:
    if points < 8:
        raise ValueError(f"points = {points}: give at least 8; 128 are usual")
