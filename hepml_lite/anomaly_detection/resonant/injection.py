"""A known amount of signal added to background events: what a search is tried on."""

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region
from hepml_lite.containers.events import Events
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng


def injected(
    background: Events,
    signal: Events,
    region: Region,
    strength: float,
    *,
    mass: str = "mjj",
    rng: Seed = 0,
) -> Events:
    """The background with signal events among it, in random order.

    Args:
        background: all of its events are in the result.
        signal: taken from the first on, until there are enough.
        region: (low, high) of the mass.
        strength: S/√B in the region, 0 for no signal. Signal outside of the region comes besides.
        mass: name of the quantity.
        rng: of the order.

    Raises:
        ValueError: a negative strength, too few signal events for it, a region that is no rising
            pair, or one without background, of which no strength is defined.
    """
    strength = checked_number("strength", strength, 0, np.inf, "[)", "3.0")
    if np.shape(region) != (2,) or not region[0] < region[1]:
        raise ValueError(f"region is {region!r}: give (low, high) in the units of the mass")
    low, high = region
    of_background = (background[mass] >= low) & (background[mass] < high)
    of_signal = np.cumsum((signal[mass] >= low) & (signal[mass] < high))
    if strength and not of_background.any():
        raise ValueError(f"no background event is in {region}: are the units of the mass right?")
    wanted = round(strength * np.sqrt(of_background.sum()))
    available = int(of_signal[-1]) if len(of_signal) else 0
    if wanted > available:
        raise ValueError(
            f"strength is {strength:g}, which needs {wanted} signal events in {region}, and there "
            f"are {available}: lower the strength, or give fewer background events"
        )
    number = np.searchsorted(of_signal, wanted) + 1 if wanted else 0
    both = Events.concatenate([background, signal[:number]])
    return both[checked_rng(rng).permutation(len(both))]
