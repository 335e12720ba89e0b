"""Where a training runs: one CPU or GPU in plain PyTorch; several, or in bfloat16, by Fabric."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# Asking whether CUDA is there must not start it: a notebook's forked processes could not use it.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """The device of that name; "auto" is cuda where there is one, else mps (Apple), else cpu.

    Raises:
        ValueError: an unknown name, or a device that this machine does not have.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    present = [kind for kind, is_there in there.items() if is_there] + ["cpu"]
    if str(name) == "auto":
        return torch.device(present[0])
    if str(name).partition(":")[0] not in present:
        raise ValueError(f"device={str(name)!r}: this machine has {', '.join(present)}; or 'auto'.")
    return torch.device(name)


def device_of(module: nn.Module) -> torch.device:
    """Where the parameters of a module lie; cpu if it has none."""
    return next((p.device for p in module.parameters()), torch.device("cpu"))


class OneDevice:
    """The few methods of a Fabric that the training loop calls, for one device in float32."""

    world_size, global_rank = 1, 0

    def __init__(self, device: torch.device):
        self.device = device

    def launch(self, function: Callable[..., Any]) -> Any:
        """Call function(self)."""
        return function(self)

    def setup(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple:
        """Nothing to wrap."""
        return module, optimizer

    def autocast(self) -> AbstractContextManager:
        """Nothing to cast."""
        return nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss."""
        loss.backward()


def machine(device: str | torch.device, precision: str | None, devices: int) -> Any:
    """What trains: a `OneDevice`, or a `lightning_fabric.Fabric` where more is asked for.

    Several devices work from a script, which Fabric starts again once per device (all of it runs
    in each), under `torchrun` or SLURM, and from a notebook, where it forks the kernel.

    Raises:
        ValueError: unknown device or precision, or a number of devices below 1.
    """
    chosen = choose_device(device)
    if devices < 1:
        raise ValueError(f"devices={devices}: give a number of devices, 1 or more.")
    if precision not in (None, *PRECISIONS):
        raise ValueError(f"precision={precision!r}: give None or one of {', '.join(PRECISIONS)}.")
    if devices == 1 and precision in (None, "32-true"):
        return OneDevice(chosen)
    from lightning_fabric import Fabric  # seconds to import: only for those who need it

    strategy = "auto" if devices == 1 else "ddp_notebook" if _in_notebook() else "ddp"
    which = devices if chosen.index is None else [chosen.index]
    return Fabric(
        accelerator=chosen.type, strategy=strategy, devices=which, precision=precision or "32-true"
    )


def _in_notebook() -> bool:
    """An interactive session cannot be started again once per device, as a script can."""
    return hasattr(sys, "ps1")


def as_tensors(arrays: Sequence[np.ndarray | Tensor], name: str) -> tuple[Tensor, ...]:
    """Arrays with one row per example as tensors: float64 becomes float32, as the networks are.

    Raises:
        ValueError: no array, one that does not hold numbers, or lengths that differ.
    """
    if isinstance(arrays, np.ndarray | Tensor):
        arrays = (arrays,)
    if len(arrays) == 0:
        raise ValueError(f"{name} is empty: give a tuple of arrays, e.g. (features, mask, labels).")
    tensors = tuple(_as_tensor(array, f"{name}[{i}]") for i, array in enumerate(arrays))
    lengths = [len(t) if t.ndim else 0 for t in tensors]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{name}: the arrays have {lengths} rows; each must have one row per example."
        )
    return tensors


def _as_tensor(array: np.ndarray | Tensor, name: str) -> Tensor:
    if not isinstance(array, Tensor):
        array = np.asarray(array)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name} holds {array.dtype}, not numbers: make it a plain array.")
        # torch reads neither big-endian numbers (ROOT's), nor reversed views, nor read-only memory.
        wide = array.dtype.kind == "u" and array.dtype.itemsize > 1
        native = np.dtype("int64") if wide else array.dtype.newbyteorder("=")
        array = torch.from_numpy(np.require(array, native, ["C", "W"]))
    return (array.float() if array.dtype == torch.float64 else array).detach()


def keep_near(tensors: Sequence[Tensor], device: torch.device) -> tuple[Tensor, ...]:
    """Move the whole data set to the device once, unless it would fill half of a GPU's memory."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if sum(t.nbytes for t in tensors) > free / 2:
            return tuple(tensors)
    return tuple(t.to(device) for t in tensors)


def keep_freed_memory() -> None:
    """Spare a training on the CPU its page faults: a third of the time, for arrays of megabytes.

    glibc gives the memory of each step back to the kernel, which clears it anew for the next one,
    until it has seen a block of almost 32 MiB being freed; then it keeps up to twice that.
    """
    torch.empty(31 * 2**18)
