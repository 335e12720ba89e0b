"""Evolve formulas, fit their constants and keep the best of every complexity."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from hepml_lite.symbolic_regression.breeding import Breeder
from hepml_lite.symbolic_regression.constant_fit import LOSSES, Loss, fit_constants
from hepml_lite.symbolic_regression.expressions import (
    OPERATORS,
    Columns,
    Tree,
    constants,
    evaluate,
    scaled,
    simplify,
    size,
    with_constants,
)
from hepml_lite.symbolic_regression.formula import Formula, Front

DEFAULT_OPERATORS = ("add", "sub", "mul", "div", "square", "sqrt", "log", "abs")
TOURNAMENT = 4  # of so many drawn formulas the best becomes a parent
FINAL_STEPS = 20
TRIES = 4  # how often a form is fitted again from other constants


class _Population:
    """The formulas alive: of each complexity the few with the least loss, so that short ones stay.

    Attributes:
        alive: (loss, tree) by complexity, best first.
    """

    def __init__(self, columns: Columns, y: np.ndarray, loss: Loss, sizes: tuple[int, int]):
        self.columns, self.y, self.loss, (self.longest, self.kept) = columns, y, loss, sizes
        self.alive: dict[int, list[tuple[float, Tree]]] = {}
        self._tried: Counter[Tree] = Counter()
        self._shortest: dict[str, int] = {}  # complexity by loss

    def consider(self, tree: Tree) -> None:
        """Fit the constants of a tree and let it in if it is among the best of its complexity."""
        tree = _without_scale(simplify(tree))
        if isinstance(tree, float) or size(tree) > self.longest:
            return
        form = with_constants(tree, iter([1.0] * len(constants(tree))))
        self._tried[form] += 1
        if self._tried[form] > TRIES:
            return
        a, tree, b, loss = fit_constants(tree, self.columns, self.y, self.loss)
        complexity = size(_assembled(a, tree, b))
        if not np.isfinite(loss) or complexity > self.longest:
            return
        function = f"{loss:.7g}"  # as good as another to so many digits is the same function
        if complexity < self._shortest.get(function, complexity + 1):
            self._shortest[function] = complexity
            others = self.alive.setdefault(complexity, [])
            others.append((loss, tree))
            others.sort(key=lambda entry: entry[0])
            del others[self.kept :]

    def everyone(self) -> list[tuple[float, Tree]]:
        """All formulas alive as (loss, tree)."""
        return [entry for complexity in sorted(self.alive) for entry in self.alive[complexity]]

    def breed(self, breeder: Breeder, n: int) -> None:
        """Consider n children of parents that win tournaments."""
        everyone, rng = self.everyone(), breeder.rng

        def parent() -> Tree:
            # Half of them from one complexity, any one: else most parents would be long.
            groups = list(self.alive.values())
            rivals = groups[rng.integers(len(groups))] if rng.random() < 0.5 else everyone
            drawn = rng.integers(len(rivals), size=TOURNAMENT)
            return min((rivals[i] for i in drawn), key=lambda entry: entry[0])[1]

        for child in [breeder.child(parent(), parent()) for _ in range(n)]:
            self.consider(child)


def _without_scale(tree: Tree) -> Tree:
    """The tree without outer constants, which a + b tree fits anyway."""
    while isinstance(tree, tuple) and tree[0] in ("add", "mul") and isinstance(tree[1], float):
        tree = tree[2]
    return tree


def _assembled(a: float, tree: Tree, b: float) -> Tree:
    return simplify(("add", a, scaled(tree, b)))


def _rounded(tree: Tree, digits: int) -> Tree:
    return simplify(with_constants(tree, (float(f"{c:.{digits}g}") for c in constants(tree))))


def _finished(tree: Tree, columns: Columns, y: np.ndarray, loss: Loss) -> tuple[float, Tree]:
    """Loss and tree with its constants fitted to the end, then cut to as few digits as will do."""
    a, tree, b, _ = fit_constants(tree, columns, y, loss, FINAL_STEPS)
    a = 0.0 if abs(a) < 1e-9 * np.std(b * evaluate(tree, columns)) else a
    whole = _assembled(a, tree, b)
    bound = 1.0003 * loss.value(evaluate(whole, columns) + np.zeros(len(y)), y) + 1e-20
    for digits in range(2, 17):
        short = _rounded(whole, digits)
        value = loss.value(evaluate(short, columns) + np.zeros(len(y)), y)
        if value <= bound:
            return value, short
    return value, whole


def _pareto(entries: Sequence[tuple[float, Tree]]) -> list[tuple[float, Tree]]:
    """The entries (loss, tree) that are better, by 0.1 % at least, than all that are shorter."""
    front: list[tuple[float, Tree]] = []
    for loss, tree in sorted(entries, key=lambda entry: (size(entry[1]), entry[0])):
        if not front or loss < 0.999 * front[-1][0] - 1e-18:
            front.append((loss, tree))
    return front


def search(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    *,
    operators: Sequence[str] = DEFAULT_OPERATORS,
    generations: int = 40,
    population: int = 300,
    max_complexity: int = 20,
    restarts: int = 3,
    seed: int = 0,
    loss: str = "logistic",
    symbols: Mapping[str, str] | None = None,
    progress: bool = False,
) -> Front:
    """Formulas of the variables x for the target y, the best of each complexity.

    Every form f is fitted as a + b f, and a and b count. Constants start near 1: give variables in
    units in which they are of order 1. A formula dies that leaves the domain of an operator on the
    data, or divides by what changes its sign there.
    The same seed gives the same front.

    Args:
        x: (N, F) variables.
        y: (N,) target: for the logistic loss 0 and 1, or probabilities between (the formula gives
            log-odds); for the squared loss any number, e.g. the log-odds of a network.
        names: of the F variables, as a program would call them.
        operators: from `OPERATORS`.
        generations: how often `population` children are bred.
        population: random trees to begin with, and children in a generation.
        max_complexity: most operators, constants and variables together.
        restarts: how often to begin anew; the front is that of all. One alone may miss a form.
        seed: of the evolution.
        loss: "logistic" or "squared".
        symbols: LaTeX of variables by name.
        progress: show a bar.

    Raises:
        ValueError: wrong shapes, NaN, unknown operators, losses or names, sizes too small, or a
            target that the loss cannot take.
    """
    sizes = generations, population, max_complexity, restarts
    x, y, names = _checked(x, y, names, operators, loss, sizes)
    columns = dict(zip(names, np.ascontiguousarray(x.T), strict=True))
    room = max_complexity, max(3, population // max_complexity)
    best: list[tuple[float, Tree]] = []
    with np.errstate(all="ignore"), tqdm(total=restarts * generations, disable=not progress) as bar:
        for rng in np.random.default_rng(seed).spawn(restarts):
            breeder = Breeder(names, operators, rng)
            living = _Population(columns, y, LOSSES[loss], room)
            for tree in [*names, *(breeder.tree() for _ in range(population))]:
                living.consider(tree)
            for _ in range(generations):
                living.breed(breeder, population)
                bar.update()
            best += [entry for entries in living.alive.values() for entry in entries[:3]]
        finished = [_finished(tree, columns, y, LOSSES[loss]) for _, tree in best]
    return Front(tuple(Formula(t, names, v, symbols or {}) for v, t in _pareto(finished)))


def _checked(x, y, names, operators, loss, sizes) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    x, y, names = np.asarray(x, dtype=float), np.asarray(y, dtype=float), tuple(names)
    if x.ndim != 2 or y.shape != x.shape[:1] or len(names) != x.shape[1]:
        raise ValueError(
            f"x {x.shape}, y {y.shape} and {len(names)} names: give (N, F), (N,) and F names."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or np.ptp(y) == 0:
        raise ValueError("x or y is not finite, or y is constant: drop such rows, or vary y.")
    if len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise ValueError(f"names {names}: give different ones of letters, digits and _, as tau32.")
    unknown = [name for name in operators if name not in OPERATORS]
    if unknown or all(OPERATORS[name].arity == 1 for name in operators):
        raise ValueError(f"operators {operators}: choose of {list(OPERATORS)}, add or mul as well.")
    if loss not in LOSSES or (loss == "logistic" and not 0 <= y.min() <= y.max() <= 1):
        raise ValueError(
            f"loss={loss!r}, y from {y.min():g} to {y.max():g}: 'logistic' takes labels 0 and 1 or "
            "probabilities, 'squared' any y."
        )
    if any(given < least for given, least in zip(sizes, (0, 2, 5, 1), strict=True)):
        raise ValueError(
            f"generations, population, max_complexity, restarts = {sizes}: give ≥ 0, 2, 5 and 1."
        )
    return x, y, names
