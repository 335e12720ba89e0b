"""Network architectures, one a file, and how their weights are kept on disk."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn


def save_weights(model: nn.Module, path: str | Path) -> Path:
    """Write the weights of `model` to `path`, as safetensors: the whole file or none of it.

    Returns the path.
    """
    state = model.state_dict().items()
    weights = {name: value.detach().cpu().contiguous().clone() for name, value in state}
    return write_atomically(path, lambda temporary: save_file(weights, temporary))


def load_weights(model: nn.Module, path: str | Path) -> nn.Module:
    """Read weights written by `save_weights` into `model`, which is returned.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no weights, or those of another network; `model` is unchanged.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: write it with save_weights(model, path).")
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ValueError(
            f"{path} cannot be read ({error}): damaged, or not written by save_weights. "
            "Delete it and save again."
        ) from error
    put_weights(model, weights, path)
    return model


def put_weights(model: nn.Module, weights: dict[str, Any], path: str | Path) -> None:
    """Give `model` the weights read from `path`, or a ValueError if it is not made for them."""
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(getattr(value, "shape", ())) for name, value in weights.items()}
    if wanted != found:
        names = sorted(n for n in wanted | found if wanted.get(n) != found.get(n))
        told = [f"{n}: file {found.get(n, 'has none')}, model {wanted.get(n, 'has none')}"
                for n in names[:3]]  # fmt: skip
        raise ValueError(
            f"{path} holds the weights of another network: {len(names)} of {len(wanted | found)} "
            f"tensors differ ({'; '.join(told)}). Build the model with the sizes it was saved with."
        )
    model.load_state_dict(weights)


def save_atomically(content: dict[str, Any], path: str | Path) -> Path:
    """`torch.save` of any plain content, such as a checkpoint: the whole file or none of it."""
    return write_atomically(path, lambda temporary: torch.save(content, temporary))


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> Path:
    """`write` under a temporary name, then rename: an interrupt leaves the old file whole."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def read_tensors(path: str | Path) -> dict[str, Any]:
    """Read what `save_atomically` wrote, on the CPU; nothing but tensors and plain values.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or was written by something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: write it with save_atomically.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged pickle raises depends on the damaged byte
        raise ValueError(
            f"{path} cannot be read ({error}): damaged, or written by something else. "
            "Delete it and save again."
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a {type(content).__name__}, not a table of tensors.")
    return content
