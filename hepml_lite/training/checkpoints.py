"""Checkpoints: what a training writes after each epoch, so that a stopped one can go on."""

import io
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict, cast

import torch
from torch import Tensor

from hepml_lite.files import atomic_write
from hepml_lite.training.history import History
from hepml_lite.training.run import Run
from hepml_lite.training.weights import copy_weights, put_weights

Fingerprint = dict[str, int | float | str]


class Content(TypedDict):
    """What a checkpoint holds."""

    settings: Fingerprint
    history: dict[str, Any]  # the fields of a History
    model: dict[str, Tensor]
    best: dict[str, Tensor]
    optimizer: dict[str, Any]  # numbers and tensors, as torch's optimizers give them


class Checkpoint:
    """A callback that writes a checkpoint after each epoch; `restore` reads the last one.

    Args:
        path: of the file.
        run: the training.
    """

    def __init__(self, path: str | Path, run: Run):
        self.path = Path(path)
        self.run = run
        self.fingerprint = fingerprint(run)

    def restore(self) -> None:
        """Continue from the file, if there is one: weights, optimizer and history.

        Raises:
            ValueError: the file is damaged, or its training had other settings.
        """
        if not self.path.exists():
            return
        saved = read_checkpoint(self.path)
        if saved["settings"] != self.fingerprint:
            raise ValueError(
                f"checkpoint {self.path} is of a training with {saved['settings']}, not "
                f"{self.fingerprint}: delete it to start again, or give another name."
            )
        put_weights(self.run.settings.model, saved["model"], self.path)
        self.run.plain_optimizer.load_state_dict(saved["optimizer"])
        self.run.best_weights = saved["best"]
        for name in ("train_loss", "validation_loss", "seconds", "best_epoch"):
            setattr(self.run.history, name, saved["history"][name])

    def on_epoch_end(self, history: History) -> None:
        """Write the file; an interrupt leaves the last one as it was."""
        content: Content = {
            "settings": self.fingerprint,
            "history": asdict(history),
            "model": copy_weights(self.run.settings.model),
            "best": self.run.best_weights,
            "optimizer": self.run.plain_optimizer.state_dict(),
        }
        written = io.BytesIO()
        torch.save(content, written)
        with atomic_write(self.path) as temporary:
            temporary.write_bytes(written.getbuffer())  # torch does not say that a disk is full


def fingerprint(run: Run) -> Fingerprint:
    """What must be the same for a training to go on as if it had never stopped."""
    settings = run.settings
    return {
        "seed": settings.seed,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "examples": run.batches.n_examples,
        "validation": run.validation.n_examples if run.validation else 0,
        "parameters": sum(p.numel() for p in settings.model.parameters()),
        "epochs": settings.epochs if settings.schedule else "any",
    }


def read_checkpoint(path: Path) -> Content:
    """Read a checkpoint, on the CPU; only tensors and plain values, no code.

    Raises:
        ValueError: the file is damaged, or no checkpoint.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged file raises depends on the damaged byte
        raise ValueError(
            f"checkpoint {path} cannot be read ({error}): delete it to start again, or give "
            "another name."
        ) from error
    if not isinstance(content, dict) or not set(Content.__annotations__) <= set(content):
        raise ValueError(f"{path} is not a checkpoint of fit: give another name.")
    return cast(Content, content)
