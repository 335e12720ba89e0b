"""The landscape of taggers: the results of each one, read from a results file.

Figures of merit as in Kasieczka et al., arXiv:1902.09914: AUC, accuracy at probability 1/2 and the
background rejection at fixed signal efficiencies. Each has two errors: that of the test sample
(bootstrap) and that of the training (spread over seeds). A rejection is a count of the background
jets that pass, so its interval is that of a count; a lower limit stands where a few jets decide.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import gamma

from hepml_lite.plotting.tables import with_error
from hepml_lite.statistics import metrics
from hepml_lite.statistics.intervals import Interval

RESULTS = Path(__file__).parent / "trained" / "landscape.json"
# Our rows and the published rows of the same approach, by their names in `published.py`.
PUBLISHED = {
    "N-subjettiness 6": "Multi-body N-subjettiness 6",
    "N-subjettiness 8": "Multi-body N-subjettiness 8",
    "ResNet": "ResNeXt",
    "ParticleNet": "ParticleNet (2020)",
} | {
    name: name
    for name in (
        "EFP", "LDA", "TopoDNN", "P-CNN", "CNN", "TreeNiN", "LoLa", "LBN", "EFN", "PFN", "ParT",
        "LorentzNet", "PELICAN", "L-GATr-slim", "GoaT",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure of merit, the mean of K trainings, with its two errors.

    Attributes:
        value: the mean; for rejections, one over the mean background efficiency.
        test_error: half the 68 % bootstrap interval over the test jets.
        training_error: standard deviation of one training; None if there was only one.
        background_jets: of the test sample, if the figure is a rejection, which counts them.
    """

    value: float
    test_error: float
    training_error: float | None = None
    background_jets: int | None = None

    @property
    def error(self) -> float:
        """Both errors of a single training, added in quadrature."""
        return float(np.hypot(self.test_error, self.training_error or 0.0))

    def inverted(self) -> Self:
        """One over the figure, with errors to first order."""
        scale = 1 / self.value**2 if self.value > 0 else np.inf
        training = None if self.training_error is None else self.training_error * scale
        return type(self)(
            1 / self.value if self.value > 0 else np.inf,
            self.test_error * scale,
            training,
            self.background_jets,
        )

    @property
    def interval(self) -> Interval:
        """68 % interval of a single training: value ± error, or that of a count for a rejection.

        The count has its central Poisson interval (Garwood 1936), to which the spread over the
        trainings is added in quadrature.
        """
        if self.background_jets is None:
            return Interval.symmetric(self.value, self.error)
        passed = self.background_jets / self.value
        low, high = _count_interval(passed, level=0.68)
        spread = self._spread_of_count()
        low = max(passed - np.hypot(passed - low, spread), 0.0)
        high = passed + np.hypot(high - passed, spread)
        jets = self.background_jets
        return Interval(self.value, jets / high, jets / low if low > 0 else np.inf)

    @property
    def limit(self) -> float | None:
        """95 % lower limit of a rejection whose error exceeds half its value; None for others."""
        low, high = self.interval[1:]
        if self.background_jets is None or high - low <= self.value < np.inf:
            return None
        passed = self.background_jets / self.value
        above = gamma.ppf(0.95, passed + 1) - passed
        most = passed + np.hypot(above, 1.645 * self._spread_of_count())
        return float(self.background_jets / most)

    def _spread_of_count(self) -> float:
        """Standard deviation of the number of background jets that pass, over trainings."""
        if self.background_jets is None or not np.isfinite(self.value):
            return 0.0
        return self.background_jets * (self.training_error or 0.0) / self.value**2

    def __str__(self) -> str:
        if self.limit is not None:
            return with_error(self.value, self.limit, np.inf)
        return with_error(*self.interval) if self.interval.error else f"{self.value:.3f} ± 0.000"


