"""Train a network, and use it: `fit`, `predict`, and the losses and schedules they share."""

import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.training.devices import as_tensors, choose_device, device_of, machine
from hepml_lite.training.history import History
from hepml_lite.training.loop import Loop

Arrays = Sequence[np.ndarray | Tensor]


def fit(
    model: nn.Module,
    data: Arrays,
    loss: Callable[..., Tensor],
    *,
    validation: Arrays | None = None,
    epochs: int = 10,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    optimizer: Callable[..., torch.optim.Optimizer] | None = None,
    schedule: Callable[[float], float] | None = None,
    callbacks: Sequence[Any] = (),
    patience: int | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
    precision: str | None = None,
    devices: int = 1,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place by minimising `loss(model, *batch)`; leaves it in evaluation mode.

    With `validation` the model ends with the weights of its best epoch, else with the last ones.
    An interrupt (the stop button) ends the training the same way, with `history.interrupted`.
    The same seed gives the same result twice, dropout included; torch's global generators are
    put back as they were. The initial weights are the caller's: seed before making the model.

    Args:
        model: any module; it comes back to the device it was on.
        data: arrays or tensors with one row per example, e.g. (features, mask, labels).
        loss: mean over a batch, a scalar; `cross_entropy` is one.
        validation: as `data`; its loss picks the best epoch.
        epochs: passes over the data.
        batch_size: examples per step, over all devices together.
        learning_rate: handed to the optimizer.
        optimizer: called as `optimizer(parameters, lr=learning_rate)`; default Adam.
        schedule: factor on the learning rate, given the progress from 0 to 1, e.g. `cosine`.
        callbacks: objects with any of on_start(history), on_epoch_end(history), on_end(history).
        patience: stop after this many epochs without a lower validation loss.
        seed: of the order of the examples and of random layers and losses.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        precision: None (float32), "bf16-mixed" or "16-mixed".
        devices: how many of them share each batch; see `hepml_lite.training.devices.machine`.
        checkpoint: file written after every epoch; if it is there, the training goes on from it
            and ends exactly as if it had never stopped.
        progress: show a bar.

    Raises:
        ValueError: settings or data that cannot be trained with, or another run's checkpoint.
        FloatingPointError: the loss became NaN or infinite; the model gets its best weights back.
    """
    data = as_tensors(data, "data")
    validation = None if validation is None else as_tensors(validation, "validation")
    _check(model, data, validation, epochs, batch_size, learning_rate, patience)
    run = Loop(
        model=model, loss=loss, data=data, validation=validation, epochs=epochs,
        batch_size=batch_size, learning_rate=learning_rate, make_optimizer=optimizer or adam,
        schedule=schedule, callbacks=callbacks, patience=patience, seed=seed,
        checkpoint=checkpoint, progress=progress,
    )  # fmt: skip
    # Forked processes train copies of the model, so its weights come back by value.
    history, weights = machine(device, precision, devices).launch(run.train)
    model.load_state_dict(torch.load(io.BytesIO(weights), weights_only=True))
    model.eval()
    return history


@torch.no_grad()
def predict(
    model: nn.Module,
    inputs: Arrays,
    batch_size: int = 256,
    device: str | torch.device = "auto",
) -> np.ndarray:
    """`model(*inputs)` in evaluation mode, one row per example, in the order of the inputs.

    Args:
        model: gives one tensor; its mode and device are put back afterwards.
        inputs: tuple of arrays or tensors with one row per example, e.g. (features, mask).
        batch_size: examples at a time; does not change the result, 256 is fast on a CPU.
        device: see `hepml_lite.training.devices.choose_device`.

    Raises:
        ValueError: inputs of different lengths, a batch size below 1, an unknown device.
    """
    tensors = as_tensors(inputs, "inputs")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: give a number of examples, 1 or more.")
    place, home, was_training = choose_device(device), device_of(model), model.training
    starts = range(0, max(len(tensors[0]), 1), batch_size)  # no examples: still the right shape
    try:
        model.to(place).eval()
        batches = ([t[i : i + batch_size].to(place) for t in tensors] for i in starts)
        return torch.cat([model(*batch).float().cpu() for batch in batches]).numpy()
    finally:
        model.to(home).train(was_training)


def predict_probability(
    model: nn.Module,
    inputs: Arrays,
    batch_size: int = 256,
    device: str | torch.device = "auto",
) -> np.ndarray:
    """Softmax of the logits of a classifier: probabilities (N, n_classes), each row sums to 1.

    Raises:
        ValueError: as `predict`, or the output is not (N, n_classes) with two classes or more.
    """
    logits = predict(model, inputs, batch_size, device)
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise ValueError(
            f"the model gives {logits.shape}, not (N, n_classes) with n_classes ≥ 2: "
            "use predict, and a sigmoid if it has one logit."
        )
    return torch.from_numpy(logits).softmax(1).numpy()


def cross_entropy(model: nn.Module, *batch: Tensor) -> Tensor:
    """Mean cross entropy, a loss for `fit`: `batch` is what `model` takes, then labels (N,)."""
    *inputs, labels = batch
    return nn.functional.cross_entropy(model(*inputs), labels.long())


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def cosine(progress: float) -> float:
    """Learning-rate factor after a fraction of the training: half a cosine, from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def adam(parameters: Sequence[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """The default optimizer of `fit`: Adam, in one kernel instead of one per tensor."""
    return torch.optim.Adam(parameters, lr=lr, fused=True)


def _check(
    model: nn.Module, data: Sequence[Tensor], validation: Sequence[Tensor] | None, epochs: int,
    batch_size: int, learning_rate: float, patience: int | None,
) -> None:  # fmt: skip
    for name, tensors in ("data", data), ("validation", validation):
        if tensors is not None and len(tensors[0]) == 0:
            raise ValueError(f"{name} holds no examples: did a selection remove all of them?")
    for name, value in ("epochs", epochs), ("batch_size", batch_size), ("patience", patience):
        if value is not None and value < 1:
            raise ValueError(f"{name}={value}: give 1 or more.")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate={learning_rate}: give a positive number, e.g. 0.001.")
    if patience is not None and validation is None:
        raise ValueError(f"patience={patience} watches the validation loss: give validation=...")
    if count_parameters(model) == 0:
        raise ValueError(f"{type(model).__name__} has no trainable parameters: nothing to fit.")
