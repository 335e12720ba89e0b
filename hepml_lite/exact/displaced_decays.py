"""A light long-lived particle in a tracker of six layers, in the transverse plane.

Prompt tracks come from the origin and leave a hit in each layer that is not missed. A light
long-lived particle leaves none. It flies a distance r with the density exp(-r / L) / L, decays, and
two tracks with a small opening angle go on from there: their first hits lie in later layers, and
they do not point to the origin. The share of decays before the layer at R is 1 - exp(-R / L).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

LAYERS = np.arange(1.0, 7.0)  # radii
N_HITS = 18  # places for hits in an event, three tracks
RESOLUTION = 0.003  # rad


class DisplacedEvents(NamedTuple):
    """Hits of N events.

    Attributes:
        hits: (N, 18, 2), radius and azimuth [rad] relative to the axis of the event.
        present: (N, 18) bool.
        flight: (N,) radius of the decay; 0 for prompt events.
    """

    hits: np.ndarray
    present: np.ndarray
    flight: np.ndarray


@dataclass(frozen=True)
class DisplacedDecays:
    """Events with a prompt pair of tracks, or with a displaced one, and a third prompt track.

    Attributes:
        decay_length: L, in units of the distance of two layers.
        opening: typical angle between the two tracks of a decay [rad].
        efficiency: of each hit.
        spread: of the azimuths of prompt tracks around the axis [rad].

    Raises:
        ValueError: for lengths or angles that are not positive, or an efficiency beyond 0 to 1.
    """

    decay_length: float = 2.0
    opening: float = 0.5
    efficiency: float = 0.9
    spread: float = 0.3

    def __post_init__(self) -> None:
        for name in ("decay_length", "opening", "spread"):
            checked_number(name, getattr(self, name), 0, np.inf, "()", "0.3")
        checked_number("efficiency", self.efficiency, 0, 1, "(]", "0.9")

    def sample(self, n: int, displaced: bool, rng: Seed = 0) -> DisplacedEvents:
        """n events of one kind."""
        n = checked_count("n", n)
        generator = checked_rng(rng)
        flight = generator.exponential(self.decay_length, n) if displaced else np.zeros(n)
        axis = generator.normal(0, self.spread, n)
        vertex = flight * np.stack([np.cos(axis), np.sin(axis)])  # (2, n)
        origin = np.zeros((2, n))
        angle = self.opening * (0.5 + generator.exponential(0.5, n))
        tracks = [
            self._track(vertex, axis + angle / 2, flight, generator),
            self._track(vertex, axis - angle / 2, flight, generator),
            self._track(origin, generator.normal(0, self.spread, n), np.zeros(n), generator),
        ]
        azimuth = np.concatenate([track[0] for track in tracks], axis=1)  # (n, 18)
        seen = np.concatenate([track[1] for track in tracks], axis=1)
        return DisplacedEvents(*_packed(azimuth, seen), flight)

    def _track(
        self, start: np.ndarray, direction: np.ndarray, first: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Azimuths (n, 6) at the layers of straight lines, and whether there is a hit."""
        step = np.stack([np.cos(direction), np.sin(direction)])
        along = (start * step).sum(axis=0)[:, None]
        apart = (start**2).sum(axis=0)[:, None]
        inside = LAYERS**2 - apart + along**2  # from |start + t step| = R
        length = -along + np.sqrt(np.maximum(inside, 0))
        x = start[0][:, None] + length * step[0][:, None]
        y = start[1][:, None] + length * step[1][:, None]
        azimuth = np.arctan2(y, x) + rng.normal(0, RESOLUTION, length.shape)
        seen = (first[:, None] <= LAYERS) & (rng.random(length.shape) < self.efficiency)
        return azimuth, seen


def _packed(azimuth: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hits (n, 18, 2) and whether there is one (n, 18), those that are seen first."""
    n, n_places = azimuth.shape
    radius = np.tile(LAYERS, n_places // len(LAYERS))
    order = np.argsort(~seen, axis=1, kind="stable")
    present = np.zeros((n, N_HITS), bool)
    present[:, :n_places] = np.take_along_axis(seen, order, axis=1)
    hits = np.zeros((n, N_HITS, 2))
    hits[:, :n_places, 0] = radius[order]
    hits[:, :n_places, 1] = np.take_along_axis(azimuth, order, axis=1)
    hits[~present] = 0
    return hits, present
