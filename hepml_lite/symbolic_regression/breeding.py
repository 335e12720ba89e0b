"""Random trees, and children of trees by crossover and mutation (J. Koza, MIT Press 1992)."""

from collections.abc import Callable, Sequence

import numpy as np

from hepml_lite.symbolic_regression.expressions import OPERATORS, Tree, replace, subtrees


class Breeder:
    """Random trees, and children of trees by crossover and mutation."""

    def __init__(self, names: Sequence[str], operators: Sequence[str], rng: np.random.Generator):
        self.names, self.operators, self.rng = names, operators, rng
        self.changes = (self._point, self._insert, self._hoist, self._graft)

    def leaf(self) -> Tree:
        """A variable, one with a factor, or seldom a constant."""
        kind = self.rng.random()
        name = self.names[int(self.rng.integers(len(self.names)))]
        if kind < 0.15:
            return float(self.rng.normal())
        return ("mul", float(self.rng.normal(1, 0.5)), name) if kind < 0.4 else name

    def tree(self, depth: int = 2) -> Tree:
        """A random tree of at most this depth."""
        if depth == 0 or self.rng.random() < 0.2:
            return self.leaf()
        return self._above(self.tree(depth - 1), lambda: self.tree(depth - 1))

    def child(self, one: Tree, other: Tree) -> Tree:
        """One of the changes to the first parent; a graft is a part of the second."""
        return self.changes[self.rng.integers(len(self.changes))](one, other)

    def _above(self, tree: Tree, partner: Callable[[], Tree]) -> Tree:
        name = self.operators[int(self.rng.integers(len(self.operators)))]
        if OPERATORS[name].arity == 1:
            return (name, tree)
        arguments = (tree, partner()) if self.rng.random() < 0.5 else (partner(), tree)
        return (name, *arguments)

    def _any(self, tree: Tree) -> tuple[int, Tree]:
        parts = list(subtrees(tree))
        i = int(self.rng.integers(len(parts)))
        return i, parts[i]

    def _graft(self, one: Tree, other: Tree) -> Tree:
        return replace(one, self._any(one)[0], self._any(other)[1])

    def _insert(self, one: Tree, _: Tree) -> Tree:
        i, part = self._any(one)
        return replace(one, i, self._above(part, self.leaf))

    def _hoist(self, one: Tree, _: Tree) -> Tree:
        i, part = self._any(one)
        smaller = part[self.rng.integers(1, len(part))] if isinstance(part, tuple) else self.leaf()
        return replace(one, i, smaller)

    def _point(self, one: Tree, _: Tree) -> Tree:
        i, part = self._any(one)
        if isinstance(part, str):
            return replace(one, i, self.leaf())
        if isinstance(part, float):
            return replace(one, i, float(part * self.rng.normal(1, 0.5) + self.rng.normal(0, 0.2)))
        same = [n for n in self.operators if OPERATORS[n].arity == len(part) - 1]
        arguments = part[1:] if self.rng.random() < 0.5 else part[:0:-1]  # a/b may become b/a
        return replace(one, i, (same[self.rng.integers(len(same))], *arguments))
