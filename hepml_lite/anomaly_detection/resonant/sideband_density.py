"""The density of the background: learned beside the region, and taken over into it.

p(x | m) is fitted to the sidebands. In the region it is an interpolation in m: that is what ANODE,
CATHODE, LaCATHODE and Drapes assume.
"""

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import ResonantEvents
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.flow_matching import FlowMatching
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.protocol import ConditionalDensity
from hepml_lite.statistics.settings_checks import Seed, checked_rng

FLOW_PLAN = TrainingPlan(
    epochs=10, batch_size=2048, learning_rate=1e-2, patience=None, progress=False
)
MATCHING_PLAN = TrainingPlan(
    epochs=30, batch_size=2048, learning_rate=2e-3, patience=None, progress=False
)


def usual_flow() -> Flow:
    """Splines, small enough for a minute on two cores."""
    return Flow(kind="spline", n_layers=2, hidden_features=(64, 64), n_bins=8, plan=FLOW_PLAN)


def usual_flow_matching() -> FlowMatching:
    """A velocity that is trained as long as the flow above."""
    return FlowMatching(plan=MATCHING_PLAN)


def fit_density(
    density: ConditionalDensity, events: ResonantEvents, n_most: int | None, rng: Seed
) -> None:
    """Fit p(x | m) to events, at most `n_most` of them, drawn at random."""
    generator = checked_rng(rng)
    if n_most is not None and len(events) > n_most:
        events = events[generator.permutation(len(events))[:n_most]]
    density.fit(events.features, events.mass[:, None], rng=generator)


def template(
    density: ConditionalDensity, masses: np.ndarray, n_events: int, rng: Seed
) -> ResonantEvents:
    """Generated background events, with masses drawn from those of the data (N,)."""
    generator = checked_rng(rng)
    mass = generator.choice(masses, n_events)
    features = density.sample(1, mass[:, None], rng=generator)[0]
    return ResonantEvents(mass, features)
