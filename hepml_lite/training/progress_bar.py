"""A callback that shows how far a training is."""

from tqdm.auto import tqdm

from hepml_lite.training.history import History


class ProgressBar:
    """One bar over the batches of all epochs, with the last losses beside it.

    Args:
        batches_per_epoch: steps of the optimizer in an epoch.
    """

    def __init__(self, batches_per_epoch: int):
        self.batches_per_epoch = batches_per_epoch
        self.bar: tqdm | None = None

    def on_start(self, history: History) -> None:
        """Show the bar, with the epochs of a checkpoint already done."""
        self.bar = tqdm(
            total=history.total_epochs * self.batches_per_epoch,
            initial=history.epochs_done * self.batches_per_epoch,
            unit="batch",
        )

    def on_batch_end(self, history: History) -> None:
        """Move the bar by a batch."""
        if self.bar is not None:
            self.bar.update()

    def on_epoch_end(self, history: History) -> None:
        """Show the losses of the epoch."""
        losses = {"loss": f"{history.train_loss[-1]:.4f}"}
        if history.validation_loss:
            losses["validation"] = f"{history.validation_loss[-1]:.4f}"
        if self.bar is not None:
            self.bar.set_postfix(losses)

    def close(self) -> None:
        """End the bar where it is: a training that stops early is complete, not broken."""
        if self.bar is not None:
            self.bar.total = self.bar.n
            self.bar.close()
