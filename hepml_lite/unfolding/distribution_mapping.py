"""Unfolding by distribution mapping: measured events move until they look like true ones.

A bridge moves the measured sample of the simulation to its true sample. Without pairs (direct
diffusion, A. Butter et al. 2023; Schrödinger bridge, arXiv:2308.12351) the distribution of the ends
comes out right, but not which measured event moves where: the migration matrix is wrong. With
pairs, and a network that sees where an event started, each event is drawn from p(true | measured),
and both are right (arXiv:2411.02495).

Only events in both selections are used, and the prior is that of the simulation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.densities import Bridge
from hepml_lite.densities.labelled_rows import checked_signed_weights
from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.unfolding.generated_events import GeneratedEvents
from hepml_lite.unfolding.simulated_events import SimulatedEvents, as_table


@dataclass
class DistributionMapping:
    """Unfolding by a bridge from the measured to the true sample.

    Attributes:
        bridge: with its settings; true and measured features are the same quantities.
        paired: learn from pairs (conditional), or from both distributions only.
        n_samples: draws for each measured event.
    """

    bridge: Bridge = field(default_factory=Bridge)
    paired: bool = True
    n_samples: int = 1

    def fit(
        self,
        simulation: UnfoldingPair | SimulatedEvents,
        quantities: Sequence[str] | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn the way from measured to true events.

        Raises:
            ValueError: as `SimulatedEvents.from_simulation` and `Bridge.fit`.
        """
        events = SimulatedEvents.from_simulation(simulation, quantities).only_matched()
        self.bridge.fit(
            as_table(events.measured),
            as_table(events.true),
            paired=self.paired,
            weights=events.weights,
            end_weights=None if self.paired else events.weights,
            rng=rng,
        )
        return self

    def unfold(
        self, measured: ArrayLike, weights: ArrayLike | None = None, *, rng: Seed = 0
    ) -> GeneratedEvents:
        """True events for each measured event (M, D).

        Raises:
            ValueError: events or weights that do not fit.
            RuntimeError: before `fit`.
        """
        generator = checked_rng(rng)
        data = checked_table("measured", measured)
        data_weights = checked_signed_weights(weights, len(data), "data")
        n_samples = checked_count("n_samples", self.n_samples)
        draws = [self.bridge.transport(data, rng=generator) for _ in range(n_samples)]
        samples = np.array(draws)
        return GeneratedEvents(samples, data_weights, samples[:1])
