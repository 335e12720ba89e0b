"""Sets, graphs and images in whole numbers: one small layer, used many times.

A dense layer treats each input by weights of its own. In a set, a graph or an image the same layer
looks at many groups of numbers: at each particle, at each pair of particles, at each patch of
pixels. So a network here is a list of steps. A step is a layer and the groups that it looks at, as
places in the list of all numbers so far: the inputs first, then what each step has added.

A sum over a set is such a layer, too: all its weights are 1 (`adding`). With these two pieces one
can write Deep Sets (Zaheer et al., arXiv:1703.06114; for jets Komiske, Metodiev, Thaler,
arXiv:1810.05165), interaction networks (Battaglia et al., arXiv:1612.00222; in firmware Que et al.,
arXiv:2209.14065) and convolutions (LeCun et al., Neural Computation 1 (1989) 541).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.trigger.emulation.integer_network import IntegerLayer, checked_codes
from hepml_lite.trigger.fixed_point import FixedPoint

ONE = FixedPoint(2, 2)  # the type of the weight 1


@dataclass(frozen=True)
class SharedStep:
    """A layer that looks at several groups of numbers.

    Attributes:
        layer: of n_in inputs and n_out outputs.
        groups: (G, n_in) int, places in the list of all numbers before this step.

    Raises:
        ValueError: for groups of another shape.
    """

    layer: IntegerLayer
    groups: np.ndarray

    def __post_init__(self) -> None:
        groups = np.asarray(self.groups)
        n_in = len(self.layer.weight)
        if groups.ndim != 2 or groups.shape[1] != n_in or groups.dtype.kind not in "iu":
            raise ValueError(
                f"groups {groups.shape} of {groups.dtype} for a layer of {n_in} inputs: give whole "
                f"numbers (G, {n_in})"
            )
        self.__dict__["groups"] = groups.astype(np.int64)

    @property
    def n_out(self) -> int:
        """Numbers that this step adds: those of all groups."""
        return len(self.groups) * self.layer.weight.shape[1]

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Codes (N, n) of all numbers so far -> codes (N, n_out) of the new ones."""
        of_groups = codes[:, self.groups].reshape(-1, self.groups.shape[1])
        return self.layer(of_groups).reshape(len(codes), self.n_out)


@dataclass(frozen=True)
class SharedNetwork:
    """Steps one after the other; the numbers of the last one are the result.

    Attributes:
        n_in: number of inputs.
        steps: at least one.

    Raises:
        ValueError: without a step, or for a step that reads numbers that are not there yet, or of
            another type than its layer takes.
    """

    n_in: int
    steps: tuple[SharedStep, ...]

    def __post_init__(self) -> None:
        self.__dict__["n_in"] = checked_count("n_in", self.n_in)
        if not self.steps:
            raise ValueError("a network needs at least one step")
        types = [self.input_type] * self.n_in
        for number, step in enumerate(self.steps):
            self._require_inputs(number, step, types)
            types += [step.layer.output_type] * step.n_out

    def _require_inputs(self, number: int, step: SharedStep, types: list[FixedPoint]) -> None:
        low, high = int(step.groups.min()), int(step.groups.max())
        if low < 0 or high >= len(types):
            raise ValueError(
                f"step {number} reads the places {low} to {high}; there are 0 to {len(types) - 1}"
            )
        read = {types[place] for place in np.unique(step.groups)}
        if read != {step.layer.input_type}:
            raise ValueError(
                f"step {number} takes {step.layer.input_type} and reads "
                f"{', '.join(map(str, read))}: they must be the same"
            )

    @property
    def input_type(self) -> FixedPoint:
        """What comes in: the type that the first step reads."""
        return self.steps[0].layer.input_type

    @property
    def output_type(self) -> FixedPoint:
        """What goes out."""
        return self.steps[-1].layer.output_type

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return self.steps[-1].n_out

    def codes(self, codes: ArrayLike) -> np.ndarray:
        """(N, n_in) codes of the input -> (N, n_out) codes of the output.

        Raises:
            ValueError: another shape, or numbers that are no codes of the input.
        """
        numbers = checked_codes(codes, self.n_in, self.input_type)
        for step in self.steps:
            numbers = np.concatenate([numbers, step(numbers)], axis=1)
        return numbers[:, -self.n_out :]

    def __call__(self, x: ArrayLike) -> np.ndarray:
        """(N, n_in) numbers -> (N, n_out) numbers, both rounded to their types."""
        return self.codes(self.input_type.codes(x)) * self.output_type.step


def adding(n: int, input_type: FixedPoint, output_type: FixedPoint) -> IntegerLayer:
    """A layer that adds n numbers: all weights are 1, the bias is 0.

    The accumulator has room for the largest sum; the result is rounded to the output type.
    """
    more = checked_count("n", n).bit_length() + 1
    accumulator = FixedPoint(
        input_type.width + more + ONE.integer, input_type.integer + more + ONE.integer
    )
    return IntegerLayer(
        np.ones((n, 1)), np.zeros(1), input_type, output_type, accumulator, ONE, ONE, relu=False
    )


def of_each(n_groups: int, size: int, first: int = 0) -> np.ndarray:
    """Groups (n_groups, size) of neighbouring numbers, such as the features of each particle."""
    return first + np.arange(n_groups * size).reshape(n_groups, size)


def over_the_set(n_groups: int, size: int, first: int = 0) -> np.ndarray:
    """Groups (size, n_groups): each number together with those of all other particles."""
    return of_each(n_groups, size, first).T


def of_pairs(n: int, size: int, first: int = 0) -> np.ndarray:
    """Groups (n (n - 1), 2 size): the numbers of a particle, then those of another one.

    Pairs are sorted by the first particle, which receives: pair 0 is (0, 1), then (0, 2), ...
    """
    each = of_each(n, size, first)
    receiver, sender = np.nonzero(~np.eye(n, dtype=bool))
    return np.concatenate([each[receiver], each[sender]], axis=1)


def of_patches(
    shape: Sequence[int], side: int, channels: int = 1, first: int = 0
) -> tuple[np.ndarray, tuple[int, int]]:
    """Groups of the pixels of patches side x side that do not overlap, and how many there are.

    Args:
        shape: rows and columns of the image; a rest that fills no patch is left out.
        side: of a patch.
        channels: numbers a pixel, which lie side by side.
        first: place of the first pixel.
    """
    rows, columns = (int(length) for length in shape)
    n_rows, n_columns = rows // side, columns // side
    pixel = first + np.arange(rows * columns * channels).reshape(rows, columns, channels)
    kept = pixel[: n_rows * side, : n_columns * side]
    blocks = kept.reshape(n_rows, side, n_columns, side, channels).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(n_rows * n_columns, -1), (n_rows, n_columns)
