"""Rows, the base of all containers: arrays with one row per event, class names, a data card."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np

from hepml_lite.containers.validation import (
    checked_rng,
    integers,
    own,
    plain_array,
    read_only,
    require_names,
    require_shape,
    require_weights,
    texts,
)


def not_given() -> Any:
    """None, the default of an array that `__post_init__` then fills in."""
    return None


def effective_number(weight: np.ndarray) -> float:
    """(sum w)^2 / sum w^2 of weights (N,) that are not negative; 0 if no weight is positive."""
    squares = (weight**2).sum()
    return float(weight.sum() ** 2 / squares) if squares > 0 else 0.0


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Rows:
    """Base of the containers; a subclass lists its arrays of N rows in `ARRAYS`.

    The arrays are read-only copies of the given arrays.

    Attributes:
        label: (N,) int, index into `names`. Default: all 0.
        weight: (N,) float64, how much each row counts, or None if all count alike.
        names: one name a class.
        card: the data card: origin, cuts, generator version, seed, citation.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("label",)

    label: np.ndarray = field(default_factory=not_given)
    weight: np.ndarray | None = None
    names: tuple[str, ...] = ("all",)
    card: Mapping[str, Any] = field(default_factory=dict)

    def _settle(self, **arrays: np.ndarray) -> None:
        """Store the arrays and the label read-only, after a check that all have as many rows."""
        first, *_ = arrays
        n = len(arrays[first])
        label = np.zeros(n, np.int64) if self.label is None else self.label
        label = integers("label", label, np.int64)
        for name, array in (*arrays.items(), ("label", label)):
            shape = (n,) if name == "label" else (n, *array.shape[1:])
            require_shape(name, array, shape, each=f"row of {first}")
        names = texts("names", self.names)
        require_names(label, names)
        for name, array in arrays.items():
            self.__dict__[name] = own(array, array.dtype)
        self.__dict__.update(label=label, names=names)
        if self.weight is not None:
            weight = own(plain_array("weight", self.weight), np.float64)
            require_weights(weight, n)
            self.__dict__["weight"] = weight

    def __len__(self) -> int:
        return len(self.label)

    def __repr__(self) -> str:
        content = ", ".join(self._counted(number) for number in range(len(self.names)))
        return f"{type(self).__name__}({content})"

    def _counted(self, number: int) -> str:
        """Number and name of the rows of one class; with weights also the effective number."""
        of_class = self.label == number
        text = f"{of_class.sum()} {self.names[number]}"
        if self.weight is None:
            return text
        return f"{text} (effective number {effective_number(self.weight[of_class]):.4g})"

    def __getitem__(self, index: int | slice | Sequence | np.ndarray) -> Self:
        """Rows chosen by an integer, a slice, a list of positions or a boolean mask (N,)."""
        if isinstance(index, (int, np.integer)):
            if not -len(self) <= index < len(self):
                raise IndexError(f"row {index} of a sample of {len(self)}")
            index = [index]
        chosen: dict[str, Any] = {}
        try:
            for key, array in self.arrays().items():
                chosen[key] = read_only(array[index])
        except (IndexError, TypeError, ValueError) as error:
            raise IndexError(
                f"{index!r:.60} selects no rows of {len(self)} ({error}): give an integer, a "
                "slice, a list of positions or a boolean mask (N,)"
            ) from None
        return replace(self, **chosen)

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays with one entry per row, by the name of their attribute."""
        every = {key: getattr(self, key) for key in (*self.ARRAYS, "weight")}
        return {key: array for key, array in every.items() if array is not None}

    @property
    def effective_number(self) -> float:
        """Number of rows of equal weight with the same relative error: (sum w)^2 / sum w^2."""
        return float(len(self)) if self.weight is None else effective_number(self.weight)

    def of_class(self, name: str) -> Self:
        """The rows of the class with this name."""
        if not isinstance(name, str) or name not in self.names:
            raise ValueError(f"no class {name!r} in this sample; choose one of {self.names}")
        return self[self.label == self.names.index(name)]

    def split(
        self, *fractions: float, rng: int | np.random.Generator | None = 0
    ) -> tuple[Self, ...]:
        """Disjoint parts with these fractions of the rows, in random order.

        Args:
            fractions: of all rows, one for each part.
            rng: generator or seed of the order; None keeps the order of the rows.

        Raises:
            ValueError: if a fraction is not positive, their sum exceeds one, or `rng` is neither a
                generator nor a seed.
        """
        are_shares = all(isinstance(f, Real) and 0 < f <= 1 + 1e-9 for f in fractions)
        if not fractions or not are_shares or sum(fractions) > 1 + 1e-9:
            raise ValueError(f"fractions {fractions}: each must be positive, their sum at most 1")
        order = np.arange(len(self))
        if rng is not None:
            order = checked_rng(rng).permutation(order)
        edges = np.round(np.cumsum((0, *fractions)) * len(self)).astype(int)
        return tuple(self[order[a:b]] for a, b in itertools.pairwise(edges))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join samples of the same classes and arrays into one; keeps the first card.

        Raises:
            TypeError: if the parts are not samples of this kind.
            ValueError: if the classes or the arrays differ.
        """
        cls._require_parts(parts)
        if len({(part.names, *part.arrays()) for part in parts}) != 1:
            raise ValueError(
                f"cannot join {len(parts)} samples: they need the same classes and arrays, but "
                f"have {[(part.names, *part.arrays()) for part in parts]}"
            )
        joined: dict[str, Any] = {}
        for key in parts[0].arrays():
            joined[key] = read_only(np.concatenate([part.arrays()[key] for part in parts]))
        return replace(parts[0], **joined)

    @classmethod
    def _require_parts(cls, parts: Sequence[Self]) -> None:
        """Raise TypeError unless these are samples of this kind, at least one."""
        are_samples = isinstance(parts, Sequence) and all(isinstance(part, cls) for part in parts)
        if not are_samples or not parts:
            raise TypeError(
                f"parts is {parts!r:.60}: give a list of {cls.__name__}, [first, second]"
            )
