"""Formulas as trees: what operators compute, derivatives by the constants, simplification.

A tree is a float (a constant), a str (the name of a variable) or a tuple of an operator's name and
its arguments: ("add", 0.5, ("log", "m")) is 0.5 + log(m).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

Tree = float | str | tuple
Columns = Mapping[str, np.ndarray]  # variables by name, (N,) each
FLOOR = 1e-6  # arguments of a logarithm and sizes of a denominator are at least this


def _denominator(b):
    return np.copysign(np.maximum(np.abs(b), FLOOR), b)


def _one_sign(b) -> bool:
    return np.min(b) >= 0 or np.max(b) <= 0


@dataclass(frozen=True)
class Operator:
    """What an operator computes, its derivatives, where it is defined and how it is written.

    Attributes:
        function: of the argument arrays; finite for all finite arguments of sensible size.
        slopes: derivatives by each argument, given the arguments.
        text, latex, code: templates with {0} and {1} for the arguments.
        domain: of the argument arrays; False where `function` is no longer what `text` says.
        binding: how tightly it holds together: 1 sums, 2 products, 3 powers, 4 own brackets.
    """

    function: Callable[..., np.ndarray]
    slopes: Callable[..., tuple]
    text: str
    latex: str
    code: str
    domain: Callable[..., bool] | None = None
    binding: int = 4

    @property
    def arity(self) -> int:
        """Number of arguments."""
        return 1 + ("{1}" in self.text)


_FLOORED = f"fmax({{0}}, {FLOOR})"
_DIVISION = f"{{0}}/copysign(fmax(fabs({{1}}), {FLOOR}), {{1}})"
OPERATORS: dict[str, Operator] = {
    "add": Operator(
        np.add, lambda a, b: (1.0, 1.0), "{0} + {1}", "{0} + {1}", "{0} + {1}", binding=1
    ),
    "sub": Operator(
        np.subtract, lambda a, b: (1.0, -1.0), "{0} - {1}", "{0} - {1}", "{0} - {1}", binding=1
    ),
    "mul": Operator(
        np.multiply, lambda a, b: (b, a), "{0}*{1}", r"{0} \, {1}", "{0}*{1}", binding=2
    ),
    "div": Operator(
        lambda a, b: a / _denominator(b),
        lambda a, b: (1 / _denominator(b), -a / _denominator(b) ** 2),
        "{0}/{1}", r"\frac{{{0}}}{{{1}}}", _DIVISION, lambda a, b: _one_sign(b), 2,
    ),
    "square": Operator(
        np.square, lambda a: (2 * a,), "{0}**2", "{{{0}}}^2", "pow({0}, 2.0)", binding=3
    ),
    "sqrt": Operator(
        lambda a: np.sqrt(np.maximum(a, 0)),
        lambda a: (0.5 / np.sqrt(np.maximum(a, FLOOR)),),
        "sqrt({0})", r"\sqrt{{{0}}}", "sqrt(fmax({0}, 0.0))", lambda a: np.min(a) >= 0,
    ),
    "log": Operator(
        lambda a: np.log(np.maximum(a, FLOOR)),
        lambda a: (1 / np.maximum(a, FLOOR),),
        "log({0})", r"\ln\left({0}\right)", f"log({_FLOORED})", lambda a: np.min(a) >= 0,
    ),
    "exp": Operator(
        lambda a: np.exp(np.minimum(a, 50)),
        lambda a: (np.exp(np.minimum(a, 50)),),
        "exp({0})", r"\exp\left({0}\right)", "exp(fmin({0}, 50.0))", lambda a: np.max(a) <= 50,
    ),
    "abs": Operator(
        np.abs, lambda a: (np.sign(a),), "abs({0})", r"\left|{0}\right|", "fabs({0})"
    ),
    "tanh": Operator(
        np.tanh, lambda a: (1 - np.tanh(a) ** 2,), "tanh({0})", r"\tanh\left({0}\right)",
        "tanh({0})",
    ),
    "max": Operator(
        np.maximum, lambda a, b: (a >= b, b > a), "max({0}, {1})",
        r"\max\left({0}, {1}\right)", "fmax({0}, {1})",
    ),
    "min": Operator(
        np.minimum, lambda a, b: (a <= b, b < a), "min({0}, {1})",
        r"\min\left({0}, {1}\right)", "fmin({0}, {1})",
    ),
}  # fmt: skip


def size(tree: Tree) -> int:
    """Complexity: the number of operators, constants and variables, as PySR counts by default."""
    return 1 + sum(map(size, tree[1:])) if isinstance(tree, tuple) else 1


def subtrees(tree: Tree) -> Iterator[Tree]:
    """The tree and all trees in it, in the order in which `replace` counts them."""
    yield tree
    if isinstance(tree, tuple):
        for argument in tree[1:]:
            yield from subtrees(argument)


def replace(tree: Tree, i: int, new: Tree) -> Tree:
    """The tree with `new` in place of its i-th subtree."""
    if i == 0 or not isinstance(tree, tuple):
        return new
    i = i - 1
    arguments = []
    for argument in tree[1:]:
        n = size(argument)
        arguments.append(replace(argument, i, new) if 0 <= i < n else argument)
        i -= n
    return (tree[0], *arguments)


def constants(tree: Tree) -> list[float]:
    """The constants from left to right."""
    return [t for t in subtrees(tree) if isinstance(t, float)]


def with_constants(tree: Tree, values: Iterator[float]) -> Tree:
    """The tree with its constants replaced, from left to right, by the next of `values`."""
    if isinstance(tree, tuple):
        return (tree[0], *(with_constants(argument, values) for argument in tree[1:]))
    return float(next(values)) if isinstance(tree, float) else tree


def evaluate(tree: Tree, columns: Columns) -> np.ndarray | float:
    """Values of the tree for these variables: (N,), or a float if it has no variable."""
    if isinstance(tree, tuple):
        return OPERATORS[tree[0]].function(*(evaluate(t, columns) for t in tree[1:]))
    return tree if isinstance(tree, float) else columns[tree]


def derivatives(tree: Tree, columns: Columns) -> tuple[np.ndarray | float, list]:
    """Values (N,) and their derivatives by each constant, by the chain rule; NaN out of domain."""
    if not isinstance(tree, tuple):
        return (tree, [1.0]) if isinstance(tree, float) else (columns[tree], [])
    operator = OPERATORS[tree[0]]
    parts = [derivatives(argument, columns) for argument in tree[1:]]
    values = [value for value, _ in parts]
    if operator.domain and not operator.domain(*values):
        return np.nan, [np.nan] * len(constants(tree))
    inner = [inner for _, inner in parts]
    slopes = operator.slopes(*values) if any(inner) else ()
    outer = [s * d for s, ds in zip(slopes, inner, strict=False) for d in ds]
    return operator.function(*values), outer


def simplify(tree: Tree) -> Tree:
    """The same function with constants gathered: never longer, equal up to rounding."""
    if not isinstance(tree, tuple):
        return tree
    name, *arguments = tree[0], *map(simplify, tree[1:])
    if all(isinstance(t, float) for t in arguments):
        return float(OPERATORS[name].function(*arguments))
    first, last = arguments[0], arguments[-1]
    if name == "sub" and first == last:
        return 0.0
    if name == "sub" and isinstance(last, float):
        return simplify(("add", -last, first))
    if name == "div" and isinstance(last, float):
        return simplify(("mul", float(OPERATORS["div"].function(1.0, last)), first))
    if name in ("add", "mul"):
        return _gathered(name, first, last)
    if name == "abs" and isinstance(first, tuple) and first[0] in ("abs", "square", "sqrt", "exp"):
        return first
    return (name, *arguments)


def _gathered(name: str, first: Tree, last: Tree) -> Tree:
    """A sum or product with the constants of its two arguments as one, in front."""
    neutral = float(name == "mul")
    pairs = [_constant_and_rest(name, t, neutral) for t in (first, last)]
    constant = float(OPERATORS[name].function(pairs[0][0], pairs[1][0]))
    rest = [t for _, t in pairs if t is not None]
    body = (name, *rest) if len(rest) == 2 else rest[0]
    if name == "mul" and constant == 0:
        return 0.0
    return body if constant == neutral else (name, constant, body)


def _constant_and_rest(name: str, tree: Tree, neutral: float) -> tuple[float, Tree | None]:
    if isinstance(tree, float):
        return tree, None
    if isinstance(tree, tuple) and tree[0] == name and isinstance(tree[1], float):
        return tree[1], tree[2]
    return neutral, tree


def scaled(tree: Tree, factor: float) -> Tree:
    """factor times the tree, with the factor drawn into constants that are there already."""
    if isinstance(tree, tuple) and tree[0] in ("add", "sub"):
        inside = (tree[0], *(scaled(t, factor) for t in tree[1:]))
        if size(inside) <= size(tree) + 2:
            return inside
    if isinstance(tree, tuple) and tree[0] == "div":
        inside = ("div", scaled(tree[1], factor), tree[2])
        if size(inside) == size(tree):
            return inside
    return simplify(("mul", factor, tree))
