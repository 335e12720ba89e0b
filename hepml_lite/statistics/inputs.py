"""The one check of labels, scores and weights: what the functions of this room may be given.

Labels are 1 for signal and 0 for background, or 0 to C - 1 for C classes. Every function returns
arrays and raises ValueError with the argument, its value or shape, and what to do.
"""

import numpy as np
from numpy.typing import ArrayLike

MORE_JETS = "check the selection, or use more jets"
COLUMN = "of class probabilities (N, 2) take the column {}[:, 1]"


def checked_labels(labels: ArrayLike, n_classes: int = 2, fewest: int = 1) -> np.ndarray:
    """Labels (N,) as integers from 0 to n_classes - 1.

    Args:
        labels: (N,) of any type, bool included.
        n_classes: how many classes there are.
        fewest: how many jets of each class are needed; 0 allows a class without jets.

    Raises:
        ValueError: another shape, other labels, or too few jets of a class.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels has shape {labels.shape}: give one label a jet, (N,)")
    if not np.isin(labels, range(n_classes)).all():
        allowed = "0 (background) and 1 (signal)" if n_classes == 2 else f"0 to {n_classes - 1}"
        raise ValueError(
            f"labels contain {np.unique(labels)[:5]}: {allowed} are allowed; select these classes, "
            "or compare: labels == signal_class"
        )
    labels = labels.astype(np.int64)
    counts = np.bincount(labels, minlength=n_classes)
    if counts.min() < fewest:
        raise ValueError(
            f"{_counted(counts)}: {fewest} or more of each class are needed; {MORE_JETS}"
        )
    return labels


def checked_numbers(name: str, values: ArrayLike, like: np.ndarray, remedy: str = "") -> np.ndarray:
    """Finite numbers (N,), one for each label of `like` (N,).

    Args:
        name: of the argument, for the message.
        values: (N,).
        like: (N,) labels of the same jets.
        remedy: what to do about a wrong shape.

    Raises:
        ValueError: another shape, or numbers that are NaN or infinite.
    """
    values = np.asarray(values, dtype=float)
    if values.shape != like.shape:
        remedy = remedy or COLUMN.format(name)
        raise ValueError(
            f"labels and {name} have shapes {[like.shape, values.shape]}: give one number a jet, "
            f"(N,), of the same jets in the same order; {remedy}"
        )
    return _finite(name, values)


def checked_scores(
    labels: ArrayLike, scores: ArrayLike, fewest: int = 1, name: str = "scores", remedy: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) of two classes and finite scores (N,); see `checked_labels`."""
    labels = checked_labels(labels, fewest=0)
    scores = checked_numbers(name, scores, labels, remedy)
    return checked_labels(labels, fewest=fewest), scores


def checked_weights(
    labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Labels, scores and weights (N,), or None, without the jets of weight zero.

    Raises:
        ValueError: as `checked_scores`, weights that are negative, NaN or infinite, or a class
            without a positive weight.
    """
    if weights is None:
        return *checked_scores(labels, scores), None
    labels, scores = checked_scores(labels, scores, fewest=0)
    weights = np.asarray(weights, dtype=float)
    if weights.shape != labels.shape:
        raise ValueError(
            f"labels and weights have shapes {[labels.shape, weights.shape]}: give one weight a jet"
        )
    bad = ~((weights >= 0) & (weights < np.inf))
    if bad.any():
        raise ValueError(
            f"{bad.sum()} weights are negative, NaN or infinite, the first is {weights[bad][0]}: "
            "give finite weights >= 0; drop or resample these jets"
        )
    kept = weights > 0
    return checked_labels(labels[kept]), scores[kept], weights[kept]


def checked_probabilities(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) and probabilities of signal (N,) in [0, 1]; one class may have no jets.

    Raises:
        ValueError: as `checked_scores`, no jets at all, or numbers outside [0, 1], such as logits.
    """
    labels, p = checked_scores(labels, probabilities, fewest=0, name="probabilities")
    if not len(p):
        raise ValueError(f"labels and probabilities are empty: {MORE_JETS}")
    if p.min() < 0 or p.max() > 1:
        raise ValueError(
            f"probabilities from {p.min():.3g} to {p.max():.3g}: they lie in [0, 1]; of logits "
            "take the softmax, as training.predict_probability does"
        )
    return labels, p


def checked_columns(
    labels: ArrayLike, columns: ArrayLike, n_classes: int | None = None, fewest: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) and finite scores (N, C) in columns.

    Args:
        labels: (N,) from 0 to n_classes - 1.
        columns: (N, C): of classes, or of taggers.
        n_classes: how many classes there are; None: one for each column.
        fewest: how many jets of each class are needed.

    Raises:
        ValueError: shapes, numbers that are not finite, other labels, or too few jets of a class.
    """
    columns = np.asarray(columns, dtype=float)
    if columns.ndim != 2 or np.shape(labels) != columns.shape[:1] or not len(columns):
        raise ValueError(
            f"labels has shape {np.shape(labels)}, the scores {columns.shape}: give (N,) and "
            "(N, columns), of at least one jet"
        )
    _finite("scores", columns)
    return checked_labels(labels, n_classes or columns.shape[1], fewest), columns


def _finite(name: str, values: np.ndarray) -> np.ndarray:
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise ValueError(
            f"{wrong} of {values.size} {name} are NaN or infinite: finite ones are needed; did the "
            "training diverge? Clip log-ratios with np.clip"
        )
    return values


def _counted(counts: np.ndarray) -> str:
    if len(counts) == 2:
        return f"{counts[0]} background and {counts[1]} signal jets"
    return f"{counts.tolist()} jets of the classes 0 to {len(counts) - 1}"
