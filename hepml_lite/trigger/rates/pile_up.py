"""Rates against pile-up: what grows with the number of collisions in a crossing, and how fast.

What one collision does alone, such as a hard muon, happens mu times as often with mu collisions.
What collisions do together, such as a sum of many soft momenta, happens much more often. The power
d ln(rate) / d ln(mu) tells them apart: 1 for the first, more for the second.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.pile_up import overlay
from hepml_lite.containers.trigger_events import N_OBJECTS, REGIONS, TriggerEvents
from hepml_lite.statistics.data_checks import as_array, checked_finite
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.settings_checks import (
    Seed,
    checked_by_name,
    checked_count,
    checked_function,
    checked_number,
    checked_rng,
)
from hepml_lite.trigger.quantities import checked_events

Decision = Callable[[TriggerEvents], ArrayLike]
CROSSINGS_AT_ONCE = 2000


def crossings(
    minimum_bias: TriggerEvents, mu: float, n: int, rng: Seed = 0, *, with_regions: bool = False
) -> TriggerEvents:
    """n crossings with a Poisson number of ordinary collisions in each, of mean mu.

    They are made 2000 at a time: mu collisions of each are in memory while they are added.

    Args:
        minimum_bias: ordinary collisions, such as load("minimum_bias").
        mu: mean number of collisions.
        n: number of crossings.
        rng: source of randomness, or its seed.
        with_regions: whether the energies in regions of the calorimeter are added as well; else
            there are objects only.

    Raises:
        ValueError: as `containers.pile_up.overlay`, or if regions are wanted that are not there.
    """
    generator = checked_rng(rng)
    checked_events(minimum_bias)
    left = checked_count("n", n)
    if with_regions and minimum_bias.regions is None:
        raise ValueError("minimum_bias has no regions: give load('minimum_bias'), which has them")
    regions = minimum_bias.regions if with_regions else None
    collisions = TriggerEvents(objects=minimum_bias.objects, regions=regions)
    parts = []
    while left > 0:
        few = min(left, CROSSINGS_AT_ONCE)
        parts.append(overlay(_empty(few, with_regions), collisions, mu, generator))
        left -= few
    return TriggerEvents.concatenate(parts)


def _empty(n: int, with_regions: bool) -> TriggerEvents:
    """n crossings without any collision."""
    regions = np.zeros((n, *REGIONS)) if with_regions else None
    return TriggerEvents(objects=np.zeros((n, N_OBJECTS, 3)), regions=regions)


@dataclass(frozen=True)
class PileUpScan:
    """How many crossings a selection keeps at each mean number of collisions.

    Attributes:
        mu: (M,) mean numbers of collisions.
        kept: (M,) crossings.
        n: crossings at each mu.
        crossing_rate: Hz.
    """

    mu: np.ndarray
    kept: np.ndarray
    n: int
    crossing_rate: float

    @property
    def rates(self) -> list[Interval]:
        """Hz, with Wilson intervals."""
        shares = [efficiency_interval(int(kept), self.n) for kept in self.kept]
        return [Interval(*(self.crossing_rate * end for end in share)) for share in shares]

    @property
    def power(self) -> Interval:
        """d ln(rate) / d ln(mu), from a straight line through the points with at least 10 events.

        Raises:
            ValueError: fewer than two points have ten events.
        """
        seen = self.kept >= 10
        if len(np.unique(self.mu[seen])) < 2:
            raise ValueError(
                f"{self.kept.tolist()} crossings are kept: a slope needs two points with 10 "
                "each, at different mu; use more crossings, or lower thresholds"
            )
        x = np.log(self.mu[seen])
        y = np.log(self.kept[seen])
        weight = self.kept[seen].astype(float)  # the variance of ln n is 1 / n
        centre = np.average(x, weights=weight)
        squares = np.sum(weight * (x - centre) ** 2)
        slope = np.sum(weight * (x - centre) * y) / squares
        return Interval.symmetric(float(slope), float(1 / np.sqrt(squares)))


def _decided(name: str, passed: ArrayLike, n: int) -> np.ndarray:
    """The decisions (n,) bool that a function gave."""
    decided = as_array(f"decisions[{name!r}]", passed)
    if decided.shape != (n,) or decided.dtype != bool:
        raise ValueError(
            f"decisions[{name!r}] gave {decided.dtype} {decided.shape} for {n} events: return one "
            "bool an event, (N,), as score >= threshold"
        )
    return decided


def scan(
    decisions: Mapping[str, Decision],
    minimum_bias: TriggerEvents,
    mu: Sequence[float],
    n: int,
    crossing_rate: float,
    rng: Seed = 0,
) -> dict[str, PileUpScan]:
    """Count the crossings that each selection keeps at each mean number of collisions.

    All selections see the same crossings.

    Args:
        decisions: by name, each TriggerEvents -> (N,) bool.
        minimum_bias, n: as in `crossings`.
        mu: mean numbers of collisions, above 0.
        crossing_rate: Hz, of all crossings.
        rng: source of randomness, or its seed.

    Raises:
        ValueError: for a mu or a rate that is not above 0, or a decision that is not one bool an
            event.
        TypeError: for anything but `TriggerEvents`.
    """
    checked_number("crossing_rate", crossing_rate, 0, np.inf, "()", "28.6e6")
    checked_by_name("decisions", decisions, "{'muon': lambda events: ...}")
    n, means = checked_count("n", n), checked_finite("mu", mu, n_axes=1, fewest=1)
    for name, decide in decisions.items():
        checked_function(f"decisions[{name!r}]", decide, "TriggerEvents -> (N,) bool")
    generator = checked_rng(rng)
    kept: dict[str, list[int]] = {name: [] for name in decisions}
    for mean in means:
        checked_number("mu", mean, 0, np.inf, "()", "20")
        counts = dict.fromkeys(decisions, 0)
        for first in range(0, n, CROSSINGS_AT_ONCE):  # mu collisions for each of them in memory
            few = min(CROSSINGS_AT_ONCE, n - first)
            events = crossings(minimum_bias, mean, few, generator)
            for name, decide in decisions.items():
                counts[name] += int(_decided(name, decide(events), few).sum())
        for name, count in counts.items():
            kept[name].append(count)
    return {
        name: PileUpScan(means, np.array(found), n, crossing_rate) for name, found in kept.items()
    }
