"""The challenge of the tutorial of anomaly detection: a score that finds a hidden resonance.

The searches have the same kind of signal at other places of the sample; their labels stay here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite.anomaly_detection.resonant.injection import injected
from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.anomaly_detection import Score, improvement, scores_in_folds
from hepml_lite.checks.comparison import as_numbers
from hepml_lite.containers.events import Events

REGION = (3300.0, 3700.0)  # GeV, of the challenge
BACKGROUND_EFFICIENCY = 0.01
STRENGTH = 3.0  # S/√B in the region
QUANTITIES = ("m1", "m2", "tau21_1", "tau21_2", "delta_r")
BRONZE = 2.0
SILVER = 3.5
GOLD = 4.5
FOLLOWS = 0.12  # rank correlation of the scores of background with its mass
HIGHEST_IN_THE_MIDDLE = 0.03  # with minus the distance from the middle of the region
RARE = 0.5  # with the distance from the mean of the background, in its covariance


class Given(NamedTuple):
    """What an answer gets: no labels."""

    region: np.ndarray
    region_mass: np.ndarray
    sidebands: np.ndarray
    sideband_mass: np.ndarray


@dataclass(frozen=True)
class HiddenSearch:
    """Events around the region, whose labels stay here.

    Attributes:
        given: what the answer gets.
        label: of the events of the region, (N,), 1 for signal.
    """

    given: Given
    label: np.ndarray

    def score(self, answer: Callable) -> np.ndarray:
        """The scores (N,) of an answer, which gets copies."""
        copies = [values.copy() for values in self.given]
        return _one_for_each_event(answer(*copies), self.given)

    def improvement(self, score: np.ndarray) -> float:
        """ε_S / √ε_B of the cut that one percent of the background passes."""
        threshold = np.quantile(score[self.label == 0], 1 - BACKGROUND_EFFICIENCY)
        return improvement(self.label, score, threshold)

    def follows(self, score: np.ndarray) -> tuple[float, float]:
        """Rank correlation of the scores of background with the mass, and with its closeness."""
        is_background = self.label == 0
        mass = self.given.region_mass[is_background]
        ranks = rankdata(score[is_background])
        closeness = -np.abs(mass - np.mean(REGION))
        found = [np.corrcoef(ranks, rankdata(x))[0, 1] for x in (mass, closeness)]
        return float(found[0]), float(found[1])

    def follows_rarity(self, score: np.ndarray) -> float:
        """Rank correlation of the scores with the distance from the mean, in the covariance."""
        features = self.given.region[:, :4]
        centred = features - features.mean(0)
        inverse = np.linalg.inv(np.cov(features.T))
        squared = np.einsum("ni,ij,nj->n", centred, inverse, centred)
        return float(np.corrcoef(rankdata(score), rankdata(squared))[0, 1])


def hidden_searches(events: Events, rng: int = 54) -> list[HiddenSearch]:
    """Two searches in disjoint quarters of the background, with other signal events in each."""
    background = events[events.label == 0].split(0.25, 0.25, rng=rng)
    signal = events[events.label == 1].split(0.5, 0.5, rng=rng)
    width = (REGION[1] - REGION[0]) / 2
    found = []
    for usual, strange in zip(background, signal, strict=True):
        both = injected(usual, strange, REGION, STRENGTH, rng=rng)
        mass = both["mjj"]
        inside = (mass >= REGION[0]) & (mass < REGION[1])
        is_near = (mass >= REGION[0] - width) & (mass < REGION[1] + width)
        features = both.columns(*QUANTITIES).astype(float)
        beside = is_near & ~inside
        given = Given(
            features[inside],
            mass[inside].astype(float),
            features[beside],
            mass[beside].astype(float),
        )
        found.append(HiddenSearch(given, both.label[inside]))
    return found


def detrended_score(
    region: np.ndarray,
    region_mass: np.ndarray,
    sidebands: np.ndarray,
    sideband_mass: np.ndarray,
) -> np.ndarray:
    """CWoLa without the trend of each feature with the mass, and without ΔR_jj: scores (N,)."""
    features = np.concatenate([region, sidebands])[:, :4]
    mass = np.concatenate([region_mass, sideband_mass])
    label = np.repeat([1, 0], [len(region), len(sidebands)])
    for column in features.T:
        column -= np.polyval(np.polyfit(sideband_mass, column[label == 0], 1), mass)
    scores = np.zeros(len(features))
    for seed in range(3):
        fold = np.random.default_rng(seed).integers(4, size=len(features))
        scores += scores_in_folds(features, label, fold, _trees)
    return scores[label == 1]


def _trees(features: np.ndarray, label: np.ndarray) -> Score:
    trees = HistGradientBoostingClassifier(
        max_iter=40,
        min_samples_leaf=100,
        early_stopping=False,
        class_weight="balanced",
        random_state=0,
    )
    return trees.fit(features, label).decision_function


@exercise("5.4", reference=detrended_score)
def _(answer, reference, events, **context):
    searches = hidden_searches(events)
    scores = [search.score(answer) for search in searches]
    numbers = [search.improvement(score) for search, score in zip(searches, scores, strict=True)]
    mean = float(np.mean(numbers))
    if mean < BRONZE:
        raise Wrong(_too_little(searches, scores, mean))
    medal = "gold" if mean > GOLD else "silver" if mean > SILVER else "bronze"
    return (
        f"{medal}: an improvement of {mean:.2f} where one percent of the background passes, the "
        f"mean of two hidden searches. The ladder: bronze from {BRONZE:g}, silver from {SILVER:g}, "
        f"gold from {GOLD:g}; the reference, CWoLa in four features without their trend with the "
        "mass, reaches gold on the bundled events"
    )


def _one_for_each_event(found: object, given: Given) -> np.ndarray:
    """The scores (N,) of the region, or what is wrong with them."""
    n, n_beside = len(given.region), len(given.sidebands)
    scores = as_numbers(found, "one score for each event of the region, (N,)")
    if scores.shape == (n_beside,):
        raise Wrong(
            f"these are {n_beside} scores, those of the sidebands: return the {n} of the region"
        )
    if scores.shape == (n + n_beside,):
        raise Wrong(f"these are the scores of region and sidebands: return the first {n} only")
    if scores.shape == (n, 2):
        raise Wrong(
            "these are the probabilities of both classes: return those of the region, [:, 1]"
        )
    if scores.shape != (n,):
        raise Wrong(
            f"the shape is {scores.shape}: return one score for each event of the region, {(n,)}"
        )
    if not np.isfinite(scores).all():
        raise Wrong("some of the scores are NaN or infinite: clip probabilities before a logarithm")
    if len(np.unique(scores)) < 20:
        raise Wrong(
            f"there are only {len(np.unique(scores))} different scores: return how much an event "
            "looks like signal, not a decision and not rounded, so that a cut can keep one percent"
        )
    return scores


def _too_little(searches: list[HiddenSearch], scores: list[np.ndarray], mean: float) -> str:
    """Why the improvement is too small."""
    told = f"an improvement of {mean:.2f}; bronze needs {BRONZE:g}"
    pairs = list(zip(searches, scores, strict=True))
    opposite = float(np.mean([search.improvement(-score) for search, score in pairs]))
    if opposite > BRONZE:
        return f"{told}. The opposite scores reach {opposite:.2f}: change the sign"
    along, middle = np.mean([search.follows(score) for search, score in pairs], axis=0)
    if abs(along) > max(FOLLOWS, abs(middle)):
        return (
            f"{told}. Your score of background follows the mass itself (rank correlation "
            f"{along:.2f}): the mass is where the region is, and no feature of the signal"
        )
    if abs(middle) > HIGHEST_IN_THE_MIDDLE:
        return (
            f"{told}. Your score of background is highest in the middle of the region (rank "
            f"correlation {middle:.2f}): the classifier has found the mass, through a feature that "
            "moves with it"
        )
    if np.mean([search.follows_rarity(score) for search, score in pairs]) > RARE:
        return (
            f"{told}. Your score is high for rare events: it is one for outliers. The tails of QCD "
            "are rarer than this signal, so compare the region with the sidebands instead"
        )
    if mean < 3 * np.sqrt(BACKGROUND_EFFICIENCY):
        return (
            f"{told}. Guessing has {np.sqrt(BACKGROUND_EFFICIENCY):g} here: signal is hardly "
            "enriched. Are the scores in the order of the events, and high for the region? A "
            "single feature or a linear score does not see a spot in the middle of the features"
        )
    return (
        f"{told}. The signal is enriched a little: a classifier of region against sidebands, in "
        "features that do not move with the mass, does better"
    )
