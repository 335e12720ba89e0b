"""A small simulated quantum kernel: events as angles of qubits, similarity as an overlap of states.

V. Havlíček et al., "Supervised learning with quantum-enhanced feature spaces", arXiv:1804.11326; M.
Schuld, N. Killoran, arXiv:1803.07128; for anomalies at the LHC: V. Belis et al., "Quantum anomaly
detection in the latent space of proton collision events at the LHC", arXiv:2301.10780.

Each feature x_i turns a qubit by R_y(x_i). The kernel is k(x, y) = |<ψ(x)|ψ(y)>|². Without
entanglement it is a product of one number for each feature,

    k(x, y) = Π_i cos²((x_i - y_i) / 2),

which needs no quantum computer, and for small angles exp(-|x - y|² / 4): a Gaussian kernel. Layers
of controlled-Z gates between repeated rotations entangle the qubits. The same gates once at the
end change no overlap at all.

What it shows: how such a kernel is made, that the simulation is exact, and how close a classical
kernel comes. What it does not show: an advantage. With a few qubits a laptop has the same numbers;
with many, all overlaps fall towards 2^-n (`mean_overlap`), and must be measured against noise,
each with a finite number of shots.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

MOST_QUBITS = 12  # 4096 amplitudes for each event


@dataclass(frozen=True)
class QuantumKernel:
    """k(x, y) = |<ψ(x)|ψ(y)>|² of states from angle encoding, by simulation of all amplitudes.

    Attributes:
        n_layers: how often the rotations are applied, with entangling gates in between.
        entangled: whether there are gates in between; without them n_layers only multiplies
            the angles.
        scale: angle [rad] of a feature of one.
    """

    n_layers: int = 2
    entangled: bool = True
    scale: float = 1.0

    def __post_init__(self):
        n_layers = checked_count("n_layers", self.n_layers)
        object.__setattr__(self, "n_layers", n_layers)

    def states(self, x: ArrayLike) -> np.ndarray:
        """Amplitudes (N, 2^n) of events (N, n); all are real, since R_y and CZ are.

        Raises:
            ValueError: more than 12 features, NaN.
        """
        angles = self.scale * _checked_features(x)
        n_qubits = angles.shape[1]
        state = np.zeros((len(angles), 2**n_qubits))
        state[:, 0] = 1  # |00…0>
        signs = controlled_z_signs(n_qubits)
        for layer in range(self.n_layers):
            if layer and self.entangled:
                state = state * signs
            state = rotated_y(state, angles)
        return state

    def __call__(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        """The kernel (N, M) of events (N, n) and (M, n), between 0 and 1."""
        return (self.states(x) @ self.states(y).T) ** 2


def rotated_y(state: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """States (N, 2^n) after R_y(angle) on each qubit, with angles (N, n).

    R_y(t) = ((cos t/2, -sin t/2), (sin t/2, cos t/2)); the first qubit is the leading bit.
    """
    n_events, n_qubits = angles.shape
    for qubit in range(n_qubits):
        cos = np.cos(angles[:, qubit] / 2)[:, None, None]
        sin = np.sin(angles[:, qubit] / 2)[:, None, None]
        split = state.reshape(n_events, 2**qubit, 2, -1)
        zero = split[:, :, 0]
        one = split[:, :, 1]
        state = np.stack([cos * zero - sin * one, sin * zero + cos * one], axis=2)
        state = state.reshape(n_events, -1)
    return state


def controlled_z_signs(n_qubits: int) -> np.ndarray:
    """Signs (2^n,) of controlled-Z gates between neighbouring qubits in a line.

    A gate changes the sign of an amplitude if both of its qubits are one.
    """
    basis = np.arange(2**n_qubits)
    bits = (basis[:, None] >> np.arange(n_qubits)[::-1]) & 1  # (2^n, n)
    n_pairs = (bits[:, 1:] * bits[:, :-1]).sum(1)
    return np.where(n_pairs % 2, -1.0, 1.0)


def product_kernel(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Π_i cos²((x_i - y_i) / 2), (N, M): what the quantum kernel is without entanglement."""
    first = _checked_features(x)
    second = _checked_features(y)
    return np.prod(np.cos((first[:, None] - second[None]) / 2) ** 2, axis=2)


def gaussian_kernel(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """exp(-|x - y|² / 4), (N, M): the product kernel for small angles, and its classical twin."""
    first = _checked_features(x)
    second = _checked_features(y)
    return np.exp(-((first[:, None] - second[None]) ** 2).sum(2) / 4)


def mean_overlap(kernel: QuantumKernel, n_qubits: int, n_pairs: int = 1000, rng: Seed = 0) -> float:
    """Mean kernel of pairs of events with random angles: 2^-n without entanglement.

    The spread falls as fast, so the number of shots that resolves it grows exponentially.
    """
    generator = checked_rng(rng)
    angles = generator.uniform(-np.pi, np.pi, size=(2, n_pairs, n_qubits)) / kernel.scale
    overlap = (kernel.states(angles[0]) * kernel.states(angles[1])).sum(1)
    return float((overlap**2).mean())


def _checked_features(x: ArrayLike) -> np.ndarray:
    features = checked_finite("x", x, n_axes=2)
    if not 1 <= features.shape[1] <= MOST_QUBITS:
        raise ValueError(
            f"x has {features.shape[1]} features, one for each qubit: this simulation takes 1 to "
            f"{MOST_QUBITS}; choose some, or take principal components"
        )
    return features
