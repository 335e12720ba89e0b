"""Formulas that can be read, called and copied into firmware, and the front of the best ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.symbolic_regression.expressions import OPERATORS, Tree, evaluate, size


@dataclass(frozen=True)
class Formula:
    """A function of named variables.

    Attributes:
        tree: see `hepml_lite.symbolic_regression.expressions`.
        names: of the columns that `__call__` expects.
        loss: mean loss on the data of the search.
        symbols: LaTeX of the variables by name; default: the name.
    """

    tree: Tree
    names: tuple[str, ...]
    loss: float
    symbols: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def complexity(self) -> int:
        """Number of operators, constants and variables."""
        return size(self.tree)

    @property
    def text(self) -> str:
        """The formula in Python's notation, without the limits in `code`."""
        return write(self.tree)

    @property
    def latex(self) -> str:
        """The formula in LaTeX, for use between dollar signs."""
        names = {name: rf"\mathrm{{{name}}}".replace("_", r"\_") for name in self.names}
        return write(self.tree, "latex", names | dict(self.symbols))

    @property
    def code(self) -> str:
        """A C expression of x[0] … x[F - 1]; NumPy has functions of the same names.

        It computes the same as `__call__`, with limits on arguments: x ≥ 1e-6 in log(x), x ≥ 0 in
        sqrt(x), x ≤ 50 in exp(x), |y| ≥ 1e-6 in x/y.
        """
        return write(self.tree, "code", {name: f"x[{i}]" for i, name in enumerate(self.names)})

    def __call__(self, x: ArrayLike) -> np.ndarray:
        """Values (N,) for x (N, F), columns in the order of `names`.

        Raises:
            ValueError: x has another number of columns.
        """
        x = np.asarray(x, dtype=float)
        if x.ndim != 2 or x.shape[1] != len(self.names):
            expected = f"(N, {len(self.names)}): a column each of {', '.join(self.names)}"
            raise ValueError(f"x has shape {x.shape}: give {expected}.")
        columns = dict(zip(self.names, x.T, strict=True))
        return np.broadcast_to(evaluate(self.tree, columns), len(x)).astype(float)

    def __str__(self) -> str:
        return f"{self.complexity:10d}  {self.loss:10.4g}  {self.text}"


@dataclass(frozen=True)
class Front:
    """Formulas in rising complexity and falling loss: no other one is both shorter and better."""

    formulas: tuple[Formula, ...]

    def __len__(self) -> int:
        return len(self.formulas)

    def __getitem__(self, i: int) -> Formula:
        return self.formulas[i]

    def __iter__(self) -> Iterator[Formula]:
        return iter(self.formulas)

    def at_most(self, complexity: int) -> Formula:
        """The best formula of this complexity or less.

        Raises:
            ValueError: all formulas are longer.
        """
        short = [formula for formula in self if formula.complexity <= complexity]
        if not short:
            raise ValueError(
                f"complexity {complexity}: the shortest formula has {self[0].complexity}; allow it."
            )
        return short[-1]

    def __str__(self) -> str:
        return "\n".join(["complexity        loss  formula", *map(str, self)])


def write(tree: Tree, style: str = "text", symbols: Mapping[str, str] | None = None) -> str:
    """The text of a tree in infix notation.

    Args:
        tree: the formula.
        style: "text" for Python's notation, "latex", or "code" for a C expression with all limits
            on arguments and all digits of the constants.
        symbols: text of the variables by name; default: the name.
    """
    return _written(tree, style, symbols or {})[0]


def _written(tree: Tree, style: str, symbols: Mapping[str, str]) -> tuple[str, int]:
    """The text and its binding: 1 for a sum, 2 for a product, 3 for a power, 4 for one term."""
    if isinstance(tree, float):
        return _number(tree, style), 4 if tree >= 0 else 2
    if isinstance(tree, str):
        return symbols.get(tree, tree), 4
    operator, arguments = OPERATORS[tree[0]], tree[1:]
    if tree[0] == "add" and isinstance(arguments[0], float):
        arguments = arguments[::-1]  # constants stand left in a product, right in a sum
    template = getattr(operator, style)
    parts = [_written(argument, style, symbols) for argument in arguments]
    if operator.binding == 4 or (style == "latex" and tree[0] == "div"):
        return template.format(*(text for text, _ in parts)), 4
    if tree[0] == "mul" and arguments[0] == -1.0:
        return "-" + _bracketed(parts[1], 2), 2
    if tree[0] == "square":
        return template.format(_bracketed(parts[0], 4)), 3
    left = _bracketed(parts[0], operator.binding)
    right = _bracketed(parts[1], operator.binding + (tree[0] in ("sub", "div")))
    if right.startswith("-") and operator.binding == 1:
        return f"{left} {'-' if tree[0] == 'add' else '+'} {right[1:]}", 1
    right = f"({right})" if right.startswith("-") else right
    return template.format(left, right), operator.binding


def _bracketed(written: tuple[str, int], binding: int) -> str:
    return written[0] if written[1] >= binding else f"({written[0]})"


def _number(value: float, style: str) -> str:
    if style == "code":
        return repr(value)
    text = f"{value:.12g}"
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if style == "latex" and exponent else text
