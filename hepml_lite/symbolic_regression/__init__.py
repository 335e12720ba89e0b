"""Symbolic regression: find the formula, not only the numbers in it.

Genetic programming in the manner of PySR (M. Cranmer, arXiv:2305.01582) and Operon (B. Burlacu et
al., GECCO 2020): crossover and mutation find the form, Newton's method the constants. For jets and
FPGAs: H. F. Tsoi et al., arXiv:2305.04099.
"""

from hepml_lite.symbolic_regression.evolution import DEFAULT_OPERATORS, search
from hepml_lite.symbolic_regression.expressions import OPERATORS
from hepml_lite.symbolic_regression.formula import Formula, Front

__all__ = ["DEFAULT_OPERATORS", "OPERATORS", "Formula", "Front", "search"]
