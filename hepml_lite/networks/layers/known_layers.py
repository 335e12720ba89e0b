"""Layers of a sequence by their type, and the running averages of a batch normalisation."""

import torch
from torch import Tensor, nn


def linear_in(layers: nn.Sequential, position: int) -> nn.Linear:
    """The linear layer at this position.

    Raises:
        TypeError: if another kind of layer is there.
    """
    layer = layers[position]
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"layer {position} is a {type(layer).__name__}, not a linear layer")
    return layer


def norm_in(layers: nn.Sequential | nn.ModuleList, position: int) -> nn.BatchNorm1d:
    """The batch normalisation at this position.

    Raises:
        TypeError: if another kind of layer is there.
    """
    layer = layers[position]
    if not isinstance(layer, nn.BatchNorm1d):
        raise TypeError(f"layer {position} is a {type(layer).__name__}, not a normalisation")
    return layer


def running_moments(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """The running mean and variance (C,), which the layer uses outside training.

    Raises:
        TypeError: if the layer has none.
    """
    if norm.running_mean is None or norm.running_var is None:
        raise TypeError("the batch normalisation keeps no running averages")
    return norm.running_mean, norm.running_var


@torch.no_grad()
def follow(norm: nn.BatchNorm1d, mean: Tensor, unbiased_variance: Tensor) -> None:
    """Move the running averages towards the moments (C,) of a batch, as the layer itself does."""
    running_mean, running_variance = running_moments(norm)
    if norm.momentum is None or norm.num_batches_tracked is None:
        raise TypeError("the batch normalisation keeps a plain average; set its momentum")
    running_mean.lerp_(mean.to(running_mean.dtype), norm.momentum)
    running_variance.lerp_(unbiased_variance.to(running_variance.dtype), norm.momentum)
    norm.num_batches_tracked += 1
