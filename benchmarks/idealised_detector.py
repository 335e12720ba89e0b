"""What an idealised anomaly detector finds among dijets, by the significance before any cut.

Gradient-boosted trees separate the data of the signal region (background and injected signal) from
a perfect background template: other background events of the same region. Both are dequantised.
The trees are judged on events to which they were not fitted, signal against background. A real
detector, whose template is estimated, hardly does better (CATHODE, arXiv:2109.00546).

The row S/sqrt(B) = 0 is the floor: a maximum over noise. The best cut is chosen on the test events,
which also raises the other rows a little. The repetitions divide the same events in different ways,
so that their spread is a lower bound of the error.
"""

import argparse
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from data_fetch import load
from hepml_lite.containers.events import Events
from hepml_lite.statistics.metrics import significance_improvement

SIGNAL_REGION = (3300.0, 3700.0)  # GeV, in mjj
SIGNIFICANCES = (0.0, 1.0, 2.0, 3.0)  # S / sqrt(B) in the signal region, before a cut
MEMBERS = 5  # trees are averaged over fits with different seeds
MAX_BACKGROUND_ERROR = 0.2  # of the passing background of the test, relative


class Parts(NamedTuple):
    """The features of the events of one repetition, (N, F) each."""

    background: np.ndarray
    template: np.ndarray
    signal: np.ndarray
    test_background: np.ndarray
    test_signal: np.ndarray


def in_signal_region(events: Events) -> Events:
    """The events whose mjj is in the signal region."""
    low, high = SIGNAL_REGION
    return events[(events["mjj"] > low) & (events["mjj"] < high)]


def features(events: Events) -> np.ndarray:
    """All quantities but mjj, (N, F)."""
    names = [name for name in events.quantities if name != "mjj"]
    return events.columns(*names)


def parts(events: Events, seed: int) -> Parts:
    """A random division of the signal region: data, template and test get a third each."""
    rng = np.random.default_rng(seed)
    region = in_signal_region(events.dequantised(rng))
    thirds = region.of_class("QCD").split(1 / 3, 1 / 3, 1 / 3, rng=rng)
    background, template, test_background = [features(third) for third in thirds]
    halves = region.of_class("signal").split(0.5, 0.5, rng=rng)
    signal, test_signal = [features(half) for half in halves]
    return Parts(background, template, signal, test_background, test_signal)


def improvement(found: Parts, significance: float, seed: int) -> float:
    """Largest significance improvement of trees fitted to data against the template."""
    n_signal = round(significance * np.sqrt(len(found.background)))
    data = np.concatenate([found.background, found.signal[:n_signal]])
    x = np.concatenate([found.template, data])
    is_data = np.repeat([0, 1], [len(found.template), len(data)])
    test = np.concatenate([found.test_background, found.test_signal])
    scores = np.zeros(len(test))
    for member in range(MEMBERS):
        trees = HistGradientBoostingClassifier(
            max_iter=100,
            learning_rate=0.05,
            l2_regularization=1.0,
            early_stopping=True,
            random_state=MEMBERS * seed + member,
        )
        scores += trees.fit(x, is_data).predict_proba(test)[:, 1]
    is_signal = np.repeat([0, 1], [len(found.test_background), len(found.test_signal)])
    return significance_improvement(is_signal, scores, MAX_BACKGROUND_ERROR)


def main() -> None:
    """Print the mean and its standard error of each improvement over the repetitions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="number of repetitions, at least 2")
    options = parser.parse_args()
    events = load("dijet_resonance")
    print(f"{'S/sqrt(B)':>9}{'max SIC':>16}{'after the best cut':>22}")
    for significance in SIGNIFICANCES:
        values = [
            improvement(parts(events, seed), significance, seed) for seed in range(options.seeds)
        ]
        mean = np.mean(values)
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        after = f"{significance * mean:.1f} +- {significance * error:.1f}"
        print(f"{significance:>9g}{f'{mean:.1f} +- {error:.1f}':>16}{after:>22}", flush=True)


if __name__ == "__main__":
    main()
