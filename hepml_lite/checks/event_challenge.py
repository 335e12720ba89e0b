"""The check of the open challenge 3.5: generate muon pairs that a judge cannot tell from nature's.

A student's function trains on few true events; what it generates is judged against true events
that it has never seen, by boosted trees, and compared with its own training events: copies do not
count.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from hepml_lite.checks import Wrong, exercise
from hepml_lite.densities import Flow, TrainingPlan
from hepml_lite.densities.change_of_variables import Logit, Standardise, chain
from hepml_lite.densities.judge import boosted_trees
from hepml_lite.exact.drell_yan import DrellYan
from hepml_lite.generation.events import EventGenerator, PeakShares
from hepml_lite.statistics.two_sample import classifier_two_sample_test

BRONZE, SILVER, GOLD = 0.65, 0.57, 0.545  # areas under the ROC curve of the judge
N_JUDGED = 8000
SEED = 35
MOST_COPIES = 0.01  # share of generated events at the place of a training event
WIDTHS = np.array([1.0, 1.0, 0.5])  # of mass, rapidity and cosine, for distances

Sample = Callable[[int, int], Any]  # number of events, seed → events (n, 4)


class Score(NamedTuple):
    """What the judge found.

    Attributes:
        auc: of true against generated events.
        error: of it.
        copies: share of generated events at the place of a training event.
        copied_masses: share of generated masses that are those of a training event.
    """

    auc: float
    error: float
    copies: float
    copied_masses: float

    def __str__(self) -> str:
        return f"AUC {self.auc:.3f} ± {self.error:.3f}"


def train(events: np.ndarray) -> Sample:
    """A flow in the coordinates in which the peak is flat: the reference."""
    density = Flow(
        n_layers=1,
        n_bins=8,
        hidden_features=(32, 32),
        change=chain(Logit(), Standardise()),
        plan=TrainingPlan(epochs=30, batch_size=128, learning_rate=5e-3, progress=False),
    )
    model = EventGenerator(density, PeakShares()).fit(events)
    return model.sample


@exercise("3.5", reference=train)
def _(answer, practice: np.ndarray, **context):
    sample = answer(practice.copy())
    if not callable(sample):
        raise Wrong(
            f"your train returned a {type(sample).__name__}: return a function that gives events "
            "(n, 4) for a number n and a seed"
        )
    generated = _events(sample(N_JUDGED, SEED))
    _require_physics(generated)
    found = scored(practice, generated)
    if found.copies > MOST_COPIES:
        raise Wrong(
            f"{found.copies:.0%} of your events are copies of the training events: a resampler "
            "looks perfect and knows nothing new"
        )
    if found.copied_masses > MOST_COPIES:
        raise Wrong(
            f"{found.copied_masses:.0%} of your masses are those of training events, with other "
            "angles: features that are drawn one by one lose their correlations, and copy the peak"
        )
    if found.auc > BRONZE:
        raise Wrong(f"{found}: bronze needs {BRONZE}. {_worst_feature(generated)}")
    return f"{_medal(found)}: {found}. {_ladder()}"


def scored(practice: np.ndarray, generated: np.ndarray) -> Score:
    """The judgement of generated events (N, 4), and the copies among them."""
    truth = DrellYan().events(N_JUDGED, rng=SEED)[0]
    verdict = classifier_two_sample_test(
        truth[:, :3], generated[:, :3], SEED, n_folds=2, make_classifier=boosted_trees
    )
    tree = cKDTree(practice[:, :3] / WIDTHS)
    distance, _ = tree.query(generated[:, :3] / WIDTHS)
    masses = np.sort(practice[:, 0])
    place = np.clip(np.searchsorted(masses, generated[:, 0]), 1, len(masses) - 1)
    nearest = np.minimum(
        np.abs(generated[:, 0] - masses[place]), np.abs(generated[:, 0] - masses[place - 1])
    )
    return Score(
        verdict.auc,
        verdict.auc_error,
        copies=float(np.mean(distance < 1e-5)),
        copied_masses=float(np.mean(nearest < 1e-7)),
    )


def _events(found: Any) -> np.ndarray:
    try:
        events = np.asarray(found, dtype=float)
    except (TypeError, ValueError) as error:
        raise Wrong(f"events are an array of numbers ({error})") from error
    if events.shape == (4, N_JUDGED):
        raise Wrong("the events are transposed: one event is a row, (n, 4)")
    if events.ndim != 2 or events.shape[1] != 4:
        hint = ": eight momenta? Turn them into mass, rapidity, cosine and azimuth"
        raise Wrong(
            f"the events have shape {events.shape}, not ({N_JUDGED}, 4)"
            + (hint if events.shape[-1] == 8 else ": give mass, rapidity, cosine and azimuth")
        )
    if len(events) != N_JUDGED:
        raise Wrong(f"{len(events)} events for a request of {N_JUDGED}: make as many as asked for")
    if not np.isfinite(events).all():
        raise Wrong("some numbers are NaN or infinite: was there a logarithm of zero?")
    return events


def _require_physics(events: np.ndarray) -> None:
    """Refuse what is no sample of muon pairs."""
    mass, rapidity, cosine, _ = events.T
    if (np.ptp(events[:, :3], axis=0) == 0).all():
        raise Wrong("all events are the same: draw them from a density, and do not take its mean")
    centre = np.median(mass)
    if mass.min() >= 0 and centre < 1:
        raise Wrong(
            f"the median mass is {centre:.2f} GeV, between 0 and 1: are these shares? "
            "Turn them back into events"
        )
    if abs(centre) < 5:
        raise Wrong(
            f"the median mass is {centre:.2f} GeV: these look like standardised numbers. Multiply "
            "by the width and add the mean"
        )
    if centre > 1e4:
        raise Wrong(f"the median mass is {centre:.3g}: give GeV, not MeV")
    if np.abs(cosine).max() > np.pi or np.median(np.abs(cosine)) > 1:
        raise Wrong("the third column is no cosine: the order is mass, rapidity, cosine, azimuth")
    if np.std(rapidity) < 0.1:
        raise Wrong("all pairs are nearly at rest: the second column is the rapidity of the pair")


def _worst_feature(generated: np.ndarray) -> str:
    """Which feature differs most, by the Kolmogorov distance to the truth."""
    truth = DrellYan().events(N_JUDGED, rng=SEED + 1)[0]
    distances = {}
    for column, name in enumerate(("mass", "rapidity", "cosine")):
        grid = np.quantile(truth[:, column], np.linspace(0.01, 0.99, 99))
        below = np.searchsorted(np.sort(generated[:, column]), grid) / len(generated)
        distances[name] = np.abs(below - np.linspace(0.01, 0.99, 99)).max()
    worst = max(distances, key=distances.__getitem__)
    if distances[worst] < 0.03:
        return "Each feature alone looks right: are they correlated as they should be?"
    outside = np.mean((generated[:, 0] < 60) | (generated[:, 0] > 120))
    where = f" {outside:.0%} of the masses are outside of 60 to 120 GeV." if outside > 0.01 else ""
    return f"The {worst} differs most from the truth: look at its histogram.{where}"


def _medal(found: Score) -> str:
    if found.auc <= GOLD:
        return "gold"
    return "silver" if found.auc <= SILVER else "bronze"


def _ladder() -> str:
    return (
        f"The ladder, in areas under the curve of the judge: bronze {BRONZE}, silver {SILVER}, "
        f"gold {GOLD}; the reference reaches gold"
    )
