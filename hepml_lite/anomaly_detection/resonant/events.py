"""What all resonant searches work on: a mass, features, and the region where the signal may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.events import Events
from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed

Region = tuple[float, float]  # low <= mass < high
FEWEST_EVENTS = 20  # in the region and beside it


@dataclass(frozen=True)
class ResonantEvents:
    """Events with a resonant mass and features.

    Attributes:
        mass: (N,), in units of your choice.
        features: (N, D); the mass is none of them.

    Raises:
        ValueError: numbers of rows that differ, NaN or infinite numbers.
    """

    mass: np.ndarray
    features: np.ndarray

    def __post_init__(self) -> None:
        mass = checked_finite("mass", self.mass, n_axes=1)
        features = checked_table("features", self.features)
        if len(mass) != len(features):
            raise ValueError(
                f"mass has {len(mass)} rows and features have {len(features)}: give one mass for "
                "each row of features"
            )
        object.__setattr__(self, "mass", mass)
        object.__setattr__(self, "features", features)

    @classmethod
    def of(cls, events: Events, features: Sequence[str], mass: str = "mjj") -> Self:
        """Columns of a container of events, by their names."""
        return cls(events[mass], events.columns(*features))

    def __len__(self) -> int:
        return len(self.mass)

    def __getitem__(self, chosen: slice | np.ndarray) -> Self:
        return type(self)(self.mass[chosen], self.features[chosen])

    def inside(self, region: Region) -> np.ndarray:
        """Which events are in the region, bool (N,)."""
        low, high = region
        return (self.mass >= low) & (self.mass < high)

    def split(self, region: Region) -> tuple[Self, Self]:
        """Events in the region and events beside it.

        Raises:
            ValueError: the region is no rising pair, or either part has fewer than 20 events.
        """
        if np.shape(region) != (2,) or not region[0] < region[1]:
            raise ValueError(f"region is {region!r}: give (low, high) in the units of the mass")
        inside = self.inside(region)
        n_inside = int(inside.sum())
        n_beside = len(self) - n_inside
        if min(n_inside, n_beside) < FEWEST_EVENTS:
            raise ValueError(
                f"{n_inside} events are in the region {region} and {n_beside} beside it: a search "
                f"needs {FEWEST_EVENTS} in both, and thousands to be of use; are the units right?"
            )
        return self[inside], self[~inside]


def joined(*parts: ResonantEvents) -> ResonantEvents:
    """The events of all parts, one after the other."""
    return ResonantEvents(
        np.concatenate([part.mass for part in parts]),
        np.concatenate([part.features for part in parts]),
    )


def with_features(events: ResonantEvents, more: ArrayLike) -> ResonantEvents:
    """The events with further features (N, K) beside their own."""
    return ResonantEvents(events.mass, np.column_stack([events.features, more]))


class ResonantSearch(Protocol):
    """What every search of this folder can do."""

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn from data; no label is looked at."""
        ...

    def score(self, events: ResonantEvents) -> np.ndarray:
        """A number (N,) that is higher for events that look more like the signal."""
        ...
