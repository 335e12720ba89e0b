"""The two leading jets of an event, and the quantities for a search for a dijet resonance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import awkward as ak
import numpy as np

from data_fetch.generate.simulation.clustering import anti_kt
from data_fetch.generate.simulation.pythia import Generator, Particles
from hepml_lite import kinematics
from hepml_lite.jet_physics.substructure import n_subjettiness

RADIUS = 1.0
SMALLEST_TAU = 1e-6  # a jet of fewer particles than axes has tau = 0: its ratios are set to 0
QUANTITIES = (
    "mjj",
    *("m1", "m2"),
    *("tau1_1", "tau21_1", "tau32_1"),
    *("tau1_2", "tau21_2", "tau32_2"),
    "delta_r",
)
OTHER_BETAS = {"b05": 0.5, "b2": 2.0}  # exponents of the distance in tau_N besides 1
EXTENDED = tuple(  # the extended set of Finke et al., arXiv:2309.13111, up to tau_3
    f"{ratio}_{beta}_{jet}"
    for beta in OTHER_BETAS
    for jet in (1, 2)
    for ratio in ("tau1", "tau21", "tau32")
)
RATIOS = [name for name in (*QUANTITIES, *EXTENDED) if name[:5] in ("tau21", "tau32")]
STEPS = {
    "mjj": 1.0,
    **dict.fromkeys(("m1", "m2"), 0.5),
    **dict.fromkeys(("tau1_1", "tau1_2", "tau1_b05_1", "tau1_b05_2"), 5e-4),
    **dict.fromkeys(("tau1_b2_1", "tau1_b2_2"), 2e-4),
    **dict.fromkeys(RATIOS, 4e-3),
    "delta_r": 0.01,
}
FLOORS = dict.fromkeys(RATIOS, 0.0)


@dataclass(frozen=True)
class Dijets:
    """N events with two jets each: the lighter one first."""

    jets: ak.Array  # N * 2 * Momentum4D [GeV]
    constituents: ak.Array  # N * 2 * var * Momentum4D [GeV]
    pt_hat: np.ndarray  # (N,) of the hard process [GeV]

    def __getitem__(self, keep: np.ndarray | slice) -> Self:
        return type(self)(self.jets[keep], self.constituents[keep], self.pt_hat[keep])

    @classmethod
    def concatenate(cls, parts: list[Self]) -> Self:
        """Join."""
        jets = ak.concatenate([part.jets for part in parts])
        constituents = ak.concatenate([part.constituents for part in parts])
        return cls(jets, constituents, np.concatenate([part.pt_hat for part in parts]))

    @property
    def mjj(self) -> np.ndarray:
        """Invariant mass of the two jets [GeV], (N,)."""
        return ak.to_numpy((self.jets[:, 0] + self.jets[:, 1]).mass)


def collect_dijets(
    generator: Generator,
    n: int,
    window: Callable[[Dijets], np.ndarray],
    detector: Callable[[Particles], Particles],
    min_pt: float,
) -> Dijets:
    """The first n events of a generator whose two leading jets satisfy `window`.

    Args:
        generator: gives the events.
        n: number of events.
        window: which dijets to keep, (N,) bool.
        detector: the detector response.
        min_pt: of the leading jet [GeV].
    """
    found: list[Dijets] = []
    while sum(len(part.pt_hat) for part in found) < n:
        batch = generator.batch()
        pt_hat = np.sqrt(ak.to_numpy(batch.info.pT2Hat))
        dijets = leading_two(detector(generator.visible(batch)), pt_hat, min_pt)
        found.append(dijets[window(dijets)])
    return Dijets.concatenate(found)[:n]


def leading_two(particles: Particles, pt_hat: np.ndarray, min_pt: float) -> Dijets:
    """The two anti-kT R = 1.0 jets of highest pT of each event with a jet above `min_pt` [GeV].

    Args:
        particles: of several events.
        pt_hat: one number an event, stored with it.
        min_pt: of the leading jet; the second may be softer, down to a tenth of it.
    """
    jets, constituents = anti_kt(particles, len(pt_hat), RADIUS, min_pt / 10)
    order = ak.argsort(jets.pt, axis=1, ascending=False)
    jets, constituents = jets[order], constituents[order]
    triggered = ak.num(jets) >= 2
    triggered = ak.to_numpy(triggered & (ak.fill_none(ak.max(jets.pt, axis=1), 0) > min_pt))
    jets, constituents = jets[triggered][:, :2], constituents[triggered][:, :2]
    lighter_first = ak.argsort(jets.mass, axis=1)
    return Dijets(jets[lighter_first], constituents[lighter_first], pt_hat[triggered])


def dijet_quantities(dijets: Dijets) -> np.ndarray:
    """`QUANTITIES` of each event, (N, 10): jet 1 is the lighter, jet 2 the heavier of the two.

    mjj and the masses in GeV; tau1 = tau_1, tau21 = tau_2/tau_1, tau32 = tau_3/tau_2 with beta = 1
    (Thaler, Van Tilburg, arXiv:1011.2268), 0 where the denominator is; delta_r between the jets in
    pseudorapidity and azimuth.
    """
    mass = ak.to_numpy(dijets.jets.mass)  # (N, 2)
    return stacked(dijets.mjj, mass, _tau(dijets, beta=1.0), _distance(dijets.jets))


def extended_quantities(dijets: Dijets) -> np.ndarray:
    """`EXTENDED`: tau_1 and ratios of both jets with beta = 1/2 and 2, (N, 12)."""
    return np.hstack([_ratios(_tau(dijets, beta)) for beta in OTHER_BETAS.values()])


def stacked(mjj: np.ndarray, mass: np.ndarray, tau: np.ndarray, delta_r: np.ndarray) -> np.ndarray:
    """`QUANTITIES` (N, 10) from mjj (N,), masses (N, 2), tau_1..3 (N, 2, 3) and delta_r (N,)."""
    return np.column_stack([mjj, mass, _ratios(tau), delta_r])


def _tau(dijets: Dijets, beta: float) -> np.ndarray:
    """tau_1, tau_2, tau_3 of both jets, (N, 2, 3)."""
    tau = n_subjettiness(ak.flatten(dijets.constituents), (1, 2, 3), RADIUS, beta)
    return tau.reshape(-1, 2, 3)


def _ratios(tau: np.ndarray) -> np.ndarray:
    """tau_1, tau_2/tau_1, tau_3/tau_2 of both jets side by side, (N, 6), from (N, 2, 3)."""
    enough = tau[..., :2] > SMALLEST_TAU
    ratios = np.where(enough, tau[..., 1:] / np.where(enough, tau[..., :2], 1), 0)  # (N, 2, 2)
    return np.concatenate([tau[..., :1], ratios], axis=-1).reshape(-1, 6)


def _distance(jets: ak.Array) -> np.ndarray:
    eta, phi = ak.to_numpy(jets.eta), ak.to_numpy(jets.phi)
    return kinematics.delta_r(eta[:, 0], phi[:, 0], eta[:, 1], phi[:, 1])
