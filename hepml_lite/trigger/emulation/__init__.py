"""Networks, trees and searches in whole numbers, bit by bit as a chip computes them."""

from hepml_lite.trigger.emulation import (
    fast_network,
    fitting_types,
    graph_building,
    integer_network,
    integer_sets,
    integer_trees,
    ranges,
    student_arithmetic,
)
from hepml_lite.trigger.emulation.integer_network import (
    IntegerLayer,
    IntegerNetwork,
    axol1tl_like,
    squared_score,
)

__all__ = [
    "IntegerLayer",
    "IntegerNetwork",
    "axol1tl_like",
    "fast_network",
    "fitting_types",
    "graph_building",
    "integer_network",
    "integer_sets",
    "integer_trees",
    "ranges",
    "squared_score",
    "student_arithmetic",
]
