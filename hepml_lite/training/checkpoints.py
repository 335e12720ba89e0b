"""Checkpoints: what a training writes after each epoch, so that a stopped one can go on."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from hepml_lite.files import atomic_write
from hepml_lite.training.history import History


def save_checkpoint(
    path: str | Path, settings: dict[str, Any], history: History, states: dict[str, Any]
) -> None:
    """Write all that a training needs to go on; an interrupt leaves the last file whole."""
    save_checkpoint_file({"settings": settings, "history": asdict(history), **states}, path)


def read_checkpoint(
    path: str | Path, settings: dict[str, Any], history: History
) -> dict[str, Any] | None:
    """Fill `history` from a checkpoint and return its states; None if there is none.

    Raises:
        ValueError: the file is damaged, or its training had other settings.
    """
    if not Path(path).exists():
        return None
    saved = read_checkpoint_file(path)
    if "settings" not in saved:
        raise ValueError(f"checkpoint {path} is no checkpoint of fit: give another name.")
    if saved["settings"] != settings:
        raise ValueError(
            f"checkpoint {path} is of a training with {saved['settings']}, not {settings}: "
            "delete it to start again, or give another name."
        )
    for name in ("train_loss", "validation_loss", "seconds", "best_epoch"):
        setattr(history, name, saved["history"][name])
    return saved


def save_checkpoint_file(content: Mapping[str, Any], path: str | Path) -> Path:
    """Write tensors and plain values by name with `torch.save`: the whole file or nothing."""
    with atomic_write(path) as temporary:
        torch.save(dict(content), temporary)
    return Path(path)


def read_checkpoint_file(path: str | Path) -> dict[str, Any]:
    """Read what `save_checkpoint_file` wrote, on the CPU; only tensors and plain values, no code.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or of another format.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: train with checkpoint={str(path)!r} first.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged pickle raises depends on the damaged byte
        raise ValueError(
            f"{path} cannot be read ({error}): damaged, or written by another program. "
            "Delete it and train again."
        ) from error
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} holds a {type(content).__name__}, not the values of a checkpoint by name. "
            "Delete it and train again."
        )
    return content
