"""What happened in a training: its losses, times and best epoch."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class History:
    """What happened in a training. Epochs count from 1; losses are means over the examples."""

    total_epochs: int  # planned; the lists below say how many were done
    examples: int
    device: str
    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of each epoch, validation included
    best_epoch: int = 0  # lowest validation loss, or the last epoch if nothing validates; 0: none
    interrupted: bool = False

    @property
    def epochs_done(self) -> int:
        """Number of complete epochs."""
        return len(self.train_loss)

    @property
    def examples_per_second(self) -> float:
        """Training examples per second in the median epoch; 0 before the first is complete."""
        return self.examples / float(np.median(self.seconds)) if self.seconds else 0.0

    def add(self, train_loss: float, validation_loss: float | None, seconds: float) -> bool:
        """Append an epoch; True if it is the best so far."""
        best = min(self.validation_loss, default=float("inf"))
        self.train_loss.append(train_loss)
        self.seconds.append(seconds)
        if validation_loss is not None:
            self.validation_loss.append(validation_loss)
        is_best = validation_loss is None or validation_loss < best
        if is_best:
            self.best_epoch = self.epochs_done
        return is_best

    def is_over(self, patience: int | None) -> bool:
        """Whether all epochs are done, or `patience` epochs have passed since the best one."""
        if patience is not None and self.epochs_done - self.best_epoch >= patience:
            return True
        return self.epochs_done >= self.total_epochs

    def __str__(self) -> str:
        text = (
            f"{self.epochs_done} of {self.total_epochs} epochs on {self.device} in "
            f"{sum(self.seconds):.1f} s, {self.examples_per_second:,.0f} examples/s"
            f"{', interrupted' if self.interrupted else ''}"
        )
        if self.best_epoch:
            text += (
                f"\nkept epoch {self.best_epoch}: loss {self.train_loss[self.best_epoch - 1]:.4f}"
            )
            if self.validation_loss:
                text += f", validation {self.validation_loss[self.best_epoch - 1]:.4f}"
        return text
