"""What anyone can say about a calorimeter image, and what trees that know the signal say.

Floors: the sum of the transverse energies, and the number of hot regions. An anomaly score that
does not beat them is activity by another name. The ceiling: boosted trees on the hottest regions,
sums over rows and columns, and the sums of the floors, trained on the signal itself.
"""

import numpy as np

from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.statistics.settings_checks import checked_count, checked_number
from hepml_lite.trigger.anomaly.baselines import SupervisedTrees, trees_of
from hepml_lite.trigger.anomaly.regions import regions_of

HOT = 8.0  # GeV in one region
N_HOTTEST = 8


def region_floors(events: TriggerEvents, hot: float = HOT) -> dict[str, np.ndarray]:
    """Scores (N,) that only count: "sum of energies" [GeV] and "hot regions" above `hot` [GeV].

    Among events with equally many hot regions the sum of the energies decides, so that a threshold
    can meet a rate.

    Raises:
        ValueError: if the events have no regions.
    """
    checked_number("hot", hot, 0, np.inf, "()", "8.0")
    regions = regions_of(events)
    energies = regions.reshape(len(regions), -1)
    total = energies.sum(axis=1, dtype=float)
    number = (energies > hot).sum(axis=1)
    return {"sum of energies": total, "hot regions": number + total / (1e4 + total)}


def region_columns(events: TriggerEvents, n_hottest: int = N_HOTTEST) -> np.ndarray:
    """What the trees see: the hottest regions, sums of rows and columns, and the floors, (N, D)."""
    n_hottest = checked_count("n_hottest", n_hottest)
    energies = regions_of(events)
    hottest = -np.sort(-energies.reshape(len(events), -1), axis=1)[:, :n_hottest]
    rows = -np.sort(-energies.sum(axis=2), axis=1)  # azimuths in falling order: no direction counts
    return np.column_stack([hottest, rows, energies.sum(axis=1), *region_floors(events).values()])


def region_trees(events: TriggerEvents, signal: str, seed: int = 0) -> SupervisedTrees:
    """Trees on images that tell one signal from the background; see `baselines.supervised_trees`.

    Raises:
        ValueError: without regions, for an unknown class, or without events of both classes.
    """
    return trees_of(region_columns, events, signal, seed)
