"""Train a network: `fit` checks what it is given, and runs the loop on the devices asked for."""

import io
import sys
from collections.abc import Sequence
from functools import partial
from numbers import Real
from pathlib import Path

import torch
from torch import nn

from hepml_lite.files import require_writable
from hepml_lite.training.batches import Arrays, as_tensors
from hepml_lite.training.callbacks import Callback, Callbacks
from hepml_lite.training.checkpoints import Checkpoint
from hepml_lite.training.checks import (
    NotFinite,
    require_callables,
    require_classes,
    require_count,
    require_module,
)
from hepml_lite.training.devices import Machine, choose_machine, device_of, keep_freed_memory
from hepml_lite.training.history import History
from hepml_lite.training.loop import train
from hepml_lite.training.optimisation import (
    Loss,
    MakeOptimizer,
    Schedule,
    adam,
    count_parameters,
    cross_entropy,
)
from hepml_lite.training.progress_bar import ProgressBar
from hepml_lite.training.random_numbers import random_numbers_kept
from hepml_lite.training.run import Run, Settings
from hepml_lite.training.weights import copy_weights


def fit(
    model: nn.Module,
    data: Arrays,
    loss: Loss,
    *,
    validation: Arrays | None = None,
    epochs: int = 10,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    optimizer: MakeOptimizer | None = None,
    schedule: Schedule | None = None,
    callbacks: Sequence[Callback] = (),
    patience: int | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
    precision: str | None = None,
    devices: int = 1,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place: minimise `loss(model, *batch)`; `model` ends in evaluation mode.

    With `validation` the model gets the weights of its best epoch, else it keeps the last ones.
    An interrupt (the stop button) ends the training in the same way; `history.interrupted` is then
    True. The same seed gives the same result twice, dropout included, and torch's global generators
    do not change. The initial weights are those of `model`: set a seed before you make it. The
    steps of a training are in `hepml_lite.training.loop.train`.

    Args:
        model: any module; it comes back to the device it was on.
        data: arrays or tensors with one row per example, e.g. (features, mask, labels).
        loss: mean over a batch, a scalar; `cross_entropy` is one.
        validation: as `data`; its loss picks the best epoch.
        epochs: passes over the data.
        batch_size: examples per step, over all devices together.
        learning_rate: of the optimizer, before the schedule.
        optimizer: called as `optimizer(parameters, lr=learning_rate)`; default Adam.
        schedule: factor on the learning rate, given the progress from 0 to 1, e.g. `cosine`.
        callbacks: objects with any of on_start(history), on_batch_end(history),
            on_epoch_end(history), on_end(history).
        patience: stop after this many epochs without a lower validation loss.
        seed: of the order of the examples, of dropout and of random losses.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        precision: None (float32), "bf16-mixed" or "16-mixed".
        devices: how many share each batch; see `hepml_lite.training.devices.choose_machine`.
        checkpoint: file that is written after every epoch. If it exists, the training continues
            from it and ends exactly as if it had never stopped.
        progress: show a bar.

    Raises:
        ValueError: settings or data that cannot be trained with, or another run's checkpoint.
        TypeError: a model that is no module; a loss, optimizer or schedule that is no function of
            the kind described above.
        OSError: the checkpoint cannot be written; this is checked before the training begins.
        FloatingPointError: the loss became NaN or infinite; the model has its best weights.
    """
    require_module(model)
    require_callables(loss=loss, optimizer=optimizer, schedule=schedule)
    if checkpoint:
        require_writable(Path(checkpoint).parent)
    settings = Settings(
        model=model,
        loss=loss,
        data=as_tensors(data, "data"),
        validation=None if validation is None else as_tensors(validation, "validation"),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        make_optimizer=optimizer or adam,
        schedule=schedule,
        patience=patience,
        seed=seed,
    )
    _check(settings)
    machine = choose_machine(device, precision, devices)
    run_here = partial(
        _run, settings=settings, callbacks=callbacks, checkpoint=checkpoint, progress=progress
    )
    history, weights = machine.launch(run_here)
    # Several devices may train copies of the model, in other processes: load what they return.
    model.load_state_dict(torch.load(io.BytesIO(weights), weights_only=True))
    model.eval()
    return history


def _run(
    machine: Machine,
    settings: Settings,
    callbacks: Sequence[Callback],
    checkpoint: str | Path | None,
    progress: bool,
) -> tuple[History, bytes]:
    """The whole training on one device: what happened, and the best weights as a file's content."""
    home = device_of(settings.model)
    keep_freed_memory()
    run = Run.begin(settings, machine)
    bar = ProgressBar(len(run.batches))
    told: list[Callback] = []
    if checkpoint:
        saver = Checkpoint(checkpoint, run)
        saver.restore()
        told.append(saver)
    if progress:
        told.append(bar)
    told.extend(callbacks)
    every = Callbacks(told if machine.global_rank == 0 else [])
    every.on_start(run.history)
    try:
        with random_numbers_kept(machine.device):
            train(run, every)
    except KeyboardInterrupt:
        run.history.interrupted = True
        if run.history.epochs_done == 0:
            run.best_weights = copy_weights(settings.model)  # part of an epoch is better than none
    except NotFinite as error:
        raise FloatingPointError(f"{error.what}: {_why_not_finite(run)}") from None
    finally:
        bar.close()
        settings.model.load_state_dict(run.best_weights)
        settings.model.to(home)
    every.on_end(run.history)
    content = io.BytesIO()  # bytes outlive the process that returns them, shared tensors do not
    torch.save(run.best_weights, content)
    return run.history, content.getvalue()


def _why_not_finite(run: Run) -> str:
    """The likely cause of a loss that is not finite, and what to do."""
    settings = run.settings
    for name, tensors in (("data", settings.data), ("validation", settings.validation or ())):
        for i, tensor in enumerate(tensors):
            n_wrong = int((~tensor.isfinite()).sum())
            if n_wrong:
                return f"{name}[{i}] holds {n_wrong} NaN or infinite values; clean them first."
    epoch = run.history.best_epoch
    return (
        "the data are finite, so the learning rate may be too high (it is "
        f"{settings.learning_rate:g}: try a tenth), or the loss takes the logarithm or root of 0. "
        f"The model has its {f'weights of epoch {epoch}' if epoch else 'first weights'} again."
    )


def _check(settings: Settings) -> None:
    for name, tensors in (("data", settings.data), ("validation", settings.validation)):
        if tensors is not None and len(tensors[0]) == 0:
            raise ValueError(f"{name} holds no examples: did a selection remove all of them?")
    require_count("epochs", settings.epochs)
    require_count("batch_size", settings.batch_size)
    if settings.patience is not None:
        require_count("patience", settings.patience)
    rate = settings.learning_rate
    if not isinstance(rate, Real) or not 0 < rate < sys.float_info.max:
        raise ValueError(f"learning_rate={rate!r:.40}: give a positive number, e.g. 0.001.")
    if settings.patience is not None and settings.validation is None:
        raise ValueError(
            f"patience={settings.patience} watches the validation loss: give validation=..."
        )
    if settings.loss is cross_entropy:
        for name, tensors in (("data", settings.data), ("validation", settings.validation)):
            require_classes(name, tensors)
    if count_parameters(settings.model) == 0:
        name = type(settings.model).__name__
        raise ValueError(f"{name} has no trainable parameters: nothing to fit.")
