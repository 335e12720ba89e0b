"""Weights of networks on disk, as safetensors: written whole, checked when they are read."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from hepml_lite.files import atomic_write


def save_weights(model: nn.Module, path: str | Path) -> Path:
    """Write the weights of `model` to `path`, in the safetensors format; return the path."""
    return write_weights(copy_weights(model), path)


def load_weights(model: nn.Module, path: str | Path) -> nn.Module:
    """Read weights written by `save_weights` into `model`, which is returned.

    Weights stored in half precision take the precision of the model.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no weights, or those of another network; `model` is unchanged.
    """
    put_weights(model, read_weights(path), path)
    return model


def write_weights(weights: Mapping[str, Tensor], path: str | Path) -> Path:
    """Write tensors by name, in the safetensors format: the whole file or nothing."""
    content = save({name: value.contiguous() for name, value in weights.items()})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)  # by Python, whose error says that a disk is full
    return Path(path)


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file by name, on the CPU, in the precision they have there.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or of another format.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: write it with save_weights(model, path).")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(
            f"{path} cannot be read ({error}): damaged, or not written by save_weights. "
            "Delete it and save again."
        ) from error


def put_weights(model: nn.Module, weights: Mapping[str, Tensor], path: str | Path) -> None:
    """Give `model` the weights that were read from `path`.

    Raises:
        ValueError: names or shapes differ from those of the model, which is unchanged.
    """
    wanted = _shapes(model.state_dict())
    found = _shapes(weights)
    if wanted != found:
        every = wanted | found
        differing = sorted(name for name in every if wanted.get(name) != found.get(name))
        examples = [
            f"{name}: file {found.get(name, 'has none')}, model {wanted.get(name, 'has none')}"
            for name in differing[:3]
        ]
        raise ValueError(
            f"{path} holds the weights of another network: {len(differing)} of {len(every)} "
            f"tensors differ ({'; '.join(examples)}). Build the model with the sizes it was saved "
            "with."
        )
    model.load_state_dict(dict(weights))


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of all weights by name, on the CPU; training goes on without changing it."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(getattr(value, "shape", ())) for name, value in weights.items()}
