"""A noise filter for a time projection chamber, small enough for the readout.

Most of what a chamber sends is noise. A small convolutional network looks at a patch of pads and
time bins and decides whether it holds a cluster of a track, before anything is stored. It is
trained with the rounded numbers of a chip, so that it becomes logic as `firmware.sets_verilog`.
"""

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.densities import TrainingPlan
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.quantised.quantised_sets import SharedLayers, convolution

CHARGE = FixedPoint(8, 5, rounding="RND_CONV", overflow="SAT")  # in units of the noise


def tpc_floors(patches: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (N,) without a network: whole charge, largest bin, and the number of pads hit."""
    x = checked_finite("patches", patches, 3)
    of_pads = x.sum(axis=2)
    spread = np.sort(of_pads, axis=1)[:, -2]
    return {"charge": x.sum(axis=(1, 2)), "largest bin": x.max(axis=(1, 2)), "second pad": spread}


def train_tpc_filter(
    patches: np.ndarray,
    label: np.ndarray,
    *,
    epochs: int = 15,
    n_hidden: int = 8,
    seed: int = 0,
) -> SharedLayers:
    """Train the filter on patches (N, P, T) with labels (N,), 1 for a track.

    Args:
        patches: charges in units of the noise.
        label: 0 and 1.
        epochs: of the training.
        n_hidden: nodes of the dense layer.
        seed: of weights and order.

    Raises:
        ValueError: for patches and labels of different lengths.
    """
    x = checked_finite("patches", patches, 3).astype(np.float32)
    wanted = checked_finite("label", label, 1).astype(np.float32)
    if len(x) != len(wanted):
        raise ValueError(f"{len(x)} patches and {len(wanted)} labels: give one each")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = convolution(x.shape[1:], CHARGE, n_hidden=n_hidden, relu_at_end=False)

    def loss(model: nn.Module, image: Tensor, truth: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(model(image)[:, 0], truth)

    plan = TrainingPlan(epochs, batch_size=128, learning_rate=5e-3, progress=False)
    plan.train(network, (x, wanted), loss, seed=seed)
    return network


def filter_score(network: SharedLayers, patches: np.ndarray) -> np.ndarray:
    """What the chip computes, the log odds of a track, (N,), in whole numbers."""
    x = checked_finite("patches", patches, 3)
    return network.whole()(x.reshape(len(x), -1))[:, 0]
