"""Taggers that are short formulas of observables, found by symbolic regression.

After H. F. Tsoi et al., "Symbolic Regression on FPGAs for Fast Machine Learning Inference",
arXiv:2305.04099, where formulas of a few observables tag jets in the trigger.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.observables.catalogue import observable_table
from hepml_lite.plotting import class_style
from hepml_lite.statistics.metrics import auc, bootstrap
from hepml_lite.symbolic_regression import Formula, Front, search


@dataclass(frozen=True)
class Variable:
    """An observable, divided by a unit so that it is of order 1.

    Attributes:
        observable: its name in `hepml_lite.jet_physics.observables.catalogue.OBSERVABLES`.
        unit: by which it is divided; for masses [GeV].
        symbol: LaTeX.
    """

    observable: str
    unit: float
    symbol: str


TOP_MASS = 172.5  # GeV
#: Variables of a formula, by their name in it.
VARIABLES: dict[str, Variable] = {
    "m": Variable("mass", TOP_MASS, r"\frac{m}{m_t}"),
    "tau32": Variable("tau32", 1.0, r"\tau_{32}"),
    "tau21": Variable("tau21", 1.0, r"\tau_{21}"),
    "n": Variable("multiplicity", 50.0, r"\frac{n}{50}"),
    "width": Variable("width", 1.0, r"\lambda_1"),
    "C2": Variable("c2", 1.0, "C_2"),
    "N2": Variable("n2", 1.0, "N_2"),
    "ptd": Variable("pt_dispersion", 1.0, "p_T^D"),
}
SYMBOLS = {name: variable.symbol for name, variable in VARIABLES.items()}


def formula_variables(jets: Jets, names: Iterable[str] = tuple(VARIABLES)) -> np.ndarray:
    """The named `VARIABLES` of jets, (N, F).

    Raises:
        ValueError: for a name that is not in `VARIABLES`.
    """
    names = list(names)
    unknown = [name for name in names if name not in VARIABLES]
    if unknown or not names:
        raise ValueError(f"variables {unknown or 'none'}: choose from {list(VARIABLES)}.")
    chosen = [VARIABLES[name] for name in names]
    table = observable_table(jets, [variable.observable for variable in chosen])
    columns = [table[variable.observable].to_numpy() / variable.unit for variable in chosen]
    return np.stack(columns, axis=1).astype(float)


def find_formula(
    jets: Jets,
    log_odds: ArrayLike | None = None,
    names: Iterable[str] = tuple(VARIABLES),
    **settings,
) -> Front:
    """Formulas for the log-odds that a jet is signal, the best of each complexity.

    Args:
        jets: of two classes.
        log_odds: (N,) of these jets from a trained tagger, which the formulas imitate
            (distillation, squared loss). None: they learn from the labels (logistic loss).
        names: of `VARIABLES`.
        **settings: of `hepml_lite.symbolic_regression.search`: generations, population, seed, …

    Raises:
        ValueError: no jets, labels other than 0 and 1, or as `formula_variables` and `search`.
    """
    require_jets(jets)
    if not len(jets):
        raise ValueError("there are no jets: check the selection")
    names = tuple(names)
    if log_odds is None:
        target = {"y": jets.label, "loss": "logistic"}
    else:
        target = {"y": log_odds, "loss": "squared"}
    x = formula_variables(jets, names)
    return search(x, names=names, symbols=SYMBOLS, **target, **settings)


def tag(formula: Formula, jets: Jets) -> np.ndarray:
    """Scores (N,): the values of a formula from `find_formula` for the variables of jets."""
    return formula(formula_variables(jets, formula.names))


def auc_against_complexity(
    ax: Axes,
    front: Front,
    x: ArrayLike,
    labels: ArrayLike,
    references: Mapping[str, ArrayLike] | None = None,
    name: str = "formulas",
    seed: int = 0,
) -> Axes:
    """Draw the AUC of every formula against its complexity, with 68 % bootstrap intervals.

    Args:
        ax: axes to draw on; give another `name` for a second front on the same axes.
        front: of the formulas.
        x: (N, F) variables of jets that the search has not seen.
        labels: (N,) 0 or 1.
        references: scores (N,) of other taggers on these jets by name, drawn as lines.
        name: of the front in the legend.
        seed: of the bootstrap.

    Raises:
        ValueError: as `Formula` and `hepml_lite.statistics.metrics.bootstrap`.
    """
    areas = [bootstrap(auc, labels, formula(x), 100, seed) for formula in front]
    values = np.array([area.value for area in areas])
    errors = [[area.value - area.low for area in areas], [area.high - area.value for area in areas]]
    complexity = [formula.complexity for formula in front]
    ax.errorbar(complexity, values, np.maximum(errors, 0), label=name, **class_style(name))
    for reference, scores in (references or {}).items():
        style = class_style(reference)
        colour = style["color"]
        line = style["linestyle"]
        area = bootstrap(auc, labels, scores, 100, seed)
        ax.axhline(area.value, color=colour, ls=line, lw=2, label=f"{reference}: AUC {area}")
        ax.axhspan(area.low, area.high, color=colour, alpha=0.2, lw=0)
    ax.set(xlabel="complexity: operators, constants and variables", ylabel="AUC")
    ax.legend()
    return ax
