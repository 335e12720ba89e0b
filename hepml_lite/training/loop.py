"""The training loop: the page to read first, and to show."""

import time

import torch

from hepml_lite.training.callbacks import Callbacks
from hepml_lite.training.mean_loss import MeanLoss
from hepml_lite.training.random_numbers import VALIDATION, order_seed, set_seed
from hepml_lite.training.run import Run
from hepml_lite.training.weights import copy_weights


def train(run: Run, callbacks: Callbacks) -> None:
    """Minimise the loss, batch by batch, until the epochs are over or validation stops improving.

    `run.best_weights` are then those of the epoch with the lowest validation loss.
    """
    model, optimizer, history = run.settings.model, run.optimizer, run.history
    while not history.is_over(run.settings.patience):
        started = time.perf_counter()
        epoch = history.epochs_done + 1
        set_seed(run.settings.seed, epoch, run.machine.global_rank)  # of dropout, for example
        shuffled = run.batches.shuffled(order_seed(run.settings.seed, epoch))
        train_loss = MeanLoss(f"epoch {epoch}", run.machine)

        model.train()
        for step, batch in enumerate(shuffled):
            run.learning_rate.set(epoch - 1 + step / len(run.batches))
            loss = run.objective(*batch)  # loss(model, *batch)
            optimizer.zero_grad()
            run.machine.backward(loss)  # loss.backward()
            optimizer.step()
            train_loss.add(loss, len(batch[0]))
            callbacks.on_batch_end(history)

        validation_loss = validate(run)
        is_best = history.add(train_loss.value(), validation_loss, time.perf_counter() - started)
        if is_best:
            run.best_weights = copy_weights(model)
        callbacks.on_epoch_end(history)


@torch.no_grad()
def validate(run: Run) -> float | None:
    """Loss of the validation data, without learning from them; None if there are none."""
    if run.validation is None:
        return None
    set_seed(run.settings.seed, VALIDATION, run.machine.global_rank)
    loss = MeanLoss("the validation data", run.machine)
    run.settings.model.eval()
    for batch in run.validation.in_order():
        with run.machine.autocast():
            loss.add(run.settings.loss(run.settings.model, *batch), len(batch[0]))
    return loss.value()
