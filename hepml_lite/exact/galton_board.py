"""The generalised Galton board: a ball falls through rows of nails that push it by theta.

Brehmer, Louppe, Pavez, Cranmer, arXiv:1805.12244, section 2. After h of H rows the ball has gone to
the right k times. It goes left with the chance

    p_left = (1 - f) / 2 + f sigmoid(5 theta (u - 1/2)),   f = sin(pi h / H),
    u = (2 k - h + H) / (2 H).

Only the last position is seen. Its chance is a sum over all paths, 2^H of them, but dynamic
programming adds them row by row in H^2 steps: here the true likelihood is known.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import ExactSimulator, MinedSimulator, paired

STEEPNESS = 5.0


@dataclass(frozen=True)
class GaltonBoard(ExactSimulator, MinedSimulator):
    """One parameter, one number: the box (0 to n_rows) where the ball comes to rest.

    Attributes:
        n_rows: of nails, H.
    """

    n_rows: int = 20
    parameters: ClassVar = ("theta",)
    features: ClassVar = ("box",)

    @property
    def prior(self) -> UniformPrior:
        """Uniform from -1 to 1."""
        return UniformPrior(np.array([-1.0]), np.array([1.0]))

    @property
    def reference(self) -> np.ndarray:
        """The board whose nails push to neither side."""
        return np.zeros(1)

    def chance_left(self, theta: np.ndarray, row: int, rights: np.ndarray) -> np.ndarray:
        """The chance to go left, of the broadcast shape of theta and rights."""
        strength = np.sin(np.pi * row / self.n_rows)
        position = (2 * rights - row + self.n_rows) / (2 * self.n_rows)
        return (1 - strength) / 2 + strength * expit(STEEPNESS * theta * (position - 0.5))

    def slope_of_chance(self, theta: np.ndarray, row: int, rights: np.ndarray) -> np.ndarray:
        """Derivative of `chance_left` by theta."""
        strength = np.sin(np.pi * row / self.n_rows)
        lever = STEEPNESS * ((2 * rights - row + self.n_rows) / (2 * self.n_rows) - 0.5)
        pushed = expit(theta * lever)
        return strength * lever * pushed * (1 - pushed)

    def events_with_latents(
        self, theta: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (N, 1), and the steps (N, H) of each ball: 1 to the right, 0 to the left."""
        steps = np.zeros((len(theta), self.n_rows))
        rights = np.zeros(len(theta))
        for row in range(self.n_rows):
            goes_right = rng.random(len(theta)) >= self.chance_left(theta[:, 0], row, rights)
            steps[:, row] = goes_right
            rights += goes_right
        return rights[:, None], steps

    def log_joint(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """Log chance of the path (N,)."""
        total = np.zeros(len(theta))
        for row, rights, step in self._walk(latents):
            left = self.chance_left(theta[:, 0], row, rights)
            total += np.log(np.where(step == 1, 1 - left, left))
        return total

    def joint_score(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """Derivative of the log chance of the path by theta, (N, 1)."""
        total = np.zeros(len(theta))
        for row, rights, step in self._walk(latents):
            left = self.chance_left(theta[:, 0], row, rights)
            slope = self.slope_of_chance(theta[:, 0], row, rights)
            total += np.where(step == 1, -slope / (1 - left), slope / left)
        return total[:, None]

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Log chance of the box (N,), summed over all paths; -inf for a box that is none."""
        points, boxes = paired(theta, x, 1, 1)
        different, which = np.unique(points[:, 0], return_inverse=True)
        table = self.chances(different)
        box = boxes[:, 0]
        exists = (box == np.round(box)) & (box >= 0) & (box <= self.n_rows)
        index = np.where(exists, box, 0).astype(int)
        with np.errstate(divide="ignore"):
            log_chance = np.log(table[which, index])
        return np.where(exists, log_chance, -np.inf)

    def chances(self, theta: np.ndarray) -> np.ndarray:
        """The chance of every box, (M, H + 1), for M values of theta."""
        values = theta[:, None]
        chance = np.ones((len(theta), 1))  # (M, row + 1), of the number of steps to the right
        for row in range(self.n_rows):
            left = self.chance_left(values, row, np.arange(row + 1))
            stays = np.pad(chance * left, ((0, 0), (0, 1)))
            moves = np.pad(chance * (1 - left), ((0, 0), (1, 0)))
            chance = stays + moves
        return chance

    def _walk(self, steps: np.ndarray):
        """Row, number of steps to the right before it (N,), and the step (N,)."""
        before = np.cumsum(steps, axis=1) - steps
        for row in range(self.n_rows):
            yield row, before[:, row], steps[:, row]
