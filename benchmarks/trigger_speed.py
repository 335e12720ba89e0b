"""How long one million events take: scores from the container to the number, and scans of a menu.

    python benchmarks/trigger_speed.py [--events 1000000]

prints wall and processor time. The events are those of the test split, again and again; the
networks are trained for one epoch, since speed does not depend on the weights. Asked for: a score
within 5 s, a scan of 20 items within 2 s.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from data_fetch import load
from hepml_lite.trigger.anomaly.baselines import Rarity
from hepml_lite.trigger.anomaly.on_chip import train_for_chip
from hepml_lite.trigger.anomaly.variational import train_variational
from hepml_lite.trigger.quantities import quantities
from hepml_lite.trigger.rates.item import Item
from hepml_lite.trigger.rates.menu_rates import MenuRates
from hepml_lite.trigger.rates.rate_curve import RateCurve

N_ITEMS = 20


def timed(name: str, work: Callable[[], Any], repeats: int) -> Any:
    """The result of the work, after printing its fastest repetition."""
    walls, processor = [], []
    for _ in range(repeats):
        wall, used = time.perf_counter(), time.process_time()
        result = work()
        walls.append(time.perf_counter() - wall)
        processor.append(time.process_time() - used)
    print(f"{name:>44}: {min(walls):6.2f} s, processor {min(processor):6.2f} s", flush=True)
    return result


def main() -> None:
    """Train in short, and print all times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    ordinary = load("trigger_objects", split="train").of_class("background")
    trained = train_variational(ordinary, epochs=1)
    chip = train_for_chip(trained, ordinary, epochs=1)
    rarity = Rarity.of_background(ordinary)
    test = load("trigger_objects", split="test").of_class("background")
    events = test[np.arange(options.events) % len(test)]
    print(f"{len(events)} events, one thread, the fastest of {options.repeats}")
    timed("score of the chip, in whole numbers", lambda: chip.score(events), options.repeats)
    timed("four scores of the float network", lambda: trained.scores(events), options.repeats)
    timed("rarity", lambda: rarity.score(events), options.repeats)
    columns = timed("quantities", lambda: quantities(events), options.repeats)
    names = [*columns][:N_ITEMS]
    items = [Item(name, {name: float(np.quantile(columns[name], 0.99)) + 1}) for name in names]
    timed(
        f"rates of a menu of {N_ITEMS} items",
        lambda: MenuRates.of_events(items, columns, events.weight).table(),
        options.repeats,
    )
    timed(
        f"sorted rate curves of {N_ITEMS} quantities",
        lambda: [RateCurve.of_events(columns[name], events.weight) for name in names],
        options.repeats,
    )


if __name__ == "__main__":
    main()
