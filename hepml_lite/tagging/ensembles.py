"""Combined taggers: an average of several trainings, or a classifier on many taggers (GoaT).

G. Kasieczka et al., "The Machine Learning Landscape of Top Taggers", SciPost Phys. 7 (2019) 014,
arXiv:1902.09914: the mean and the median of several trainings, and the "Greatest of all Taggers",
a classifier that reads the outputs of all others.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.model_selection import StratifiedKFold

from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.self_supervised.linear_probe import linear_probe
from hepml_lite.statistics.data_checks import checked_columns
from hepml_lite.statistics.intervals import central_interval
from hepml_lite.training import count_parameters, cross_entropy, fit, predict

FLOOR = 1e-6  # of probabilities under the logarithm: below it float32 cannot tell 1 - p from 1


class Ensemble(NamedTuple):
    """Score of an ensemble and spread of its members for each jet, two arrays (N,)."""

    score: np.ndarray
    spread: np.ndarray


def log_odds(probabilities: ArrayLike) -> np.ndarray:
    """ln[p / (1 - p)] of signal probabilities of any shape, clipped to [`FLOOR`, 1 - `FLOOR`].

    Raises:
        ValueError: a number outside [0, 1].
    """
    p = np.asarray(probabilities, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(
            f"probabilities between {p.min():g} and {p.max():g}: all must lie in [0, 1]; "
            "logits are log-odds already."
        )
    p = p.clip(FLOOR, 1 - FLOOR)
    return np.log(p / (1 - p))


def mean_ensemble(scores: ArrayLike) -> Ensemble:
    """Mean of K trainings (K, N), with their standard deviation.

    A mean of log-odds is a product of experts. A mean of probabilities is a mixture: a single
    overconfident training changes it less, but it is never more certain than its members.

    Raises:
        ValueError: fewer than two trainings, or scores that are NaN or infinite.
    """
    scores = _trainings(scores)
    return Ensemble(scores.mean(0), scores.std(0, ddof=1))


def median_ensemble(scores: ArrayLike) -> Ensemble:
    """Median of K trainings (K, N), with half the width of their central 68 %.

    A single failed training hardly changes it.

    Raises:
        ValueError: as `mean_ensemble`.
    """
    scores = _trainings(scores)
    low, high = central_interval(scores)
    return Ensemble(np.median(scores, axis=0), (high - low) / 2)


def score_correlation(labels: ArrayLike, scores: ArrayLike, of_class: int = 0) -> np.ndarray:
    """Rank correlations (T, T) of T taggers' scores (N, T) within one class (Spearman).

    A correlation below 1 means that two taggers order the jets of this class differently: they use
    different information, or have different noise. One class is used because across classes all
    good taggers agree. Ranks are used because a monotone function of a score selects the same jets.

    Raises:
        ValueError: scores and labels do not fit together, or the class has fewer than two jets.
    """
    labels, scores = checked_columns(labels, scores, n_classes=2, fewest=0)
    chosen = scores[labels == of_class]  # (M, T)
    if len(chosen) < 2:
        raise ValueError(
            f"{len(chosen)} jets of class {of_class}: a correlation needs 2, better 1000; "
            f"the labels are {np.unique(labels)}."
        )
    return np.atleast_2d(np.corrcoef(rankdata(chosen, axis=0), rowvar=False))


class GoaT:
    """Greatest of all Taggers: a classifier on the log-odds of all others (arXiv:1902.09914).

    It is linear by default, on standardised log-odds with a penalty chosen by cross-validation: the
    scale of a tagger's scores does not matter, and copies of a tagger share one weight. Fit it on
    jets that no tagger was trained on, such as `val`; on training jets the most overfitted tagger
    looks best. Test it on other jets. `cross_fitted` does both with one sample.

    Args:
        hidden: sizes of hidden layers; with them GoaT is a nonlinear network.
        epochs: of the network, on three quarters of the jets; the rest chooses the best epoch.
    """

    def __init__(self, hidden: Sequence[int] = (), epochs: int = 20):
        self.hidden = tuple(hidden)
        self.epochs = epochs

    def fit(self, labels: ArrayLike, scores: ArrayLike, seed: int = 0) -> Self:
        """Learn from labels (N,), 0 or 1, and log-odds (N, T); the seed is that of a network.

        Raises:
            ValueError: shapes that do not fit, NaN or infinite scores, or too few jets of a class.
        """
        labels, scores = checked_columns(labels, scores, n_classes=2)
        self._mean = scores.mean(0)  # (T,)
        self._width = scores.std(0) + 1e-12  # (T,)
        if self.hidden:
            self._fit_network(self._standard(scores), labels, seed)
        else:
            self._model = linear_probe(self._standard(scores), labels)
        return self

    def score(self, scores: ArrayLike) -> np.ndarray:
        """Log-odds for signal (N,) from those of the taggers (N, T), in the order of `fit`.

        Raises:
            ValueError: not fitted, or another number of taggers.
        """
        if not hasattr(self, "_model"):
            raise ValueError("this GoaT is not fitted: call fit(labels, scores) first.")
        scores = np.asarray(scores, dtype=float)
        if scores.ndim != 2 or scores.shape[1] != len(self._mean):
            raise ValueError(f"scores {scores.shape}: fitted to {len(self._mean)} taggers, (N, T).")
        if not self.hidden:
            return self._model.decision_function(self._standard(scores))
        logits = predict(self._model, (self._standard(scores),), 4096)  # (N, 2)
        return logits[:, 1] - logits[:, 0]

    @property
    def n_parameters(self) -> int:
        """Number of fitted parameters: T + 1 if linear, 0 before `fit`."""
        if not hasattr(self, "_model"):
            return 0
        return count_parameters(self._model) if self.hidden else len(self._mean) + 1

    def _standard(self, scores: np.ndarray) -> np.ndarray:
        return ((scores - self._mean) / self._width).astype(np.float32)

    def _fit_network(self, inputs: np.ndarray, labels: np.ndarray, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._model = MLP((inputs.shape[1], *self.hidden, 2))
        order = np.random.default_rng(seed).permutation(len(labels))
        rest, learn = np.split(order, [len(order) // 4])
        fit(
            self._model, (inputs[learn], labels[learn]), cross_entropy,
            validation=(inputs[rest], labels[rest]), epochs=self.epochs, optimizer=_decaying,
            seed=seed, progress=False,
        )  # fmt: skip


def cross_fitted(
    labels: ArrayLike,
    scores: ArrayLike,
    make: Callable[[], GoaT] = GoaT,
    folds: int = 5,
    seed: int = 0,
) -> np.ndarray:
    """Log-odds (N,) of a GoaT for jets that it has not seen: each fold is scored by the others.

    Raises:
        ValueError: fewer than two folds or more than jets of a class, or as `GoaT.fit`.
    """
    labels, scores = checked_columns(labels, scores, n_classes=2)
    result = np.empty(len(labels))
    for learn, judge in StratifiedKFold(folds, shuffle=True, random_state=seed).split(
        scores, labels
    ):
        result[judge] = make().fit(labels[learn], scores[learn], seed).score(scores[judge])
    return result


def _decaying(parameters: Sequence[torch.nn.Parameter], lr: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=0.1)


def _trainings(scores: ArrayLike) -> np.ndarray:
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or len(scores) < 2:
        raise ValueError(
            f"scores {scores.shape}: give (K, N) for K trainings, 2 or more, and N jets."
        )
    if not np.isfinite(scores).all():
        raise ValueError("a score is NaN or infinite: log_odds clips them; drop a failed training.")
    return scores
