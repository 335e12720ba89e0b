"""The checks of data: labels, scores, probabilities, weights, histograms.

Labels are 1 for signal and 0 for background, or 0 to C - 1 for C classes. Every function returns
arrays or numbers and raises ValueError with the argument, its value or shape, and what to do.
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
    given = as_array("labels", labels)
    if given.ndim != 1:
        raise ValueError(f"labels has shape {given.shape}: give one label a jet, (N,)")
    allowed = "0 (background) and 1 (signal)" if n_classes == 2 else f"0 to {n_classes - 1}"
    remedy = f"{allowed} are allowed; select these classes, or compare: labels == signal_class"
    if given.dtype.kind not in "biuf":
        raise ValueError(f"labels contain {given[:5]}, not numbers: {remedy}")
    in_range = (given >= 0) & (given < n_classes)  # False for NaN
    whole = given.astype(np.int64) if in_range.all() else None
    if whole is None or (whole != given).any():
        raise ValueError(f"labels contain {np.unique(given)[:5]}: {remedy}")
    _require_jets(whole, n_classes, fewest)
    return whole


def _require_jets(labels: np.ndarray, n_classes: int, fewest: int) -> None:
    """Refuse labels (N,) of whole numbers with too few jets of a class."""
    counts = np.bincount(labels, minlength=n_classes)
    if counts.min() < fewest:
        raise ValueError(
            f"{_counted(counts)}: {fewest} or more of each class are needed; {MORE_JETS}"
        )


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
    numbers = as_floats(name, values)
    if numbers.shape != like.shape:
        remedy = remedy or COLUMN.format(name)
        raise ValueError(
            f"labels and {name} have shapes {[like.shape, numbers.shape]}: give one number a jet, "
            f"(N,), of the same jets in the same order; {remedy}"
        )
    return _finite(name, numbers)


def checked_scores(
    labels: ArrayLike, scores: ArrayLike, fewest: int = 1, name: str = "scores", remedy: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) of two classes and finite scores (N,); see `checked_labels`."""
    label = checked_labels(labels, fewest=0)
    score = checked_numbers(name, scores, label, remedy)
    _require_jets(label, 2, fewest)
    return label, score


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
    label, score = checked_scores(labels, scores, fewest=0)
    weight = as_floats("weights", weights)
    if weight.shape != label.shape:
        raise ValueError(
            f"labels and weights have shapes {[label.shape, weight.shape]}: give one weight a jet"
        )
    weight = checked_not_negative("weights", weight)
    kept = weight > 0
    return checked_labels(label[kept]), score[kept], weight[kept]


def weights_or_ones(weights: ArrayLike | None, like: np.ndarray) -> np.ndarray:
    """Weights (N,) of the same jets as `like` (N,), ones for None.

    Raises:
        ValueError: another shape, or weights that are negative, not finite or all zero.
    """
    if weights is None:
        return np.ones(like.shape)
    weight = checked_not_negative("weights", weights)
    if weight.shape != like.shape:
        raise ValueError(f"weights has shape {weight.shape}: give one weight a jet, {like.shape}")
    if not weight.sum() > 0:
        raise ValueError("all weights are zero: give a positive weight to some jets")
    return weight


