"""Jet quenching as a parametrised loss of energy, and how to compare jets apples to apples.

In a nuclear collision a jet of transverse momentum pT loses on average mean * (pT / 100 GeV)^power,
with Gamma fluctuations. The spectrum falls steeply, so that jets of one measured pT lost less than
most. Comparing quantiles instead of pT compares jets that were equal before the loss, if the order
of the jets is kept (Brewer, Milhano, Thaler, arXiv:1812.05111; Bayesian fits of such a loss: He,
Pang, Wang, arXiv:1808.05310).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import Simulator
from hepml_lite.statistics.data_checks import checked_finite

UNIT = 100.0  # GeV


@dataclass(frozen=True)
class EnergyLoss(Simulator):
    """Mean loss at 100 GeV [GeV] and the power of pT; one measured pT [GeV] of each jet.

    Attributes:
        vacuum: pT of jets without loss [GeV], (J,), such as those of `zjets_unfolding`.
        fluctuation: shape of the Gamma distribution; a large one is a fixed loss.
    """

    vacuum: np.ndarray
    fluctuation: float = 4.0
    parameters: ClassVar = ("mean_loss", "power")
    features: ClassVar = ("pt",)

    @property
    def prior(self) -> UniformPrior:
        """Losses from 0 to 30 GeV, powers from 0 to 1."""
        return UniformPrior(np.array([0.0, 0.0]), np.array([30.0, 1.0]))

    def mean_loss(self, theta: np.ndarray, pt: np.ndarray) -> np.ndarray:
        """Mean loss (N,) [GeV] of jets of this pT (N,) at points (N, 2)."""
        return theta[:, 0] * (pt / UNIT) ** theta[:, 1]

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The pT after the loss (N, 1); a jet cannot lose more than it has."""
        pt = rng.choice(self.vacuum, len(theta))
        fluctuation = rng.gamma(self.fluctuation, 1 / self.fluctuation, len(theta))
        loss = self.mean_loss(theta, pt) * fluctuation
        return np.maximum(pt - loss, 0.0)[:, None]


def matched_pt(vacuum: ArrayLike, quenched: ArrayLike, at: ArrayLike) -> np.ndarray:
    """The pT in vacuum of jets of the same quantile as jets of a pT after the loss.

    Args:
        vacuum: pT (J,) without loss, from one cross section and luminosity.
        quenched: pT (K,) after the loss, of the same number of produced jets.
        at: values of the quenched pT.

    Raises:
        ValueError: no jets, or NaN.
    """
    before = np.sort(checked_finite("vacuum", vacuum, n_axes=1))
    after = np.sort(checked_finite("quenched", quenched, n_axes=1))
    if not len(before) or not len(after):
        raise ValueError("vacuum or quenched is empty: give the pT of at least one jet each")
    share = np.searchsorted(after, checked_finite("at", at)) / len(after)
    return np.quantile(before, np.minimum(share, 1.0))
