"""What training and prediction refuse, and in which words."""

import math
import operator
from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

MOST = 10**15  # of anything that is counted: no training has more examples or epochs


class NotFinite(FloatingPointError):
    """A loss, weights or inputs of a network are NaN or infinite.

    Args:
        what: which of them, and where.
        remedy: the next step, unless whoever catches the error knows a better one.
    """

    def __init__(self, what: str, remedy: str = ""):
        super().__init__(f"{what}: {remedy}" if remedy else what)
        self.what = what


def require_module(model: Any) -> None:
    """Raise TypeError unless the model is a module, not a class or a function."""
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is {model!r}, no network: give a torch.nn.Module that is made already, such "
            "as ParticleFlowNetwork()"
        )


def require_callables(loss: Any, optimizer: Any, schedule: Any) -> None:
    """Raise TypeError unless loss, optimizer and schedule are what `fit` can call.

    A loss of torch, such as `nn.CrossEntropyLoss()`, compares logits and labels, while `fit` calls
    loss(model, *batch): the message says how to write one as the other.
    """
    if isinstance(loss, nn.modules.loss._Loss):
        name = type(loss).__name__
        raise TypeError(
            f"loss is {loss}, which compares logits and labels: fit calls loss(model, *batch). "
            "Give training.cross_entropy, or write lambda model, *batch: "
            f"nn.{name}()(model(*batch[:-1]), batch[-1])."
        )
    examples = {
        "loss": "a function loss(model, *batch), such as training.cross_entropy",
        "optimizer": "a class such as torch.optim.SGD, called with (parameters, lr=...), or None",
        "schedule": "a function of the progress from 0 to 1, such as training.cosine, or None",
    }
    given = {"loss": loss, "optimizer": optimizer, "schedule": schedule}
    for name, value in given.items():
        is_left_out = value is None and name != "loss"
        if not callable(value) and not is_left_out:
            raise TypeError(f"{name} is {value!r}, not a function: give {examples[name]}.")


def require_classes(name: str, tensors: Sequence[Tensor] | None) -> None:
    """Raise ValueError unless the last of the tensors are numbers of classes, 0, 1, ...

    Args:
        name: "data" or "validation".
        tensors: inputs, then labels (N,); None is not checked.
    """
    if tensors is None:
        return
    labels = tensors[-1]
    if len(tensors) < 2 or labels.ndim != 1:
        raise ValueError(
            f"{name} are arrays of shapes {[tuple(t.shape) for t in tensors]}: for cross_entropy "
            "give inputs, then labels (N,) as the last."
        )
    if labels.dtype == torch.bool:
        return
    wrong = (labels < 0) | (labels != labels.round()) if labels.is_floating_point() else labels < 0
    wrong |= labels != labels  # NaN
    if wrong.any():
        row = int(wrong.nonzero()[0])
        raise ValueError(
            f"{int(wrong.sum())} of {len(labels)} labels in {name}[{len(tensors) - 1}] are no "
            f"classes, the first is {labels[row].item():g} in row {row}: give whole numbers from 0 "
            "on, such as labels == signal_class."
        )


def require_count(name: str, value: Any) -> None:
    """Raise ValueError unless the value is a whole number from 1 to `MOST`."""
    try:
        whole = operator.index(value)
    except TypeError:
        whole = 0
    if whole > MOST:
        raise ValueError(f"{name}={value!r:.40}: give a whole number, {MOST} at most.")
    if whole < 1 or isinstance(value, bool):
        raise ValueError(f"{name}={value!r:.40}: give a whole number, 1 or more.")


def require_finite_weights(model: nn.Module) -> None:
    """Raise `NotFinite`, naming the first weights or running averages that are not finite.

    The ReLU of a CPU turns NaN into 0: a network with such weights would give plausible scores.
    """
    if _sum_is_finite(model):
        return
    for name, weights in chain(model.named_parameters(), model.named_buffers()):
        # A buffer may be infinite on purpose, for example a mask of attention.
        is_buffer = not isinstance(weights, nn.Parameter)
        wrong = weights.isnan() if is_buffer else ~weights.detach().isfinite()
        if wrong.any():
            raise NotFinite(
                f"the weights {name} of {type(model).__name__} hold NaN or infinite values",
                "train it again, with a lower learning rate, or load other weights.",
            )


@torch.no_grad()
def _sum_is_finite(model: nn.Module) -> bool:
    """Whether all weights have a finite sum: far faster than a look at each number."""
    total = sum(weights.sum().item() for weights in chain(model.parameters(), model.buffers()))
    return math.isfinite(total)


def require_finite_inputs(tensors: Sequence[Tensor]) -> None:
    """Raise ValueError, naming the input that is NaN or infinite.

    Where an input has particles (N, P, ...) and another one is their mask (N, P), padding is not
    checked.
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
