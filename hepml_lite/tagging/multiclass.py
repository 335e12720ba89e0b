"""More than two kinds of jets: who is taken for whom, and each signal against QCD.

Definitions as for JetClass, H. Qu, C. Li, S. Qian, "Particle Transformer for Jet Tagging",
arXiv:2202.03772: a discriminant from two of many scores, and accuracy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.statistics.inputs import checked_columns
from hepml_lite.statistics.intervals import Interval, efficiency_interval


@dataclass(frozen=True)
class Confusion:
    """How jets of each class were tagged.

    Attributes:
        counts: (C, C) jets of true class (row) that were tagged as class (column).
        names: (C,) of the classes.
    """

    counts: np.ndarray
    names: tuple[str, ...]

    @property
    def fractions(self) -> np.ndarray:
        """(C, C), each row sums to 1: free of how many jets of each class there are."""
        return self.counts / self.counts.sum(1, keepdims=True)

    def interval(self, true: str, tagged: str) -> Interval:
        """Fraction of jets of one class tagged as another, with its Wilson interval.

        Raises:
            ValueError: a name that is not among the classes.
        """
        row, column = _indices(self.names, (true, tagged))
        return efficiency_interval(int(self.counts[row, column]), int(self.counts[row].sum()))

    @property
    def errors(self) -> np.ndarray:
        """Half widths (C, C) of the 68 % intervals of `fractions`."""
        total = self.counts.sum(1)
        return np.array(
            [
                [efficiency_interval(int(n), int(total[row])).error for n in counts]
                for row, counts in enumerate(self.counts)
            ]
        )


def confusion(labels: ArrayLike, probabilities: ArrayLike, names: Sequence[str]) -> Confusion:
    """Confusion matrix of jets tagged as their most probable class.

    Args:
        labels: (N,) index of the class.
        probabilities: (N, C), or logits.
        names: of the C classes.

    Raises:
        ValueError: shapes or labels that do not fit, or a class without jets.
    """
    labels, probabilities = checked_columns(labels, probabilities)
    n_classes = probabilities.shape[1]
    if len(names) != n_classes:
        raise ValueError(f"{len(names)} names for {n_classes} classes: give one a column.")
    counts = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(counts, (labels, probabilities.argmax(1)), 1)
    return Confusion(counts, tuple(names))


def multiclass_accuracy(labels: ArrayLike, probabilities: ArrayLike) -> Interval:
    """Fraction of jets whose most probable class is the true one, with its Wilson interval.

    It depends on the mixture of the classes; guessing gives 1/C if they are equally frequent.
    """
    labels, probabilities = checked_columns(labels, probabilities)
    return efficiency_interval(int((probabilities.argmax(1) == labels).sum()), len(labels))


def discriminant(
    probabilities: ArrayLike, signal: Sequence[int], background: Sequence[int]
) -> np.ndarray:
    """score_S / (score_S + score_B), (N,), with scores summed over the columns of each.

    By the lemma of Neyman and Pearson the best cut between S and B, whatever the other classes
    are; p_S alone is not, since it also falls where a jet looks like a third class. 1/2 where
    neither has a score.

    Raises:
        ValueError: a column in both, or none, or one that there is not; or negative scores.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    if probabilities.ndim != 2 or not (probabilities >= 0).all():
        raise ValueError(
            f"probabilities of shape {probabilities.shape}: give (N, C), all >= 0; of logits take "
            "the softmax, as training.predict_probability does"
        )
    columns = {*signal, *background}
    wrong = not signal or not background or len(columns) < len(signal) + len(background)
    if wrong or not columns <= set(range(probabilities.shape[1])):
        raise ValueError(
            f"signal {tuple(signal)}, background {tuple(background)}: give different columns, at "
            f"least one each, from 0 to {probabilities.shape[1] - 1}."
        )
    s, b = (probabilities[:, list(c)].sum(1) for c in (signal, background))
    return np.divide(s, s + b, out=np.full(len(s), 0.5), where=s + b > 0)


def confusion_figure(ax: Axes, matrix: Confusion, errors: bool = True) -> Axes:
    """Fractions in percent as numbers on shades of blue, with their errors below."""
    percent, error = 100 * matrix.fractions, 100 * matrix.errors
    ax.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(percent):
        text = f"{value:.1f}" + (f"\n± {error[row, column]:.1f}" if errors else "")
        colour = "white" if value > 55 else "black"
        ax.text(column, row, text, ha="center", va="center", color=colour, fontsize="x-small")
    places = range(len(matrix.names))
    ax.set_xticks(places, matrix.names)
    ax.set_yticks(places, matrix.names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="tagged as", ylabel="true class", title="jets of each class [%]")
    return ax


def _indices(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(f"no class {missing[0]!r}: there are {', '.join(names)}.")
    return [list(names).index(name) for name in wanted]
