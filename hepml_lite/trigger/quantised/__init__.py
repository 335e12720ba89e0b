"""Networks that are trained with the rounded numbers of a chip."""

from hepml_lite.trigger.quantised import (
    jets_on_chip,
    quantised_sets,
    quantised_training,
    tpc_filter,
)

__all__ = [
    "jets_on_chip",
    "quantised_sets",
    "quantised_training",
    "tpc_filter",
]
