"""The seven views of a jet as rows of numbers, the inputs of a learner."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.observables import lund
from hepml_lite.jet_physics.observables.catalogue import observable_table
from hepml_lite.jet_physics.views import images, invariants, sequences

OBSERVABLES = ("mass", "multiplicity", "width", "pt_dispersion", "tau21", "tau32", "d2")
PIXELS = 21  # rows and columns of an image
REACH = 0.8  # half the side of an image
PARTICLES = 30  # number of particles in a sequence and in a list of four-vectors
N_PAIRS = 120  # number of pair masses, the heaviest ones
MAX_MOMENT_DEGREE = 4  # of the moments of a set
JETS_AT_ONCE = 500  # all pairs of 100 particles of 500 jets are 40 MB
LUND_ANGLES = np.linspace(0, 6, 13)
LUND_KT = np.linspace(-2, 5, 15)


@dataclass(frozen=True)
class View:
    """A jet written as F numbers."""

    function: Callable[[Jets], np.ndarray]  # N jets -> (N, F)
    sentence: str  # description, for the top of a figure
    laws: tuple[str, ...]  # names in `catalogue.LAWS`: what it keeps, up to pixels and truncation
    units: int  # number of units, which repeat along F: 3 for pT, eta, phi, pT, eta, phi, ...

    def __call__(self, jets: Jets) -> np.ndarray:
        """The numbers of each jet, (N, F) float32; in chunks, so that memory is bounded."""
        parts = [self.function(part).astype(np.float32) for part in chunks(jets, JETS_AT_ONCE)]
        return np.concatenate(parts)

    def movement(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """How far each jet moved (N,), from its numbers (N, F) before and after: see `movement`."""
        return movement(before, after, self.units)


def observables(jets: Jets) -> np.ndarray:
    """Seven observables with a physical meaning, (N, 7)."""
    return observable_table(jets, OBSERVABLES).to_numpy()


def image(jets: Jets) -> np.ndarray:
    """Momentum fractions in 21 x 21 pixels, upright and flipped, (N, 441)."""
    return images.images(jets, pixels=PIXELS).reshape(len(jets), PIXELS**2)


def sequence(jets: Jets) -> np.ndarray:
    """z, eta and phi of the 30 hardest particles one after the other, (N, 90)."""
    return _length(sequences.sequences(jets, "pt", PARTICLES)[0], PARTICLES)


def moments(jets: Jets) -> np.ndarray:
    """Sums over the set, sum_i z_i eta_i^a phi_i^b with 2 <= a + b <= 4, (N, 12).

    An Energy Flow Network computes such sums, with learned functions of the angles instead of
    powers. They take any number of particles, in any order.
    """
    z, eta, phi = np.moveaxis(centred(jets), -1, 0)  # each (N, P)
    powers = [(n - b, b) for n in range(2, MAX_MOMENT_DEGREE + 1) for b in range(n + 1)]
    return np.stack([(z * eta**a * phi**b).sum(axis=1) for a, b in powers], axis=1)


def four_vectors(jets: Jets) -> np.ndarray:
    """E, px, py, pz [GeV] of the first 30 particles as they are stored, (N, 120)."""
    require_jets(jets)
    return _length(jets.four_vectors(), PARTICLES)


def masses_of_pairs(jets: Jets) -> np.ndarray:
    """ln m^2 [GeV^2] of the 120 heaviest pairs of particles, falling, (N, 120).

    They are the edges of the complete graph. Where there are fewer pairs, the value is the floor of
    the logarithm.
    """
    require_jets(jets)
    m2 = 2 * invariants.minkowski_products(jets)  # (N, P, P)
    if jets.constituent_mass is not None:
        squared = jets.constituent_mass.astype(float) ** 2
        both_real = jets.mask[:, :, None] & jets.mask[:, None]
        m2 += (squared[:, :, None] + squared[:, None]) * both_real
    rows, columns = np.triu_indices(m2.shape[1], 1)
    falling = -np.sort(-m2[:, rows, columns], axis=1)[:, :N_PAIRS]
    missing = N_PAIRS - falling.shape[1]
    return np.log(np.maximum(np.pad(falling, [(0, 0), (0, missing)]), 1e-3))


def lund_plane(jets: Jets) -> np.ndarray:
    """Numbers of primary splittings in cells of ln 1/Delta and ln kT, (N, 12 x 14)."""
    values, mask = lund.primary_lund_plane(jets)
    x = np.digitize(values[..., 0], LUND_ANGLES) - 1
    y = np.digitize(values[..., 1], LUND_KT) - 1
    shape = (len(LUND_ANGLES) - 1, len(LUND_KT) - 1)
    inside = mask & (x >= 0) & (y >= 0) & (x < shape[0]) & (y < shape[1])
    jet, splitting = np.nonzero(inside)
    flat = (jet * shape[0] + x[jet, splitting]) * shape[1] + y[jet, splitting]
    cells = shape[0] * shape[1]
    return np.bincount(flat, minlength=len(jets) * cells).reshape(len(jets), cells)


def _length(features: np.ndarray, n: int) -> np.ndarray:
    """(N, P, F) cut or filled up to n particles and flattened, (N, n F)."""
    features = features[:, :n]
    missing = n - features.shape[1]
    filled = np.pad(features, [(0, 0), (0, missing), (0, 0)])
    return filled.reshape(len(features), n * features.shape[2])


_LONGITUDINAL = ("permutation", "padding", "turn", "boost")
_SAFE = ("infrared", "collinear")
VIEWS = {
    "observables": View(observables, "seven numbers with a meaning", (*_LONGITUDINAL, "mirror"), 7),
    "image": View(image, "momentum in pixels", (*_LONGITUDINAL, "mirror", "rotation", *_SAFE), 1),
    "sequence": View(sequence, "particles in falling pT", _LONGITUDINAL, 3),
    "set": View(moments, "sums over all particles", (*_LONGITUDINAL, *_SAFE), 12),
    "graph": View(masses_of_pairs, "masses of pairs", (*_LONGITUDINAL, "mirror", "lorentz"), 1),
    "tree": View(lund_plane, "splittings in the Lund plane", (*_LONGITUDINAL, "mirror", *_SAFE), 1),
    "four-vectors": View(four_vectors, "E, px, py, pz as they come", ("padding",), 1),
}


def movement(before: np.ndarray, after: np.ndarray, units: int | None = None) -> np.ndarray:
    """How far each jet moved in a view (N, F), relative to the usual distance of two jets, (N,).

    0 means that the view does not change; 1 is as far as to another jet. Each number is divided by
    its spread over the jets before, so that units do not matter. Numbers of the same unit share one
    spread; otherwise rarely hit pixels would count most.

    Args:
        before, after: the same jets in the same view.
        units: number of different units, which repeat along F; default: F.

    Raises:
        ValueError: if the arrays have different shapes or fewer than two jets.
    """
    if before.shape != after.shape or len(before) < 2:
        raise ValueError(
            f"before {before.shape}, after {after.shape}: give the same two or more jets twice"
        )
    spread, usual = scale(before, units)
    seen = spread > 0
    steps = (after - before).astype(float)[:, seen] / spread[seen]
    return np.linalg.norm(steps, axis=1) / usual


def scale(numbers: np.ndarray, units: int | None = None) -> tuple[np.ndarray, float]:
    """Scales of `movement`: spread (F,) of each number, median distance of two jets in spreads."""
    n_numbers = numbers.shape[1]
    variance = numbers.var(axis=0, dtype=float).reshape(-1, units or n_numbers).mean(axis=0)
    spread = np.resize(np.sqrt(variance), n_numbers)  # (F,)
    scaled = numbers[:, spread > 0] / spread[spread > 0]
    usual = np.median(np.linalg.norm(scaled - np.roll(scaled, 1, axis=0), axis=1))
    return spread, float(usual)
