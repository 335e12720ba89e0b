"""Magnitude pruning: small weights become zero, a few more with every step of the training.

M. Zhu, S. Gupta, arXiv:1710.01878: the share of zeros grows as 1 - (1 - t)^3, fast at first, when
many weights can be spared, and slowly at the end, when the network needs time to recover.
"""

import torch

from hepml_lite.statistics.settings_checks import checked_number
from hepml_lite.training.history import History
from hepml_lite.trigger.compression.network import CompressedNetwork

GROWS_UNTIL = 0.7  # of the training; the rest is for what is left


def sparsity(progress: float, final: float) -> float:
    """The share of zeros after a part of the training, `progress` from 0 to 1."""
    checked_number("final", final, 0, 1, "[)", "0.5")
    time = min(progress / GROWS_UNTIL, 1.0)
    return final * (1 - (1 - time) ** 3)


def prune(network: CompressedNetwork, share: float) -> None:
    """Set the masks of a network so that the smallest weights, this share of them, are zero.

    Weights of all layers are compared in units of the largest weight of their layer.
    """
    sizes = [layer.weight.detach().abs() / layer.weight_type.highest for layer in network.dense]
    ranked = torch.cat([size.flatten() for size in sizes])
    count = int(share * len(ranked))
    limit = ranked.kthvalue(count).values if count else torch.tensor(-1.0)
    for layer, size in zip(network.dense, sizes, strict=True):
        layer.mask.copy_(size > limit)


class Pruning:
    """A callback of `training.fit` that prunes with the schedule.

    Args:
        network: what is trained.
        final: share of zeros at the end.
        steps: of the whole training.
    """

    def __init__(self, network: CompressedNetwork, final: float, steps: int) -> None:
        self.network, self.final, self.steps = network, final, steps
        self.done = 0

    def on_batch_end(self, history: History) -> None:
        """One step further in the schedule."""
        self.done += 1
        prune(self.network, sparsity(self.done / self.steps, self.final))
