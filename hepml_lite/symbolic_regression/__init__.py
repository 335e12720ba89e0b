"""Symbolic regression: find the form of a formula as well as its constants.

Genetic programming as in PySR (M. Cranmer, arXiv:2305.01582) and Operon (B. Burlacu et al., GECCO
2020): crossover and mutation find the form, Newton's method finds the constants. For jets and
FPGAs: H. F. Tsoi et al., arXiv:2305.04099.
"""

from hepml_lite.symbolic_regression.evolution import DEFAULT_OPERATORS, search
from hepml_lite.symbolic_regression.expressions import OPERATORS
from hepml_lite.symbolic_regression.formula import Formula, Front

__all__ = ["DEFAULT_OPERATORS", "OPERATORS", "Formula", "Front", "search"]
