"""Changes of variables: from the user's units to what a network learns well, and back.

With z = f(x) the densities are p(x) = p(z) |det dz/dx|: each change returns log |det dz/dx| beside
z. All are fitted on training rows only, and can be composed:

>>> from hepml_lite.densities.change_of_variables import Log, Standardise, WrappedAngle, chain, on
>>> change = chain(on([0], Log()), on([2], WrappedAngle()), Standardise())
"""

from hepml_lite.densities.change_of_variables import (
    angles,
    base,
    composition,
    discrete,
    one_feature,
    scaling,
    simplex,
)
from hepml_lite.densities.change_of_variables.angles import AngleAsPair, WrappedAngle
from hepml_lite.densities.change_of_variables.base import ChangeOfVariables, OutOfRange
from hepml_lite.densities.change_of_variables.composition import Chain, On, chain, on
from hepml_lite.densities.change_of_variables.discrete import Dequantise, SpikeAtZero
from hepml_lite.densities.change_of_variables.one_feature import Asinh, Log, Logit, Power
from hepml_lite.densities.change_of_variables.scaling import (
    Standardise,
    StandardiseRobustly,
    Whiten,
)
from hepml_lite.densities.change_of_variables.simplex import StickBreaking

__all__ = [
    "AngleAsPair",
    "Asinh",
    "Chain",
    "ChangeOfVariables",
    "Dequantise",
    "Log",
    "Logit",
    "On",
    "OutOfRange",
    "Power",
    "SpikeAtZero",
    "Standardise",
    "StandardiseRobustly",
    "StickBreaking",
    "Whiten",
    "WrappedAngle",
    "angles",
    "base",
    "chain",
    "composition",
    "discrete",
    "on",
    "one_feature",
    "scaling",
    "simplex",
]