def checked_probabilities(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) and probabilities of signal (N,) in [0, 1]; one class may have no jets.

    Raises:
        ValueError: as `checked_scores`, no jets at all, or numbers outside [0, 1], such as logits.
    """
    label, p = checked_scores(labels, probabilities, fewest=0, name="probabilities")
    if not len(p):
        raise ValueError(f"labels and probabilities are empty: {MORE_JETS}")
    if p.min() < 0 or p.max() > 1:
        raise ValueError(
            f"probabilities from {p.min():.3g} to {p.max():.3g}: they lie in [0, 1]; of logits "
            "take the softmax, as training.predict_probability does"
        )
    return label, p


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
    table = as_floats("scores", columns)
    given = as_array("labels", labels)
    if table.ndim != 2 or given.shape != table.shape[:1] or not table.size:
        raise ValueError(
            f"labels has shape {given.shape}, the scores {table.shape}: give (N,) and "
            "(N, columns), of at least one jet"
        )
    _finite("scores", table)
    return checked_labels(given, n_classes or table.shape[1], fewest), table


def checked_finite(
    name: str, values: ArrayLike, n_axes: int | None = None, fewest: int = 0
) -> np.ndarray:
    """Finite numbers as an array of floats, of `n_axes` axes if that is given.

    Args:
        name: of the argument, for the message.
        values: anything that may have been given.
        n_axes: how many axes there must be; None: any number.
        fewest: how many numbers there must be, as for a mean, which needs one.

    Raises:
        ValueError: no numbers, another number of axes, too few, NaN or infinite numbers.
    """
    numbers = as_floats(name, values)
    if n_axes is not None and numbers.ndim != n_axes:
        raise ValueError(f"{name} has shape {numbers.shape}: give an array of {n_axes} axes")
    if numbers.size < fewest:
        raise ValueError(
            f"{name} has {numbers.size} numbers, of shape {numbers.shape}: give {fewest} or more; "
            "was the selection empty?"
        )
    return _finite(name, numbers)


def checked_grid(name: str, values: ArrayLike, fewest: int = 1) -> np.ndarray:
    """Finite numbers (M,) that rise, such as the values of a parameter on a grid.

    Raises:
        ValueError: another number of axes, too few, NaN, or numbers that do not rise.
    """
    numbers = checked_finite(name, values, n_axes=1, fewest=fewest)
    falls = np.flatnonzero(numbers[1:] <= numbers[:-1])
    if len(falls):
        i = int(falls[0])
        raise ValueError(
            f"{name}[{i}] is {numbers[i]:g} and {name}[{i + 1}] is {numbers[i + 1]:g}: give values "
            "that rise; order = np.argsort(values) sorts them, and values[order] and what belongs "
            "to them stay together"
        )
    return numbers


def checked_logarithms(name: str, values: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Logarithms of this shape that a function gave, or a table; -inf stands for zero.

    Raises:
        ValueError: another shape, NaN or +inf.
    """
    logs = as_floats(name, values)
    wrong = np.count_nonzero(~(logs < np.inf))
    if logs.shape != shape or wrong:
        raise ValueError(
            f"{name} gave {wrong} NaN or +inf in the shape {logs.shape}: give one logarithm each, "
            f"{shape}, and -inf for the chance zero"
        )
    return logs


def checked_not_negative(name: str, values: ArrayLike) -> np.ndarray:
    """Finite numbers that are zero or larger, such as weights and the contents of a histogram.

    Raises:
        ValueError: no numbers, or numbers that are negative, NaN or infinite.
    """
    numbers = as_floats(name, values)
    bad = ~((numbers >= 0) & (numbers < np.inf))
    if bad.any():
        raise ValueError(
            f"{bad.sum()} {name} are negative, NaN or infinite, the first is {numbers[bad][0]}: "
            f"give finite {name} >= 0; drop or resample these jets"
        )
    return numbers


def checked_edges(name: str, edges: ArrayLike) -> np.ndarray:
    """Edges (H + 1,) of the bins of a histogram; the outermost may be infinite.

    Raises:
        ValueError: fewer than two, NaN, or edges that do not rise.
    """
    numbers = as_floats(name, edges)
    if numbers.ndim != 1 or len(numbers) < 2 or not (numbers[1:] > numbers[:-1]).all():
        raise ValueError(
            f"{name} is {numbers}: give at least two numbers that rise, (H + 1,), as "
            "np.linspace(0, 300, 31)"
        )
    return numbers


def as_array(name: str, values: ArrayLike) -> np.ndarray:
    """The values as an array; rows of different lengths and hidden numbers are refused."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array, whose hidden numbers would count: pass "
            "array.compressed(), and the same selection of the other arguments"
        )
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} cannot become an array of numbers: {error}") from None


def as_floats(name: str, values: ArrayLike) -> np.ndarray:
    """The values as an array of floats."""
    given = as_array(name, values)
    try:
        if given.dtype.kind not in "biufUO":
            raise TypeError
        return given.astype(float, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} holds {given.dtype}, not real numbers: give floats") from None


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
