"""What training and prediction refuse, and in which words."""

import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


def require_module(model: Any) -> None:
    """Raise TypeError unless the model is a module, not a class or a function."""
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is {model!r}, no network: give a torch.nn.Module that is made already, such "
            "as ParticleFlowNetwork()"
        )


def require_count(name: str, value: Any) -> None:
    """Raise ValueError unless the value is a whole number, 1 or more."""
    try:
        whole = operator.index(value)
    except TypeError:
        whole = 0
    if whole < 1 or isinstance(value, bool):
        raise ValueError(f"{name}={value!r}: give a whole number, 1 or more.")


def require_finite_weights(model: nn.Module) -> None:
    """Raise FloatingPointError, naming the first weights that are NaN or infinite.

    The ReLU of a CPU turns NaN into 0: a network with such weights would give plausible scores.
    """
    for name, weights in model.named_parameters():
        if not weights.detach().isfinite().all():
            raise FloatingPointError(
                f"the weights {name} of {type(model).__name__} hold NaN or infinite values: train "
                "it again, with a lower learning rate, or load other weights."
            )


def require_finite_inputs(tensors: Sequence[Tensor]) -> None:
    """Raise ValueError, naming the input that is NaN or infinite.

    Where an input has particles (N, P, ...) and another one is their mask (N, P), padding is not
    looked at.
    """
    masks = [tensor for tensor in tensors if tensor.dtype == torch.bool and tensor.ndim == 2]
    for position, tensor in enumerate(tensors):
        if not tensor.is_floating_point() or tensor.sum().isfinite():
            continue
        wrong = ~tensor.isfinite()
        for mask in masks:
            if wrong.ndim > 1 and wrong.shape[:2] == mask.shape:
                wrong &= mask.reshape(*mask.shape, *[1] * (wrong.ndim - 2))
        if wrong.any():
            raise ValueError(
                f"inputs[{position}] holds {int(wrong.sum())} NaN or infinite values, the first in "
                f"row {int(wrong.nonzero()[0, 0])}: correct or remove these rows."
            )