@dataclass(frozen=True)
class Row:
    """The results of one tagger of the landscape on the test jets.

    Attributes:
        name: of the tagger.
        parameters: number of fitted parameters.
        trainings: K, the number of seeds.
        auc, accuracy: see the module.
        rejection_30, rejection_50: 1/eps_B at eps_S = 0.3 and 0.5.
        train_seconds: median over the trainings on one core; None if not timed.
        microseconds: to score one jet on one core, inputs included; None if not timed.
    """

    name: str
    parameters: int
    trainings: int
    auc: Figure
    accuracy: Figure
    rejection_30: Figure
    rejection_50: Figure
    train_seconds: float | None = None
    microseconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The row as plain values, which `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The row from the result of `as_json`."""
        made: dict[str, Any] = {}
        for key, value in plain.items():
            made[key] = Figure(**value) if isinstance(value, Mapping) else value
        return cls(**made)


def judged(
    name: str,
    labels: ArrayLike,
    scores: ArrayLike,
    parameters: int,
    n_bootstrap: int = 200,
    rng: metrics.Seed = 0,
    **times: float | None,
) -> Row:
    """A row from the scores of K trainings on the same N test jets.

    Args:
        name: of the row.
        labels: (N,) 1 for signal.
        scores: (N,) or (K, N) log-odds; the accuracy has its threshold at 0.
        parameters: number of fitted parameters.
        n_bootstrap: resamples of the test jets, the same for every row with the same `rng`.
        rng: seed or generator.
        times: train_seconds, microseconds.

    Raises:
        ValueError: shapes that do not fit, or as `hepml_lite.statistics.metrics`.
    """
    scores = np.atleast_2d(np.asarray(scores, float))  # (K, N)
    if scores.shape[1:] != np.shape(labels):
        raise ValueError(f"scores {scores.shape} for labels {np.shape(labels)}: give (K, N), (N,).")

    def figure(metric: Callable[..., float]) -> Figure:
        return _figure(metric, labels, scores, n_bootstrap, rng)

    def rejection(efficiency: float) -> Figure:
        shares = figure(lambda y, s: 1 / metrics.background_rejection(y, s, efficiency))
        background = int(np.sum(np.asarray(labels) == 0))
        return replace(shares.inverted(), background_jets=background)

    return Row(
        name,
        parameters,
        len(scores),
        figure(metrics.auc),
        figure(lambda y, s: metrics.accuracy(y, s, threshold=0)),
        rejection(0.3),
        rejection(0.5),
        **times,
    )


@lru_cache(maxsize=4)
def read_landscape(path: Path = RESULTS) -> dict[str, Row]:
    """The rows of a results file by name, in the order of the file.

    benchmarks/landscape.py writes the file.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no results at {path}: run python benchmarks/landscape.py")
    content = json.loads(Path(path).read_text("utf8"))
    return {name: Row.from_json(row["figures"]) for name, row in content["rows"].items()}


def _count_interval(count: float, level: float) -> tuple[float, float]:
    """Central Poisson interval of a mean, from the number counted."""
    tail = (1 - level) / 2
    low = gamma.ppf(tail, count) if count > 0 else 0.0
    return float(low), float(gamma.ppf(1 - tail, count + 1))


def _figure(
    metric: Callable[..., float],
    labels: ArrayLike,
    scores: np.ndarray,
    n_bootstrap: int,
    rng: metrics.Seed,
) -> Figure:
    """Mean of a metric over trainings; all trainings use the same resampled jets."""

    def mean(labels: np.ndarray, chosen: np.ndarray) -> float:
        chosen = chosen.astype(int)
        return float(np.mean([metric(labels, one[chosen]) for one in scores]))

    interval = metrics.bootstrap(mean, labels, np.arange(scores.shape[1]), n_bootstrap, rng)
    single = [metric(labels, one) for one in scores]
    spread = float(np.std(single, ddof=1)) if len(single) > 1 else None
    return Figure(interval.value, (interval.high - interval.low) / 2, spread)
