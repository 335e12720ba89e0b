"""Changes of variables one after the other, and changes of some of the columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from hepml_lite.densities.change_of_variables.base import ChangeOfVariables, OutOfRange


@dataclass
class Chain(ChangeOfVariables):
    """Changes one after the other; their log Jacobians add up."""

    changes: tuple[ChangeOfVariables, ...]

    def fit(self, x: Tensor) -> Self:
        """Fit each change to what the changes before it make of the rows."""
        for change in self.changes:
            x, _ = change.fit(x).forward(x)
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z (N, D') and the sum of the log Jacobians (N,)."""
        total = x.new_zeros(len(x))
        for change in self.changes:
            x, log_jacobian = change.forward(x)
            total = total + log_jacobian
        return x, total

    def inverse(self, z: Tensor) -> Tensor:
        """x (N, D): the last change is undone first."""
        for change in reversed(self.changes):
            z = change.inverse(z)
        return z

    def n_columns(self, n_features: int) -> int:
        """What is left after the last change."""
        for change in self.changes:
            n_features = change.n_columns(n_features)
        return n_features

    @property
    def keeps_density(self) -> bool:
        """Whether all changes do."""
        return all(change.keeps_density for change in self.changes)


@dataclass
class On(ChangeOfVariables):
    """A change of some columns; the others stay as they are.

    The changed columns stand where they stood. If the change makes more of them, the additional
    ones come last; if it makes fewer, the columns after a missing one move up.

    Attributes:
        columns: numbers of the columns, from 0.
        change: of these columns, in this order.
    """

    columns: tuple[int, ...]
    change: ChangeOfVariables

    def fit(self, x: Tensor) -> Self:
        """Fit the change to its columns.

        Raises:
            ValueError: columns that do not exist, or twice the same.
        """
        allowed = set(range(x.shape[1]))
        if not self.columns or set(self.columns) - allowed or len(set(self.columns)) < self._n_x:
            raise ValueError(
                f"columns are {list(self.columns)} of rows with {x.shape[1]} features: give "
                f"different numbers from 0 to {x.shape[1] - 1}"
            )
        self.change.fit(x[:, list(self.columns)])
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z (N, D') and the log Jacobian of the changed columns (N,)."""
        others = self._others(x.shape[1])
        try:
            changed, log_jacobian = self.change.forward(x[:, list(self.columns)])
        except OutOfRange as error:
            feature = self.columns[error.feature]
            raise OutOfRange(error.row, feature, error.reason) from None
        together = torch.cat([x[:, others], changed], 1)
        return together[:, self._order(x.shape[1])], log_jacobian

    def inverse(self, z: Tensor) -> Tensor:
        """X (N, D)."""
        n_features = z.shape[1] - self._n_z + self._n_x
        others = self._others(n_features)
        together = z[:, _inverted(self._order(n_features))]
        back = self.change.inverse(together[:, len(others) :])
        x = torch.cat([together[:, : len(others)], back], 1)
        return x[:, _inverted([*others, *self.columns])]

    def n_columns(self, n_features: int) -> int:
        """As many more or fewer as the change makes."""
        return n_features - self._n_x + self._n_z

    @property
    def keeps_density(self) -> bool:
        """Whether the change does."""
        return self.change.keeps_density

    @property
    def _n_x(self) -> int:
        return len(self.columns)

    @property
    def _n_z(self) -> int:
        return self.change.n_columns(self._n_x)

    def _others(self, n_features: int) -> list[int]:
        return [column for column in range(n_features) if column not in self.columns]

    def _order(self, n_features: int) -> list[int]:
        """Which of (other columns, then changed ones) stands in each column of z."""
        additional = range(n_features, n_features + self._n_z - self._n_x)
        places = [*self._others(n_features), *self.columns[: self._n_z], *additional]
        return sorted(range(len(places)), key=places.__getitem__)


def chain(*changes: ChangeOfVariables) -> Chain:
    """Changes one after the other, the first one first."""
    return Chain(changes)


def on(columns: Sequence[int], change: ChangeOfVariables) -> On:
    """A change of these columns alone, numbered from 0."""
    return On(tuple(int(column) for column in columns), change)


def _inverted(order: list[int]) -> list[int]:
    """The order that undoes `order`."""
    return sorted(range(len(order)), key=order.__getitem__)
