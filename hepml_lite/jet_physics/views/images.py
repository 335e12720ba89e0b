"""Jets as images: centred, turned, flipped, and sorted into pixels of an eta-phi grid.

Each step is a function of constituents (N, P, 3): z, eta and phi, zero where padded. Rows of an
image run in phi, columns in eta: `ax.imshow(image, origin="lower")` shows eta to the right.
"""

import numpy as np

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.chunks import CHUNK, chunks

PIXELS = 41  # an odd number: the centre of the jet is not on a border of pixels
REACH = 0.8  # half the side of the image
CHANNELS = ("charged pT", "neutral pT", "charged multiplicity")
NEUTRAL = (0, 12, 14, 16, 22, 111, 130, 310, 311, 2112, 3122, 3212, 3322)  # PDG, without sign


def upright(points: np.ndarray) -> np.ndarray:
    """Turn each jet so that the axis along which it is widest points in phi, (N, P, 3).

    The axis is the first principal axis of the momentum distribution. A jet that is equally wide in
    all directions, or has one particle, does not change. `flipped` decides which end is up.
    """
    z, eta, phi = np.moveaxis(points, -1, 0)  # each (N, P)
    cross = (z * eta * phi).sum(1)
    difference = (z * (eta**2 - phi**2)).sum(1)
    long_axis = np.arctan2(2 * cross, difference) / 2  # its angle from the eta direction, (N,)
    turn = np.where(np.hypot(2 * cross, difference) > 0, np.pi / 2 - long_axis, 0.0)[:, None]
    cos = np.cos(turn)
    sin = np.sin(turn)
    return np.stack([z, cos * eta - sin * phi, sin * eta + cos * phi], axis=-1)


def flipped(points: np.ndarray) -> np.ndarray:
    """Reflect each jet so that its right and its upper half carry more momentum, (N, P, 3).

    Symmetric jets do not change. The step is that of arXiv:1803.00107.
    """
    z = points[..., :1]  # (N, P, 1)
    plane = points[..., 1:]  # (N, P, 2)
    balance = (z * np.sign(plane)).sum(axis=1, keepdims=True)  # (N, 1, 2)
    return np.concatenate([z, np.where(balance < 0, -plane, plane)], axis=-1)


def pixelated(
    points: np.ndarray,
    weights: np.ndarray | None = None,
    pixels: int = PIXELS,
    reach: float = REACH,
) -> np.ndarray:
    """Sum weights in pixels x pixels bins from -reach to reach: (N, C, pixels, pixels) float32.

    Particles outside are left out.

    Args:
        points: (N, P, 3) z, eta, phi.
        weights: (N, P, C), one column for each channel. Default: z, one channel (C = 1); then the
            sum of an image is the momentum fraction inside of it.
        pixels: number of rows and of columns.
        reach: half the side of the image, in eta and in phi [rad].

    Raises:
        ValueError: if pixels or reach is not positive.
    """
    if pixels < 1 or not reach > 0:
        raise ValueError(f"pixels = {pixels}, reach = {reach}: both must be positive")
    weights = points[..., :1] if weights is None else weights
    n = len(points)
    channels = weights.shape[-1]
    place = np.floor((points[..., 1:] + reach) * (pixels / (2 * reach))).astype(int)  # (N, P, 2)
    jet, particle = np.nonzero(((place >= 0) & (place < pixels)).all(axis=-1))
    column, row = place[jet, particle].T
    image = np.zeros((n, channels, pixels, pixels), np.float32)
    for channel in range(channels):
        flat = (jet * pixels + row) * pixels + column
        content = np.bincount(flat, weights[jet, particle, channel], minlength=n * pixels**2)
        image[:, channel] = content.reshape(n, pixels, pixels)
    return image


def colours(jets: Jets) -> np.ndarray:
    """Weights (N, P, 3) for the `CHANNELS` of arXiv:1612.01551, which show the kinds of particles.

    The last channel counts charged particles, as a fraction of all constituents. All three channels
    lie between 0 and 1.

    Raises:
        ValueError: if the jets have no particle identities.
    """
    require_jets(jets)
    if jets.pid is None:
        raise ValueError(
            "these jets have no pid: charged and neutral are not known; use one channel"
        )
    charged = jets.mask & ~np.isin(np.abs(jets.pid), NEUTRAL)
    z = centred(jets)[..., 0]
    count = charged / jets.mask.sum(axis=1, keepdims=True)
    return np.stack([z * charged, z * (jets.mask & ~charged), count], axis=-1)


def images(
    jets: Jets, pixels: int = PIXELS, reach: float = REACH, coloured: bool = False
) -> np.ndarray:
    """Images of jets, centred, upright and flipped: (N, 1 or 3, pixels, pixels) float32.

    With `coloured` they have the three `CHANNELS`, otherwise the momentum fraction. Permutations,
    padding, boosts along the beam, rotations and reflections do not change an image. It is infrared
    and collinear safe (the count is not). Exceptions are particles on the border of a pixel, and
    symmetric jets, which have no unique axis or upper half.
    """
    parts = []
    for part in chunks(jets, CHUNK // 4):
        points = flipped(upright(centred(part)))
        weights = colours(part) if coloured else None
        parts.append(pixelated(points, weights, pixels, reach))
    return np.concatenate(parts)


def average_images(
    jets: Jets, pixels: int = PIXELS, reach: float = REACH, coloured: bool = False
) -> dict[str, np.ndarray]:
    """Mean images (1 or 3, pixels, pixels) by the name of the class; one chunk in memory.

    Classes without jets are left out.
    """
    sums: dict[int, np.ndarray] = {}
    for part in chunks(jets, CHUNK // 4):
        view = images(part, pixels, reach, coloured)
        for label in np.unique(part.label):
            sums[label] = sums.get(label, 0) + view[part.label == label].sum(0, dtype=float)
    number = np.bincount(jets.label, minlength=len(jets.names))
    return {jets.names[label]: sums[label] / number[label] for label in sorted(sums)}
