"""Maps of distances in the hyperbolic plane, beside those in the Euclidean plane.

In the hyperbolic plane a circle grows exponentially with its radius, as a tree does with its depth.
M. Nickel, D. Kiela, arXiv:1705.08039 (the ball); F. Sala et al., arXiv:1804.03329 (scaling); of
collider events: S. E. Park et al., arXiv:2208.05484. A point is given by its tangent vector v at
the centre: it lies in the direction of v, at the distance |v|. In the Poincaré ball it is the
vector tanh(|v| / 2) v / |v|.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hepml_lite.jet_physics.distances.embedding import classical_scaling
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_rng

RADII = (0.1, 0.2, 0.5, 1.5)  # of curvature, to start from, in units of the mean distance
LEARNING_RATE = 0.03
SMALLEST = 1e-12  # under a square root, whose slope is infinite at zero


@dataclass(frozen=True)
class Map:
    """Points of a plane whose distances should be given ones.

    Attributes:
        points: (N, 2), in the Euclidean plane, or in the Poincaré disk of radius 1.
        radius: of curvature, in the unit of the distances; infinite for the Euclidean plane.
        distances: (N, N) between the points.
    """

    points: np.ndarray
    radius: float
    distances: np.ndarray


def poincare_distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distances (...) of points x, y (..., D) of the open unit ball, where the curvature is -1.

    d = arcosh(1 + 2 |x - y|² / ((1 - |x|²)(1 - |y|²))), eq. 1 of arXiv:1705.08039; from the centre
    it is 2 artanh |x|.

    Raises:
        ValueError: a point that is not inside.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    inside_x, inside_y = (1 - (a**2).sum(-1) for a in (x, y))
    if not (np.all(inside_x > 0) and np.all(inside_y > 0)):
        raise ValueError("a point outside of the open unit ball: give |x| < 1")
    apart = ((x - y) ** 2).sum(-1)
    return 2 * np.arcsinh(np.sqrt(apart / (inside_x * inside_y)))  # cosh d = 1 + 2 sinh² (d / 2)


def in_ball(tangent: np.ndarray) -> np.ndarray:
    """Points (..., D) of the ball from tangent vectors (..., D) at its centre."""
    length = np.linalg.norm(tangent, axis=-1, keepdims=True)
    return np.tanh(length / 2) * tangent / np.maximum(length, SMALLEST)


def hyperbolic_scaling(distances: np.ndarray, radius: float = 1.0) -> np.ndarray:
    """Tangent vectors (N, 2) of points with nearly these distances (N, N): scaling as Torgerson's.

    -cosh(d / radius) are products of Minkowski vectors (t, x, y) with t² - x² - y² = 1. The leading
    eigenvectors are their coordinates. Points of the hyperbolic plane are found exactly, up to
    rotations, reflections and translations (arXiv:1804.03329, section 3.2).
    """
    values, vectors = np.linalg.eigh(np.cosh(np.asarray(distances, float) / radius))
    space = vectors[:, :2] * np.sqrt(np.maximum(-values[:2], 0))  # (N, 2), the two most negative
    length = np.linalg.norm(space, axis=1, keepdims=True)  # sinh |v|
    return np.arcsinh(length) * space / np.maximum(length, SMALLEST)


def hyperbolic_map(distances: np.ndarray, steps: int = 500) -> Map:
    """The map in the hyperbolic plane with the least `relative_error`, by gradient descent.

    The radius of curvature is learned, too: one number more than the Euclidean plane has, which is
    the limit of a large radius. The best of four starts is taken. It need not be the best map: a
    tree has maps without any error in the limit of a small radius, and the descent stops before.

    Args:
        distances: (N, N), positive off the diagonal.
        steps: of the descent.

    Raises:
        ValueError: a matrix of another shape, or a distance that is not positive.
    """
    wanted, unit = _checked(distances)
    starts = np.stack([hyperbolic_scaling(wanted, radius) for radius in RADII])
    points, radii = _descended(starts, np.array(RADII), wanted, steps)
    ball = in_ball(points)
    found = radii * unit * poincare_distance(ball[:, None], ball[None])
    return Map(ball, float(radii * unit), found)


def euclidean_map(distances: np.ndarray, steps: int = 500, rng: Seed = 0) -> Map:
    """The map in the Euclidean plane with the least `relative_error`, found in the same way.

    The four starts are `classical_scaling`, and three from where its points were shaken.

    Args and errors are those of `hyperbolic_map`; `rng` is for the shaking.
    """
    wanted, unit = _checked(distances)
    shaken = checked_rng(rng).normal(size=(len(RADII), len(wanted), 2))
    shaken[0] = 0
    starts = classical_scaling(wanted) + 0.1 * shaken
    points, _ = _descended(starts, None, wanted, steps)
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return Map(points * unit, np.inf, apart * unit)


def error_of_a_constant(distances: np.ndarray) -> float:
    """The `relative_error` of the best single number for all distances: the floor of any map."""
    inverse = 1 / distances[np.triu_indices(len(distances), 1)]
    constant = inverse.mean() / (inverse**2).mean()
    return float(np.sqrt(np.mean((constant * inverse - 1) ** 2)))


def relative_error(found: np.ndarray, distances: np.ndarray) -> float:
    """Root of the mean over all pairs of (found / wanted - 1)², from matrices (N, N)."""
    i, j = np.triu_indices(len(distances), 1)
    return float(np.sqrt(np.mean((found[i, j] / distances[i, j] - 1) ** 2)))


def _checked(distances: np.ndarray) -> tuple[np.ndarray, float]:
    """Distances (N, N) that can be mapped, over their mean, and the mean."""
    numbers = checked_finite("distances", distances)
    shape = numbers.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 3:
        raise ValueError(f"distances have shape {shape}; expected (N, N) of N = 3 or more points")
    off_diagonal = numbers[np.triu_indices(len(numbers), 1)]
    if not np.all(off_diagonal > 0):
        raise ValueError(
            f"a distance of {off_diagonal.min():g}: all must be positive, so leave out copies"
        )
    unit = float(off_diagonal.mean())
    return numbers / unit, unit


def _descended(
    starts: np.ndarray, radii: np.ndarray | None, wanted: np.ndarray, steps: int
) -> tuple[np.ndarray, float]:
    """The best points (N, 2) and their radius, from starts (S, N, 2) and radii (S,)."""
    i, j = np.triu_indices(len(wanted), 1)
    target = torch.as_tensor(wanted[i, j])
    points = torch.tensor(starts, requires_grad=True)
    trained = [points]
    if radii is not None:
        log_radii = torch.tensor(np.log(radii), requires_grad=True)
        trained.append(log_radii)
    optimizer = torch.optim.Adam(trained, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        if radii is None:
            apart = (points[:, i] - points[:, j]).square().sum(-1).clamp(min=SMALLEST).sqrt()
        else:
            apart = log_radii.exp()[:, None] * _hyperbolic(points, i, j)
        error = (apart / target - 1).square().mean(1)  # (S,)
        error.sum().backward()
        optimizer.step()
        schedule.step()
    best = int(error.argmin())
    radius = np.inf if radii is None else float(log_radii[best].detach().exp())
    return points[best].detach().numpy(), radius


def _hyperbolic(tangent: Tensor, i: np.ndarray, j: np.ndarray) -> Tensor:
    """Distances (S, pairs) of points i and j, from tangent vectors (S, N, 2)."""
    length = tangent.square().sum(-1, keepdim=True).clamp(min=SMALLEST).sqrt()  # (S, N, 1)
    ball = (length / 2).tanh() * tangent / length
    growth = (length[..., 0] / 2).cosh()  # 1 / √(1 - |x|²)
    apart = (ball[:, i] - ball[:, j]).square().sum(-1).clamp(min=SMALLEST).sqrt()
    return 2 * (apart * growth[:, i] * growth[:, j]).asinh()
