"""Event isotropy: the distance of an event or a jet from a uniform spread of its energy.

I = EMD(event, uniform event), both with total weight 1, for a cost quadratic at small angles
(Cesarotti, Thaler, arXiv:2004.06125): I is 0 for a uniform spread and 1 for the opposite extreme.
The uniform event is a finite set of points, which changes I by up to 0.01. A finite event is not
uniform either: 64 particles at equal distances have I = 0.001 on the ring and 0.02 on the disk; 64
random particles have 0.08 on the ring.

Ring: transverse momenta in azimuth, cost pi / (pi - 2) (1 - cos phi_ij), normalised such that two
back-to-back particles have I = 1. An event without transverse balance can exceed it: one particle
alone has pi / (pi - 2) = 2.75.

Disk: a jet in the eta-phi plane, against the disk of radius R around its axis, cost
2 (Delta R_ij / R)^2, normalised such that a single particle has I = 1. This is the quadratic cost
applied to jets. Two equal prongs, each R from the axis, have I = 1.30: the energy of the disk has
to move to its edge.
"""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

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


def _isotropy(
    rows: list[np.ndarray], points: int, cost: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    uniform = np.full(points, 1 / points)
    values = [transport_cost(row[:, 0] / row[:, 0].sum(), uniform, cost(row)) for row in rows]
    return np.array(values, float)


def _require_points(points: int) -> None:
    if points < 8:
        raise ValueError(f"points = {points}: give at least 8; 128 are usual")
