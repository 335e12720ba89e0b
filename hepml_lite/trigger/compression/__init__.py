"""Compression: fewer bits, fewer weights, and what they save in logic."""

from hepml_lite.trigger.compression import (
    cost,
    fitting,
    network,
    own_bits,
    pruning,
    tagger,
    tasks,
)
from hepml_lite.trigger.compression.fitting import (
    pruned,
    rounded_afterwards,
    trained_with_bits,
    with_own_bits,
)
from hepml_lite.trigger.compression.network import Bits, CompressedNetwork

__all__ = [
    "Bits",
    "CompressedNetwork",
    "cost",
    "fitting",
    "network",
    "own_bits",
    "pruned",
    "pruning",
    "rounded_afterwards",
    "tagger",
    "tasks",
    "trained_with_bits",
    "with_own_bits",
]
