import numpy as np
import pytest
import sympy
from numpy import copysign, exp, fabs, fmax, fmin, log, sqrt, tanh

from hepml_lite.symbolic_regression import OPERATORS, Formula, search
from hepml_lite.symbolic_regression.breeding import Breeder
from hepml_lite.symbolic_regression.constant_fit import LOSSES, fit_constants
from hepml_lite.symbolic_regression.expressions import (
    constants,
    derivatives,
    evaluate,
    replace,
    simplify,
    size,
    subtrees,
    with_constants,
)

NAMES = ("x0", "x1", "x2")
QUICK = {"generations": 10, "population": 60, "max_complexity": 12, "restarts": 1}
C = dict(copysign=copysign, exp=exp, fabs=fabs, fmax=fmax, fmin=fmin, log=log, sqrt=sqrt, tanh=tanh)


def uniform(n=200, low=0.0, seed=1):
    return np.random.default_rng(seed).uniform(low, 2, (n, 3))


def random_trees(n, seed=0, depth=4):
    breeder = Breeder(NAMES, tuple(OPERATORS), np.random.default_rng(seed))
    return [breeder.tree(depth) for _ in range(n)]


def columns(x):
    return dict(zip(NAMES, x.T, strict=True))


def labelled(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    odds = 2 * x[:, 0] - 3 * np.abs(x[:, 1]) + 1
    return x, (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float)


@pytest.mark.parametrize(
    ("target", "operators", "restarts"),
    [
        (lambda x: x[:, 0] ** 2 + x[:, 1], ("add", "sub", "mul", "square"), 2),
        (lambda x: x[:, 0] * x[:, 1] / (1 + x[:, 2]), ("add", "mul", "div"), 8),
    ],
)
def test_known_formulas_are_found_again(target, operators, restarts):
    settings = dict(generations=12, population=200, max_complexity=14, restarts=restarts)
    x = uniform(100)
    best = search(x, target(x), NAMES, loss="squared", operators=operators, **settings)[-1]
    new = uniform(low=1, seed=2)
    np.testing.assert_allclose(best(new), target(new), rtol=1e-4)


def test_the_front_falls_and_its_losses_are_those_of_its_formulas():
    x, y = labelled()
    front = search(x, y, NAMES, **QUICK)
    complexity, loss = np.array([(f.complexity, f.loss) for f in front]).T
    assert len(front) > 1
    assert (np.diff(complexity) > 0).all()
    assert (np.diff(loss) < 0).all()
    assert complexity[-1] <= QUICK["max_complexity"]
    for formula in front:
        score = formula(x)
        assert formula.loss == pytest.approx(np.mean(np.logaddexp(0, score) - y * score))
    assert front.at_most(int(complexity[1])) == front[1]
    with pytest.raises(ValueError, match="shortest"):
        front.at_most(0)


def test_the_same_seed_gives_the_same_front():
    x, y = labelled()
    first, again = (search(x, y, NAMES, seed=1, **QUICK) for _ in range(2))
    assert first == again
    random = QUICK | {"generations": 0, "max_complexity": 20}
    assert search(x, y, NAMES, seed=1, **random) != search(x, y, NAMES, seed=2, **random)


def test_code_is_what_a_call_computes_to_the_last_protection():
    x = np.random.default_rng(0).normal(size=(60, 3))
    x[:5] = 0
    for tree in random_trees(400):
        formula = Formula(tree, NAMES, 0.0)
        with np.errstate(all="ignore"):
            code = eval(formula.code, {**C, "pow": np.power, "x": x.T})
            np.testing.assert_allclose(code + np.zeros(60), formula(x), rtol=1e-9, atol=1e-12)


def test_sympy_reads_the_text_as_the_same_function():
    x = uniform(40, 0.5)
    symbols = sympy.symbols(NAMES)
    known = {"abs": sympy.Abs, "max": sympy.Max, "min": sympy.Min}
    compared = 0
    for tree in random_trees(120, 3, 3):
        with np.errstate(all="ignore"):
            inside, _ = derivatives(tree, columns(x))
        if np.ndim(inside) and np.isfinite(inside).all():
            formula = Formula(tree, NAMES, 0.0)
            theirs = sympy.lambdify(
                symbols, sympy.sympify(formula.text, known, evaluate=False), "numpy"
            )
            np.testing.assert_allclose(theirs(*x.T) + np.zeros(40), formula(x), 1e-7, 1e-9)
            compared += 1
    assert compared > 40


def test_simplification_changes_no_value_and_lengthens_nothing():
    x = columns(np.random.default_rng(0).normal(size=(50, 3)))
    for tree in random_trees(400, 5):
        with np.errstate(all="ignore"):
            inside, _ = derivatives(tree, x)
        short = simplify(tree)
        assert size(short) <= size(tree)
        if np.isfinite(inside).all():
            np.testing.assert_allclose(evaluate(short, x), inside, rtol=1e-6, atol=1e-8)
    assert simplify(("sub", ("mul", 2.0, ("mul", "x0", 3.0)), -1.0)) == (
        "add", 1.0, ("mul", 6.0, "x0"),
    )  # fmt: skip


def test_derivatives_by_constants_are_differences():
    x, step = columns(uniform(30, 0.5)), 1e-6
    compared = 0
    for tree in random_trees(300, 7, 3):
        values = constants(tree)
        with np.errstate(all="ignore"):
            inside, slopes = derivatives(tree, x)
            if not np.isfinite(inside).all() or np.max(np.abs(inside)) > 100:
                continue
            for i, slope in enumerate(slopes):
                shift = step * np.eye(len(values))[i]
                ends = [
                    evaluate(with_constants(tree, iter(values + change)), x)
                    for change in (-shift, shift)
                ]
                expected = (ends[1] - ends[0]) / (2 * step)
                smooth = np.abs(expected) < 1e3  # kinks and floors have no derivative
                np.testing.assert_allclose(
                    (slope + np.zeros(30))[smooth], (expected + np.zeros(30))[smooth], 1e-2, 1e-3
                )
                compared += 1
    assert compared > 50


def test_constants_of_a_sum_are_those_of_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    x, y = labelled()
    a, tree, b, _ = fit_constants(
        ("add", "x0", ("mul", 1.0, "x1")), columns(x), y, LOSSES["logistic"], 30
    )
    theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(x[:, :2], y)
    assert a == pytest.approx(theirs.intercept_[0], rel=1e-3)
    assert (b, b * tree[2][1]) == pytest.approx(tuple(theirs.coef_[0]), rel=1e-3, abs=1e-3)


def test_subtrees_are_replaced_in_the_order_they_are_listed():
    tree = ("add", ("mul", 2.0, "x0"), ("log", "x1"))
    for i in range(size(tree)):
        assert list(subtrees(replace(tree, i, "new")))[i] == "new"
        assert replace(tree, i, list(subtrees(tree))[i]) == tree


def test_it_is_written_as_one_would_write_it():
    tree = ("add", -3.1, ("sub", ("mul", 0.31, "m"), ("mul", 4.2, ("div", "tau32", ("abs", "m")))))
    formula = Formula(tree, ("m", "tau32"), 0.5, {"tau32": r"\tau_{32}"})
    assert formula.text == "0.31*m - 4.2*tau32/abs(m) - 3.1"
    assert formula.latex == (
        r"0.31 \, \mathrm{m} - 4.2 \, \frac{\tau_{32}}{\left|\mathrm{m}\right|} - 3.1"
    )
    assert formula.complexity == 12
    with pytest.raises(ValueError, match="a column each of m, tau32"):
        formula(np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((5, 3))}, "give"),
        ({"x": np.full((400, 3), np.nan)}, "not finite"),
        ({"y": np.ones(400)}, "constant"),
        ({"y": np.linspace(0, 2, 400)}, "'logistic' takes"),
        ({"names": ("a", "b")}, "names"),
        ({"names": ("a", "b", "m/m_top")}, "letters"),
        ({"operators": ("add", "sinc")}, "choose from"),
        ({"operators": ("log",)}, "add or mul"),
        ({"loss": "hinge"}, "'squared'"),
        ({"max_complexity": 2}, "give ≥"),
    ],
)
def test_wrong_input_is_explained(change, message):
    x, y = labelled()
    with pytest.raises(ValueError, match=message):
        search(**({"x": x, "y": y, "names": NAMES} | QUICK | change))
