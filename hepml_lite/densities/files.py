"""Trained densities on disk: settings, changes of variables and weights in one safetensors file."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from hepml_lite.densities.change_of_variables import ChangeOfVariables
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.sets.density import SetDensity
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.files import atomic_write

NOT_SAVED = ("callbacks",)


def save(density: TrainedDensity | SetDensity, path: str | Path) -> Path:
    """Write a trained density; `load` gives back one with the same samples and log_prob.

    Raises:
        RuntimeError: nothing has been fitted.
        OSError: the file cannot be written.
    """
    network = density.fitted_network()
    tensors: dict[str, Tensor] = {}
    description = {
        "density": _describe(density, "density", tensors),
        "sizes": {name: getattr(density, name) for name in density.SIZES},
    }
    for name, value in network.state_dict().items():
        tensors[f"network.{name}"] = value.detach().cpu().contiguous()
    with atomic_write(path) as temporary:
        save_file(tensors, temporary, metadata={"hepml_lite": json.dumps(description)})
    return Path(path)


def load(path: str | Path) -> TrainedDensity | SetDensity:
    """Read what `save` wrote; torch's generator stays as it is.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or holds something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: write it with densities.save(model, path)")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} cannot be read ({error}): delete it and save again") from error
    if "hepml_lite" not in metadata:
        raise ValueError(f"{path} holds no density: write it with densities.save(model, path)")
    description = json.loads(metadata["hepml_lite"])
    density = _rebuild(description["density"], "density", tensors)
    for name, size in description["sizes"].items():
        setattr(density, name, size)
    with torch.random.fork_rng():  # initial weights are drawn, and then replaced
        network = density.untrained_network()
    prefix = "network."
    network.load_state_dict(
        {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}
    )
    density.network = network.eval()
    return density


def _describe(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Settings as JSON; what a change of variables has learned goes to `tensors`."""
    if isinstance(value, ChangeOfVariables):
        tensors.update({f"{name}.{key}": tensor for key, tensor in value.learned.items()})
    if is_dataclass(value):
        settings = {
            field.name: _describe(getattr(value, field.name), f"{name}.{field.name}", tensors)
            for field in fields(value)
            if field.init and field.name not in NOT_SAVED
        }
        return {"class": type(value).__name__, "settings": settings}
    if isinstance(value, list | tuple):
        return [_describe(item, f"{name}.{i}", tensors) for i, item in enumerate(value)]
    return value


def _rebuild(description: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """The inverse of `_describe`."""
    if isinstance(description, list):
        return tuple(_rebuild(item, f"{name}.{i}", tensors) for i, item in enumerate(description))
    if not isinstance(description, dict):
        return description
    settings = {
        key: _rebuild(value, f"{name}.{key}", tensors)
        for key, value in description["settings"].items()
    }
    made = _known_classes()[description["class"]](**settings)
    if isinstance(made, ChangeOfVariables):
        prefix = f"{name}."
        made.learned = {
            key[len(prefix) :]: tensor
            for key, tensor in tensors.items()
            if key.startswith(prefix) and "." not in key[len(prefix) :]
        }
    return made


def _known_classes() -> dict[str, type]:
    """Classes that a file may name: the plan, all changes of variables and all densities."""
    known: list[type] = [TrainingPlan]
    for base in (ChangeOfVariables, TrainedDensity, SetDensity):
        known.extend(_subclasses(base))
    return {kind.__name__: kind for kind in known}


def _subclasses(base: type) -> list[type]:
    below: list[type] = base.__subclasses__()
    return below + [kind for child in below for kind in _subclasses(child)]
