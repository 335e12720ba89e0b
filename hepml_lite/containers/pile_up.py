"""Pile-up: other collisions of the same crossing, laid over trigger events."""

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from hepml_lite import kinematics
from hepml_lite.containers.trigger_events import OBJECTS, TriggerEvents
from hepml_lite.containers.validation import checked_rng

MOST_COLLISIONS = 1000  # five times as many as the High-Luminosity LHC will have in a crossing


def overlay(
    events: TriggerEvents,
    minimum_bias: TriggerEvents,
    mu: float,
    rng: int | np.random.Generator = 0,
) -> TriggerEvents:
    """Events with a Poisson number of other collisions, of mean mu, in the same crossing.

    Transverse energies in regions and missing momenta add exactly. Of the objects of all collisions
    the leading ones are kept; jets that overlap are not merged, what is below the threshold of a
    jet adds to none, and isolation is not tried again.

    Args:
        events: the collisions of interest, one a crossing.
        minimum_bias: ordinary collisions to draw from, such as the sample `minimum_bias`.
        mu: mean number of additional collisions.
        rng: source of randomness, or its seed.

    Raises:
        ValueError: if mu is negative or above 1000, only one of the samples has regions, or one of
            them has no events.
    """
    for name, sample in (("events", events), ("minimum_bias", minimum_bias)):
        if not isinstance(sample, TriggerEvents) or not len(sample):
            raise ValueError(f"{name} is {sample!r:.60}: give TriggerEvents with events")
    if not isinstance(mu, Real) or not 0 <= mu <= MOST_COLLISIONS:
        raise ValueError(
            f"mu is {mu!r:.40}: the mean number of collisions lies from 0 to {MOST_COLLISIONS}"
        )
    if (events.regions is None) != (minimum_bias.regions is None):
        raise ValueError("only one of the two samples has regions: choose two that have, or none")
    rng = checked_rng(rng)
    n_others = rng.poisson(mu, len(events))  # (N,)
    crossing = np.repeat(np.arange(len(events)), n_others)  # (M,)
    drawn = rng.integers(len(minimum_bias), size=len(crossing))  # (M,)
    changed: dict[str, Any] = {}
    every = np.concatenate([np.arange(len(events)), crossing])
    objects = np.concatenate([events.objects, minimum_bias.objects[drawn]])  # (N + M, 19, 3)
    changed["objects"] = _joined(objects.astype(np.float64), every, len(events))
    if events.regions is not None and minimum_bias.regions is not None:
        changed["regions"] = events.regions + _summed(
            minimum_bias.regions, crossing, drawn, len(events)
        )
    return replace(events, **changed)


def _summed(regions: np.ndarray, crossing: np.ndarray, drawn: np.ndarray, n: int) -> np.ndarray:
    """The energies (n, 18, 14) of all collisions of n crossings, of regions (M, 18, 14).

    A sparse matrix says how often each collision is in each crossing; copies of the images of all
    collisions would need mu times the memory.
    """
    often = csr_array((np.ones(len(drawn)), (crossing, drawn)), shape=(n, len(regions)))
    total: np.ndarray = often @ regions.reshape(len(regions), -1).astype(np.float64)
    return total.reshape(n, *regions.shape[1:])


def _joined(objects: np.ndarray, crossing: np.ndarray, n: int) -> np.ndarray:
    """Objects (n, 19, 3) of n crossings from those of all collisions (K, 19, 3)."""
    pt, _, phi = objects[:, 0].T
    px = np.bincount(crossing, weights=pt * np.cos(phi), minlength=n)
    py = np.bincount(crossing, weights=pt * np.sin(phi), minlength=n)
    result = np.zeros((n, objects.shape[1], 3))
    result[:, 0, 0] = np.hypot(px, py)
    result[:, 0, 2] = np.where(result[:, 0, 0] > 0, kinematics.wrap_phi(np.arctan2(py, px)), 0)
    first = 1
    for kind, number in OBJECTS.items():
        if kind == "met":
            continue
        block = objects[:, first : first + number].reshape(-1, 3)
        owner = np.repeat(crossing, number)
        there = block[:, 0] > 0
        result[:, first : first + number] = _leading(block[there], owner[there], n, number)
        first += number
    return result


def _leading(objects: np.ndarray, crossing: np.ndarray, n: int, number: int) -> np.ndarray:
    """The objects of highest pT of each crossing in falling pT, (n, number, 3), then zeros."""
    order = np.lexsort((-objects[:, 0], crossing))
    crossing = crossing[order]
    place = np.arange(len(crossing)) - np.searchsorted(crossing, crossing)
    kept = place < number
    result = np.zeros((n, number, 3))
    result[crossing[kept], place[kept]] = objects[order][kept]
    return result
