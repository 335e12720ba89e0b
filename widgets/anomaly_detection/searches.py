"""The searches that `make_stored.py` runs: samples, features and methods of the dashboard."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

import data_fetch
from hepml_lite import anomaly_detection as search
from hepml_lite.anomaly_detection.resonant.anode import log_density
from hepml_lite.anomaly_detection.resonant.events import ResonantEvents, joined, with_features
from hepml_lite.anomaly_detection.resonant.sideband_density import fit_density, usual_flow
from hepml_lite.densities import Flow
from hepml_lite.exact import GaussianResonance
from hepml_lite.statistics.settings_checks import Seed
from widgets.anomaly_detection import stored

SEED = 15
N_FITTED = 60_000  # events of the sidebands that the density is fitted to
N_NOISE = 10  # columns
FOLDS = 5
MEMBERS = 2  # of an ensemble
MASS_SLOPE = 2.0  # of the features of the toy that are correlated with the mass
TOY_BACKGROUND = 60_000  # events of each of data and test; half of it is the reference
TOY_SIGNAL = 3000  # events of each of injection, training and test
Region = tuple[float, float]


class FittedFlow(Flow):
    """A flow that is fitted already: the methods of a setting share it."""

    def fit(self, *_: object, **__: object) -> "FittedFlow":
        """Change nothing."""
        return self


class Outliers:
    """The cut on the density of the background, as a search."""

    def __init__(self, density: Flow):
        self.density = density

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> "Outliers":
        """Change nothing: the density of the sidebands is all it needs."""
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Minus the log density of the background (N,)."""
        return -log_density(self.density, events)


class Parts(NamedTuple):
    """A sample in pieces that share no event."""

    data: ResonantEvents
    reference: ResonantEvents
    test: ResonantEvents
    injected: ResonantEvents
    signal: ResonantEvents
    test_signal: ResonantEvents


@dataclass
class Experiment:
    """The events of one sample, one choice of features and one strength of the signal.

    Attributes:
        sample: of `stored.SAMPLES`.
        parts: its pieces.
        strength: S/√B in the region.
    """

    sample: str
    parts: Parts
    strength: int

    @property
    def region(self) -> Region:
        """Where the signal is looked for."""
        return stored.MASSES[self.sample].region

    @cached_property
    def injected(self) -> ResonantEvents:
        """The first signal events, as many as the strength asks for in the region."""
        n_background = self.parts.data.inside(self.region).sum()
        n_signal = round(self.strength * np.sqrt(n_background))
        in_region = np.cumsum(self.parts.injected.inside(self.region))
        return self.parts.injected[: np.searchsorted(in_region, n_signal) + 1 if n_signal else 0]

    @cached_property
    def data(self) -> ResonantEvents:
        """Background, then signal."""
        return joined(self.parts.data, self.injected)

    @cached_property
    def flow(self) -> FittedFlow:
        """The density of the background, fitted beside the region."""
        _, beside = self.data.split(self.region)
        flow = usual_flow()
        fit_density(flow, beside, N_FITTED, SEED)
        fitted = FittedFlow()
        fitted.__dict__.update(flow.__dict__)
        return fitted

    def fitted(self, method: str, folds: bool) -> search.ResonantSearch:
        """A search of this kind, fitted to the data."""
        model: Literal["trees", "mlp"] = "mlp" if method == stored.NETWORK else "trees"
        members = 1 if method == stored.NETWORK else MEMBERS  # a network is averaged over epochs
        classifier = search.WeakClassifier(model, members, FOLDS if folds else 1)
        made: search.ResonantSearch
        if method == stored.CWOLA:
            made = search.CwolaHunting(classifier=classifier)
        elif method == stored.CATHODE:
            made = search.Cathode(self.flow, classifier)
        elif method == stored.LACATHODE:
            made = search.LaCathode(self.flow, classifier)
        elif method == stored.OUTLIERS:
            made = Outliers(self.flow)
        elif method == stored.SUPERVISED:
            made = search.Supervised(self.parts.signal, self.parts.reference, classifier)
        else:
            made = search.Idealised(self.parts.reference, classifier)
        return made.fit(self.data, self.region, rng=SEED)


def parts(sample: str, features: str) -> Parts:
    """A sample, divided at random; the same for every strength of the signal."""
    rng = np.random.default_rng(SEED)
    pieces = _toy(features, rng) if sample == stored.TOY else _dijets(features, rng)
    if features != stored.NOISY:
        return pieces
    noisy = [with_features(one, rng.normal(size=(len(one), N_NOISE))) for one in pieces]
    return Parts(*noisy)


def _toy(features: str, rng: np.random.Generator) -> Parts:
    """Fresh events of the Gaussian resonance."""
    slope = MASS_SLOPE if features == stored.CORRELATED else 0.0
    model = GaussianResonance(mass_slope=slope)
    low = stored.MASSES[stored.TOY].low
    sizes = [(TOY_BACKGROUND, 0), (TOY_BACKGROUND // 2, 0), (TOY_BACKGROUND, 0)]
    sizes += 3 * [(0, TOY_SIGNAL)]
    drawn = [model.events(*size, rng=rng, low=low) for size in sizes]
    pieces = [ResonantEvents(one.mass, one.features) for one in drawn]
    return Parts(*pieces)


def _dijets(features: str, rng: np.random.Generator) -> Parts:
    """The bundled sample, dequantised: half of QCD is data, a quarter the reference."""
    events = data_fetch.load("dijet_resonance").dequantised(rng)
    more = ["delta_r"] if features == stored.CORRELATED else []
    everything = search.dijet_features(events, more)
    background = rng.permutation(np.flatnonzero(events.label == 0))
    signal = rng.permutation(np.flatnonzero(events.label == 1))
    data, reference, test = np.split(background, [len(background) // 2, 3 * len(background) // 4])
    injected, training, test_signal = np.array_split(signal, 3)
    chosen = [data, reference, test, injected, training, test_signal]
    return Parts(*[everything[one] for one in chosen])
