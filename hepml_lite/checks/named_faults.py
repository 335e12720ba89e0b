"""What the two challenges share in which a student names the fault of hidden cases."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from hepml_lite.checks import Wrong


class Case(Protocol):
    """A hidden case with its fault."""

    @property
    def fault(self) -> str:
        """The right name."""
        ...


class Ladder(NamedTuple):
    """The shares of right names that a medal needs."""

    bronze: float
    silver: float
    gold: float

    def medal(self, share: float) -> str:
        """Of a share that is at least bronze."""
        if share < self.silver:
            return "bronze"
        return "gold" if share >= self.gold else "silver"

    def __str__(self) -> str:
        return (
            f"bronze from {100 * self.bronze:.0f} %, silver from {100 * self.silver:.0f} %, gold "
            f"from {100 * self.gold:.0f} %"
        )


def accuracy(found: Sequence[str], given: Sequence[Case]) -> float:
    """The share of the cases whose fault is named."""
    return float(np.mean([name == case.fault for name, case in zip(found, given, strict=True)]))


def checked_name(found: object, faults: Sequence[str], one_for: str) -> str:
    """The fault that an answer names for one case.

    Args:
        found: what the answer returned.
        faults: the names there are.
        one_for: what one name is for, and what it is not for.

    Raises:
        Wrong: it is no name of a fault.
    """
    if isinstance(found, np.ndarray) and found.ndim == 0:
        found = found.item()
    names = ", ".join(faults)
    if isinstance(found, dict):
        raise Wrong("return the name of the fault, and not the table of what you measured")
    if isinstance(found, list | tuple | set | np.ndarray):
        raise Wrong(f"return one name for {one_for}")
    if isinstance(found, bool | np.bool_):
        raise Wrong(f"return the name of the fault, one of {names}, not yes or no")
    if isinstance(found, int | float | np.number):
        raise Wrong(f"{found} is a number: return one of the names {names}")
    if str(found) not in faults:
        raise Wrong(f"{str(found)!r} is no fault of this list: {names}")
    return str(found)


def most_often(
    found: Sequence[str], given: Sequence[Case], faults: Sequence[str]
) -> dict[str, str]:
    """For each fault the name that is said of it most often."""
    said: dict[str, list[str]] = {fault: [] for fault in faults}
    for name, case in zip(found, given, strict=True):
        said[case.fault].append(name)
    return {fault: max(sorted(set(names)), key=names.count) for fault, names in said.items()}
