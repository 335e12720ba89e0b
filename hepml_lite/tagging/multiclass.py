"""More than two classes of jets: confusion matrix, accuracy, and discriminants of two classes.

The definitions are those of JetClass, H. Qu, C. Li, S. Qian, "Particle Transformer for Jet
Tagging", arXiv:2202.03772.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_columns
from hepml_lite.statistics.intervals import Interval, efficiency_interval


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix: how jets of each class were tagged.

    Attributes:
        counts: (C, C) jets of true class (row) that were tagged as class (column).
        names: (C,) of the classes.
    """

    counts: np.ndarray
    names: tuple[str, ...]

    @property
    def fractions(self) -> np.ndarray:
        """Fractions (C, C), each row of sum 1, independent of the numbers of jets."""
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
        raise ValueError(
            f"{len(names)} names for {n_classes} classes: give one name for each column."
        )
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

    By the lemma of Neyman and Pearson a cut on it is the best cut between S and B, whatever the
    other classes are. p_S alone is not: it also falls where a jet looks like a third class. The
    value is 1/2 where both scores are 0.

    Raises:
        ValueError: a column in both, no column, a column that does not exist, or scores outside
            [0, 1].
    """
    probabilities = np.asarray(probabilities, dtype=float)
    in_range = (probabilities >= 0) & (probabilities <= 1 + 1e-6)  # 1, but for float32's rounding
    if probabilities.ndim != 2 or not in_range.all():
        raise ValueError(
            f"probabilities of shape {probabilities.shape}: give (N, C), all in [0, 1]; apply a "
            "softmax to logits, as training.predict_probability does"
        )
    columns = {*signal, *background}
    wrong = not signal or not background or len(columns) < len(signal) + len(background)
    if wrong or not columns <= set(range(probabilities.shape[1])):
        raise ValueError(
            f"signal {tuple(signal)}, background {tuple(background)}: give different columns, at "
            f"least one each, from 0 to {probabilities.shape[1] - 1}."
        )
    s = probabilities[:, list(signal)].sum(1)
    b = probabilities[:, list(background)].sum(1)
    return np.divide(s, s + b, out=np.full(len(s), 0.5), where=s + b > 0)


def confusion_figure(ax: Axes, matrix: Confusion, errors: bool = True) -> Axes:
    """Draw fractions in percent as numbers on shades of blue, with their errors."""
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
