"""Callbacks: objects that `fit` tells what happens, so that they can draw, save or stop."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from hepml_lite.training.history import History


@runtime_checkable
class OnStart(Protocol):
    """Is told when a training begins; `history` holds the epochs that a checkpoint brought."""

    def on_start(self, history: History) -> None: ...  # noqa: D102


@runtime_checkable
class OnBatchEnd(Protocol):
    """Is told after every step of the optimizer."""

    def on_batch_end(self, history: History) -> None: ...  # noqa: D102


@runtime_checkable
class OnEpochEnd(Protocol):
    """Is told after every epoch; its losses are in `history`."""

    def on_epoch_end(self, history: History) -> None: ...  # noqa: D102


@runtime_checkable
class OnEnd(Protocol):
    """Is told when a training is over or was interrupted, and the model has its best weights."""

    def on_end(self, history: History) -> None: ...  # noqa: D102


Callback = OnStart | OnBatchEnd | OnEpochEnd | OnEnd


class Callbacks:
    """Several callbacks as one: each is told the events that it has a method for, in order."""

    def __init__(self, callbacks: Sequence[Callback]):
        self._on_start = [c for c in callbacks if isinstance(c, OnStart)]
        self._on_batch_end = [c for c in callbacks if isinstance(c, OnBatchEnd)]
        self._on_epoch_end = [c for c in callbacks if isinstance(c, OnEpochEnd)]
        self._on_end = [c for c in callbacks if isinstance(c, OnEnd)]

    def on_start(self, history: History) -> None:
        """The training begins."""
        for callback in self._on_start:
            callback.on_start(history)

    def on_batch_end(self, history: History) -> None:
        """The optimizer has made a step."""
        for callback in self._on_batch_end:
            callback.on_batch_end(history)

    def on_epoch_end(self, history: History) -> None:
        """An epoch is over."""
        for callback in self._on_epoch_end:
            callback.on_epoch_end(history)

    def on_end(self, history: History) -> None:
        """The training is over."""
        for callback in self._on_end:
            callback.on_end(history)
