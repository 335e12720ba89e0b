"""Resonant search in the full phase space: sets of particles instead of a few features.

E. Buhmann, C. Ewen, G. Kasieczka, V. Mikuni, B. Nachman, D. Shih, "Full phase space resonant
anomaly detection", arXiv:2310.06897. As CATHODE: a generator learns the background beside the
region, as sets of particles given the mass, and draws sets in the region. A classifier of sets
compares them with the data. Nobody has to know which observable shows the signal; the price is
that a small signal is harder to find among many dimensions.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.weak_classifier import WeakClassifier
from hepml_lite.densities.classifiers import Classifier, classifier_maker
from hepml_lite.densities.labelled_rows import Inputs, LabelledRows
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.sets import SetDensity, SetFlowMatching
from hepml_lite.densities.sets.rows import checked_sets
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

GENERATOR_PLAN = TrainingPlan(
    epochs=20, batch_size=512, learning_rate=2e-3, patience=None, progress=False
)
CLASSIFIER_PLAN = TrainingPlan(
    epochs=10, batch_size=512, learning_rate=2e-3, patience=None, progress=False
)


def usual_generator() -> SetFlowMatching:
    """Flow matching of sets, small enough for a laptop."""
    return SetFlowMatching(plan=GENERATOR_PLAN, width=48, n_layers=2, n_steps=15)


@dataclass
class SetClassifier:
    """A deep-sets classifier of sets that are written as rows.

    Attributes:
        n_features: F of a particle.
        plan: of the training.
        classifier: after `fit`.
    """

    n_features: int
    plan: TrainingPlan = field(default_factory=lambda: CLASSIFIER_PLAN)
    classifier: Classifier | None = field(default=None, init=False, repr=False)

    def fit(self, rows: LabelledRows, held_out: LabelledRows, seed: int) -> Self:
        """Train on sets; the epoch with the lowest loss of the held-out ones counts."""
        make = classifier_maker("deep_sets", True, self.plan, ())
        self.classifier = make().fit(self._as_sets(rows), self._as_sets(held_out), seed)
        return self

    def log_ratio(self, inputs: Inputs) -> np.ndarray:
        """Logits (N,).

        Raises:
            RuntimeError: before `fit`.
        """
        if self.classifier is None:
            raise RuntimeError("this classifier is not trained: call fit first")
        return self.classifier.log_ratio(sets_of_rows(inputs[0], self.n_features))

    def _as_sets(self, rows: LabelledRows) -> LabelledRows:
        inputs = sets_of_rows(rows.inputs[0], self.n_features)
        return LabelledRows(inputs, rows.label, rows.weights)


@dataclass
class FullPhaseSpace:
    """A classifier of sets of the region against sets that were generated for it.

    Attributes:
        n_features: F of a particle.
        density: of the background, fitted to the sidebands.
        n_ensemble: trainings of the classifier, each in folds.
        folds: parts of the events, each scored by classifiers that did not see it.
        oversampling: generated events for each event in the region.
        plan: of the training of the classifier.
        background: the generated events, after `fit`.
    """

    n_features: int
    density: SetDensity = field(default_factory=usual_generator)
    n_ensemble: int = 2
    folds: int = 2
    oversampling: float = 2.0
    plan: TrainingPlan = field(default_factory=lambda: CLASSIFIER_PLAN)
    background: ResonantEvents | None = field(default=None, init=False, repr=False)
    classifier: WeakClassifier | None = field(default=None, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn the sets beside the region, then the classifier in it.

        Args:
            events: of `events_of_sets`.
            region: where the signal may be.
            rng: generator or seed.

        Raises:
            ValueError: rows that hold no sets, or a region without events in it or beside it.
        """
        generator = checked_rng(rng)
        data, beside = events.split(region)
        factor = checked_number("oversampling", self.oversampling, 0, 1000, "(]")
        particles, mask = sets_of_rows(beside.features, self.n_features)
        self.density.fit(particles, mask, beside.mass[:, None], rng=generator)
        mass = generator.choice(data.mass, round(factor * len(data)))
        drawn, real = self.density.sample(1, mass[:, None], generator)
        self.background = events_of_sets(mass, drawn[0], real[0])
        maker = partial(SetClassifier, self.n_features, self.plan)
        self.classifier = WeakClassifier(maker, self.n_ensemble, self.folds)
        self.classifier.fit(data.features, self.background.features, rng=generator)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Logits (N,) of being data of the region and no template.

        Raises:
            RuntimeError: before `fit`.
        """
        if self.classifier is None:
            raise RuntimeError("this search is not trained: call fit first")
        return self.classifier.score(events.features)


def events_of_sets(mass: ArrayLike, particles: ArrayLike, mask: ArrayLike) -> ResonantEvents:
    """Events whose features are sets, written as rows: P slots of F features and the mask.

    Args:
        mass: (N,).
        particles: (N, P, F).
        mask: (N, P), True where a particle is real.

    Raises:
        ValueError: shapes that do not fit, or real particles that are not finite.
    """
    sets = checked_sets(particles, mask)
    known = np.where(sets.mask[..., None], sets.particles, 0.0)
    slots = np.concatenate([known, sets.mask[..., None]], axis=2)
    return ResonantEvents(np.asarray(mass), slots.reshape(len(slots), -1))


def sets_of_rows(rows: np.ndarray, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Particles (N, P, F) and mask (N, P) of rows (N, P · (F + 1)) of `events_of_sets`.

    Raises:
        ValueError: the rows are no whole number of slots.
    """
    width = checked_count("n_features", n_features) + 1
    if rows.shape[1] % width:
        raise ValueError(
            f"rows have {rows.shape[1]} columns, no multiple of {width}, which n_features="
            f"{n_features} and the mask need: make the events with events_of_sets"
        )
    slots = rows.reshape(len(rows), -1, width)
    return slots[..., :-1], slots[..., -1] > 0.5
