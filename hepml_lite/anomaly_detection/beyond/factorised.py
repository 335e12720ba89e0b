"""FORCE: regress a quantity of high energy on one of low energy; only a mixture gives an answer.

E. M. Metodiev, J. Thaler, R. Wynne, "Anomaly detection in collider physics via factorized
observables", arXiv:2312.00119 (factorized observables for regressing conditional expectations).
Assume that in the background the quantity y, such as the momentum of a jet, does not depend on the
features x, such as its substructure, and in the signal neither. With the fraction f of signal

    E[y | x] = E_B[y] + (E_S[y] − E_B[y]) · f p_S(x) / (f p_S(x) + (1 − f) p_B(x)),

which rises or falls with the likelihood ratio. So the best regression is the best classifier, and
no region has to be chosen. With y = 1 in a region and 0 beside it, this is CWoLa hunting.
"""

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from hepml_lite.anomaly_detection.resonant.events import FEWEST_EVENTS, Region, ResonantEvents
from hepml_lite.anomaly_detection.weak_classifier import places_of_rows, row_keys
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


@dataclass
class FactorisedObservables:
    """Boosted trees that predict the mass from the features, in folds.

    Attributes:
        direction: "above" if the mass of the signal is larger than the mean one, else "below".
        n_ensemble: how often all is trained, with other folds.
        folds: parts of the events, each predicted by trees that did not see it.
        iterations: trees, at most; held-out events stop the boosting earlier.
        explained: share of the variance of the mass that the features explain, out of fold, after
            `fit`. It is at most f(1 − f) (E_S − E_B)² over the variance; zero or less means that
            nothing is found.
    """

    direction: Literal["above", "below"] = "above"
    n_ensemble: int = 5
    folds: int = 5
    iterations: int = 200
    explained: float = field(default=0.0, init=False)
    ensemble: list[list[HistGradientBoostingRegressor]] = field(
        default_factory=list, init=False, repr=False
    )
    prediction_of_row: dict[bytes, float] = field(default_factory=dict, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region | None = None, *, rng: Seed = 0) -> Self:
        """Predict the mass, or whether it is in a region, from the features.

        Args:
            events: data.
            region: None: the mass itself is predicted. A region: whether the mass is in it.
            rng: generator or seed.

        Raises:
            ValueError: a direction that does not exist, a region without events, too few events, or
                masses that are all equal.
        """
        if self.direction not in ("above", "below"):
            raise ValueError(f'direction is {self.direction!r}: give "above" or "below"')
        generator = checked_rng(rng)
        n_members = checked_count("n_ensemble", self.n_ensemble)
        target = regressed_quantity(events, region)
        self.iterations = checked_count("iterations", self.iterations)
        if len(events) < FEWEST_EVENTS or not target.var() > 0:
            raise ValueError(
                f"{len(events)} events, whose masses have the variance {target.var():g}: give at "
                f"least {FEWEST_EVENTS}, of different masses"
            )
        keys = row_keys(events.features)
        group = np.unique(keys, return_inverse=True)[1]  # equal rows stay in one fold
        self.ensemble = []
        predicted = np.zeros(len(events))
        for _ in range(n_members):
            predicted += self._add_member(events.features, target, group, generator) / n_members
        self.explained = float(1 - np.mean((target - predicted) ** 2) / target.var())
        self.prediction_of_row = dict(zip(keys.tolist(), predicted.tolist(), strict=True))
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """The predicted mass (N,), with a minus where the signal is below.

        A row of the fit is predicted by trees that did not see it, a new one by one fold of each
        member of the ensemble, which its features choose.

        Raises:
            RuntimeError: before `fit`.
        """
        if not self.ensemble:
            raise RuntimeError("this regression is not trained: call fit first")
        keys = row_keys(events.features).tolist()
        predicted = np.array([self.prediction_of_row.get(key, np.nan) for key in keys])
        is_new = np.isnan(predicted)
        if is_new.any():
            predicted[is_new] = self._prediction_of_new(events.features[is_new])
        return predicted if self.direction == "above" else -predicted

    def _add_member(
        self,
        features: np.ndarray,
        target: np.ndarray,
        group: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Train the trees of one division into folds; their predictions out of fold, (N,)."""
        n_folds = checked_count("folds", self.folds, 2, "each event is predicted by other folds")
        fold = rng.permutation(group.max() + 1)[group] % n_folds
        predicted = np.zeros(len(target))
        trees = []
        for k in range(n_folds):
            tree = self._regression(features[fold != k], target[fold != k], rng)
            predicted[fold == k] = tree.predict(features[fold == k])
            trees.append(tree)
        self.ensemble.append(trees)
        return predicted

    def _prediction_of_new(self, rows: np.ndarray) -> np.ndarray:
        """Mean predictions (K,) of rows (K, D)."""
        place = places_of_rows(rows)
        total = np.zeros(len(rows))
        for member, trees in enumerate(self.ensemble):
            fold = (place + member) % len(trees)
            for k, tree in enumerate(trees):
                if (fold == k).any():
                    total[fold == k] += tree.predict(rows[fold == k])
        return total / len(self.ensemble)

    def _regression(
        self, features: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> HistGradientBoostingRegressor:
        trees = HistGradientBoostingRegressor(
            max_iter=self.iterations,
            early_stopping=True,
            validation_fraction=0.25,
            random_state=int(rng.integers(2**31)),
        )
        return trees.fit(features, target)


def regressed_quantity(events: ResonantEvents, region: Region | None) -> np.ndarray:
    """The mass (N,), or whether it is in a region, 1 or 0.

    Raises:
        ValueError: a region without events in it or beside it.
    """
    if region is None:
        return events.mass
    events.split(region)
    return events.inside(region).astype(float)
