"""The rows of two samples that a classifier is to tell apart, checked in one place."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.rows import FEWEST_ROWS, checked_condition, checked_table
from hepml_lite.statistics.data_checks import as_array, as_floats

# What describes the rows of a sample: a table (N, D), or a tuple (features (N, P, F), mask (N, P))
Sample = ArrayLike | tuple[ArrayLike, ArrayLike]
# One entry for the numerator and one for the denominator; None where there is none
Pair = tuple[ArrayLike | None, ArrayLike | None]
# What a classifier sees: a table (N, D + C), or features (N, P, F + C) and mask (N, P)
Inputs = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class WeightedRows:
    """Rows of one sample.

    Attributes:
        inputs: what a classifier sees of each row.
        weights: (N,); they may be negative, and have a positive sum.
        name: of the sample, for messages.
    """

    inputs: Inputs
    weights: np.ndarray
    name: str

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def real(self) -> np.ndarray:
        """Rows (M, D) of a table, or of the particles (M, F) of sets without the padding."""
        return real_rows(self.inputs)


@dataclass(frozen=True)
class LabelledRows:
    """Rows of both samples, one after the other.

    Attributes:
        inputs: what a classifier sees of each row.
        label: (N,), 1 for the numerator and 0 for the denominator.
        weights: (N,), zero or positive.
    """

    inputs: Inputs
    label: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, chosen: np.ndarray) -> Self:
        inputs = tuple(array[chosen] for array in self.inputs)
        return type(self)(inputs, self.label[chosen], self.weights[chosen])

    def balanced(self) -> Self:
        """The same rows; the weights of each class sum to half the number of rows.

        Raises:
            ValueError: a class whose weights sum to zero.
        """
        weights = self.weights.astype(float)
        for label, name in ((1, "numerator"), (0, "denominator")):
            of_class = self.label == label
            total = weights[of_class].sum()
            if total <= 0:
                raise ValueError(
                    f"no row of the {name} with a positive weight is left to train on: give more "
                    "rows, fewer folds, or rows without groups"
                )
            weights[of_class] *= len(self) / (2 * total)
        return type(self)(self.inputs, self.label, weights)


def compared_samples(
    samples: tuple[Sample, Sample], conditions: Pair | None, weights: Pair | None
) -> tuple[WeightedRows, WeightedRows]:
    """The rows of numerator and denominator, if a classifier can compare them.

    Raises:
        ValueError: samples, conditions or weights that cannot be used, samples of different kinds,
            or a feature that is the same in all rows.
    """
    both = []
    condition_pair = checked_pair(conditions, "condition")
    weight_pair = checked_pair(weights, "weights")
    for i, name in enumerate(("numerator", "denominator")):
        inputs = checked_inputs(samples[i], condition_pair[i], name)
        _require_two_rows(inputs, name)
        row_weights = checked_signed_weights(weight_pair[i], len(inputs[0]), name)
        both.append(WeightedRows(inputs, row_weights, name))
    numerator, denominator = both
    require_like(denominator.inputs, numerator.inputs, "denominator", "numerator")
    _require_no_constant(np.concatenate([numerator.real, denominator.real]))
    return numerator, denominator


def joined(first: Inputs, second: Inputs) -> Inputs:
    """Rows of both, one after the other; sets get as many slots as the longer ones have."""
    n_slots = max(array.shape[1] for array in (first[-1], second[-1]))
    if len(first) == 1:
        return (np.concatenate([first[0], second[0]]),)
    padded = [_with_slots(inputs, n_slots) for inputs in (first, second)]
    return tuple(np.concatenate(arrays) for arrays in zip(*padded, strict=True))


def real_rows(inputs: Inputs) -> np.ndarray:
    """Rows (M, D) of a table, or of the particles (M, F) of sets without the padding."""
    if len(inputs) == 1:
        return inputs[0]
    features, mask = inputs
    return features[mask]


def checked_inputs(sample: Sample, condition: ArrayLike | None, name: str) -> Inputs:
    """What a classifier sees of a sample: the features and, beside them, the conditions.

    Args:
        sample: (N, D), or a tuple of features (N, P, F) and mask (N, P), True where a particle is.
        condition: (N, C), or None.
        name: of the sample, for messages.

    Returns:
        A table (N, D + C), or features (N, P, F + C), zero in padded slots, and mask (N, P).

    Raises:
        ValueError: other shapes, NaN, or a condition of another length.
    """
    if not isinstance(sample, tuple):
        table = checked_table(name, sample)
        return (np.concatenate([table, checked_condition(condition, len(table))], axis=1),)
    features, mask = _checked_set(sample, name)
    conditions = checked_condition(condition, len(features))
    of_particles = np.broadcast_to(
        conditions[:, None, :], (*mask.shape, conditions.shape[1])
    )  # (N, P, C): each particle is told the condition of its row
    together = np.concatenate([features, of_particles], axis=-1)
    return np.where(mask[..., None], together, 0.0), mask


def _checked_set(sample: tuple[ArrayLike, ...], name: str) -> tuple[np.ndarray, np.ndarray]:
    if len(sample) != 2:
        raise ValueError(
            f"{name} is a tuple of {len(sample)}: give (features (N, P, F), mask (N, P)) for sets "
            "of particles, or an array (N, D) for a table"
        )
    features = as_floats(f"features of the {name}", sample[0])
    mask = as_array(f"mask of the {name}", sample[1])
    if features.ndim != 3 or mask.shape != features.shape[:2] or mask.dtype != bool:
        raise ValueError(
            f"features and mask of the {name} have shapes {features.shape} and {mask.shape} "
            f"({mask.dtype}): give (N, P, F) and bool (N, P), True where a particle is"
        )
    wrong = np.argwhere(~np.isfinite(features) & mask[..., None])
    if len(wrong):
        raise ValueError(
            f"{name} has {len(wrong)} NaN or infinite numbers, the first in row {wrong[0, 0]}, "
            f"particle {wrong[0, 1]}, feature {wrong[0, 2]}: remove these rows, or mask the "
            "particles"
        )
    return features, mask


def require_like(inputs: Inputs, others: Inputs, name: str, other: str) -> None:
    """Refuse rows with other features than those of `others`; sets may have other numbers of slots.

    Raises:
        ValueError: a table beside sets, or another number of features.
    """
    if len(inputs) != len(others):
        kinds = {1: "a table (N, D)", 2: "sets of particles (features, mask)"}
        raise ValueError(
            f"the {name} is {kinds[len(inputs)]} and the {other} is {kinds[len(others)]}: give the "
            "same kind for both"
        )
    found = inputs[0].shape[-1]
    expected = others[0].shape[-1]
    if found != expected:
        raise ValueError(
            f"the {name} has {found} features and the {other} has {expected}, conditions included: "
            "give the same ones in the same order"
        )


def checked_signed_weights(weights: ArrayLike | None, n_rows: int, name: str) -> np.ndarray:
    """Finite weights (n_rows,) that may be negative, but have a positive sum.

    Raises:
        ValueError: another length, NaN or infinite weights, or a sum that is not positive.
    """
    if weights is None:
        return np.ones(n_rows)
    numbers = as_floats("weights", weights)
    if numbers.shape != (n_rows,):
        raise ValueError(
            f"weights of the {name} have shape {numbers.shape} for {n_rows} rows: give one weight "
            "for each row"
        )
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"{(~np.isfinite(numbers)).sum()} weights of the {name} are NaN or infinite: clip "
            "them, or remove these rows"
        )
    if numbers.sum() <= 0:
        raise ValueError(
            f"weights of the {name} sum to {numbers.sum():g}: a density needs a positive sum; was "
            "the selection empty, or is more subtracted than there is?"
        )
    return numbers


def checked_groups(groups: Pair | None, n_numerator: int, n_denominator: int) -> np.ndarray:
    """Groups of all rows, numerator first, as numbers 0 to G - 1; without groups, one a row.

    Raises:
        ValueError: groups of one sample only, or other lengths.
    """
    lengths = (n_numerator, n_denominator)
    first, second = checked_pair(groups, "groups")
    if first is None and second is None:
        return np.arange(sum(lengths))
    given = [as_array("groups", () if part is None else part) for part in (first, second)]
    shapes = [part.shape for part in given]
    if shapes != [(n_numerator,), (n_denominator,)]:
        raise ValueError(
            f"groups have shapes {shapes}: give one number for each row of both samples, "
            f"({n_numerator},) and ({n_denominator},)"
        )
    return np.unique(np.concatenate(given), return_inverse=True)[1]


def checked_pair(pair: Pair | None, name: str) -> Pair:
    """One entry for the numerator and one for the denominator.

    Raises:
        ValueError: no pair.
    """
    if pair is None:
        return None, None
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise ValueError(
            f"{name} is a {type(pair).__name__}: give a tuple ({name} of the numerator, {name} of "
            "the denominator), with None where there is none"
        )
    return pair


def _with_slots(inputs: Inputs, n_slots: int) -> Inputs:
    features, mask = inputs
    n_more = n_slots - mask.shape[1]
    return (
        np.pad(features, ((0, 0), (0, n_more), (0, 0))),
        np.pad(mask, ((0, 0), (0, n_more))),
    )


def _require_two_rows(inputs: Inputs, name: str) -> None:
    n_rows = len(inputs[0])
    if n_rows < FEWEST_ROWS:
        raise ValueError(
            f"the {name} has {n_rows} row(s): a ratio needs at least {FEWEST_ROWS} in each sample, "
            "and hundreds to be of use; was the selection empty?"
        )


def _require_no_constant(real: np.ndarray) -> None:
    if not len(real):
        raise ValueError("no row has a particle: is the mask True where a particle is?")
    constant = np.flatnonzero(np.ptp(real, axis=0) == 0).tolist()
    if constant:
        raise ValueError(
            f"feature(s) {constant} are the same in all rows of both samples: they say nothing "
            "about the ratio; remove them"
        )
