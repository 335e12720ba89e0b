"""Direct diffusion from on-shell to off-shell events: start from physics, not from noise.

Events near the pole are cheap; all masses, with the photon and the interference, are dear. A bridge
moves a sample of the first kind until it is distributed as the second (A. Butter et al., "Kicking
it Off(-shell) with Direct Diffusion", arXiv:2311.17175). No event has a partner, so the network
learns one of many ways; the migration matrix (`statistics.migration`) shows which.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.bridge import Bridge, BridgeDensity
from hepml_lite.densities.change_of_variables import Logit, Standardise, chain
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.exact.densities import checked_rows
from hepml_lite.exact.drell_yan import Z_MASS, Z_WIDTH, DrellYan
from hepml_lite.generation.events.coordinates import PeakShares
from hepml_lite.statistics.settings_checks import Seed, checked_rng

MARGIN = 1e-6  # of a share at the end of its range


def on_shell(widths: float = 1.0) -> DrellYan:
    """Pairs within some widths of the Z pole."""
    reach = widths * Z_WIDTH
    return DrellYan(lowest=Z_MASS - reach, highest=Z_MASS + reach)


def make_bridge() -> Bridge:
    """A bridge between shares in (0, 1), which does not see where an event started."""
    return Bridge(
        BridgeDensity(
            noise=0.3,
            sees_start=False,
            width=96,
            change=chain(Logit(margin=MARGIN), Standardise()),
            condition_change=chain(Logit(margin=MARGIN), Standardise()),
            plan=TrainingPlan(epochs=25, learning_rate=3e-3, patience=None, progress=False),
        )
    )


@dataclass
class DirectDiffusion:
    """Moves on-shell events until they are off-shell ones; the azimuth of an event stays.

    Attributes:
        coordinates: of both samples.
        bridge: between their coordinates.
    """

    coordinates: PeakShares = field(default_factory=PeakShares)
    bridge: Bridge = field(default_factory=make_bridge)

    def fit(self, start: ArrayLike, end: ArrayLike, rng: Seed = 0) -> Self:
        """Learn the way from on-shell events (N, 4) to off-shell events (M, 4).

        Raises:
            ValueError: other shapes, NaN or infinite numbers.
        """
        starts = self.coordinates.of_events(checked_rows("start", start, 4))
        ends = self.coordinates.of_events(checked_rows("end", end, 4))
        self.bridge.fit(starts, ends, paired=False, rng=rng)
        return self

    def transport(self, start: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """An off-shell event (N, 4) for each on-shell event (N, 4).

        Raises:
            ValueError: other shapes, NaN or infinite numbers.
            RuntimeError: nothing has been fitted.
        """
        generator = checked_rng(rng)
        starts = checked_rows("start", start, 4)
        moved = self.bridge.transport(self.coordinates.of_events(starts), rng=generator)
        events = self.coordinates.to_events(moved, generator)
        events[:, 3] = starts[:, 3]
        return events


def forward_backward_asymmetry(
    x: ArrayLike, mass_edges: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """A = (F - B) / (F + B) in bins of mass, and its error, (B,) each; NaN in an empty bin.

    Forward is a mu- in the direction in which the pair moves: that of the quark more often than of
    the antiquark.

    Args:
        x: events (N, 4).
        mass_edges: (B + 1,) [GeV].

    Raises:
        ValueError: other shapes, NaN or infinite numbers.
    """
    mass, rapidity, cos_theta, _ = checked_rows("x", x, 4).T
    is_forward = cos_theta * rapidity > 0
    forward = np.histogram(mass[is_forward], mass_edges)[0]
    total = np.histogram(mass, mass_edges)[0]
    some = total > 0
    asymmetry = np.divide(2 * forward - total, total, out=np.full(len(total), np.nan), where=some)
    variance = np.divide(1 - asymmetry**2, total, out=np.full(len(total), np.nan), where=some)
    return asymmetry, np.sqrt(variance)
