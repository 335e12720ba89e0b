"""Where a training runs: on one device in plain PyTorch, on several or in bfloat16 by Fabric."""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol, TypeVar, cast, get_args

import torch
from torch import Tensor, nn

# This query must not start CUDA: processes that a notebook forks later could not use it.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
PRECISIONS = get_args(Precision)

Result = TypeVar("Result")


class Machine(Protocol):
    """What the training loop needs of one or several devices; a `lightning_fabric.Fabric` has it.

    Attributes:
        device: of this process.
        world_size: number of processes, one for each device.
        global_rank: number of this process, from 0.
    """

    @property
    def device(self) -> torch.device: ...  # noqa: D102
    @property
    def world_size(self) -> int: ...  # noqa: D102
    @property
    def global_rank(self) -> int: ...  # noqa: D102

    def launch(self, function: Callable[["Machine"], Result], /) -> Result:
        """Start a process for each device and call function(machine) in each."""
        ...

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer, /
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Module and optimizer that share gradients between devices and use the precision."""
        ...

    def autocast(self) -> AbstractContextManager:
        """A context in which the operations use the precision."""
        ...

    def backward(self, loss: Tensor, /) -> None:
        """Compute the gradients of the loss."""
        ...

    def all_reduce(self, data: Tensor, /, *, reduce_op: str) -> Tensor:
        """The tensors of all processes, reduced to one, e.g. by "sum"."""
        ...


class OneDevice:
    """The `Machine` of one device in float32: plain PyTorch."""

    world_size = 1
    global_rank = 0

    def __init__(self, device: torch.device):
        self.device = device

    def launch(self, function: Callable[[Machine], Result]) -> Result:
        """Call function(self)."""
        return function(self)

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return both as they are."""
        return module, optimizer

    def autocast(self) -> AbstractContextManager:
        """A context that changes nothing."""
        return nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of the loss."""
        loss.backward()

    def all_reduce(self, data: Tensor, *, reduce_op: str) -> Tensor:
        """Return the tensor as it is."""
        return data


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """The device of that name; "auto" is cuda where there is one, else mps (Apple), else cpu.

    Raises:
        ValueError: an unknown name, or a device that this machine does not have.
    """
    present = ["cpu"]
    if torch.backends.mps.is_available():
        present.insert(0, "mps")
    if torch.cuda.is_available():
        present.insert(0, "cuda")
    if str(name) == "auto":
        return torch.device(present[0])
    if str(name).partition(":")[0] not in present:
        raise ValueError(f"device={str(name)!r}: this machine has {', '.join(present)}; or 'auto'.")
    return torch.device(name)


def choose_machine(device: str | torch.device, precision: str | None, devices: int) -> Machine:
    """What a training runs on: a `OneDevice`, or a Fabric for several devices or mixed precision.

    Several devices work in a script, which Fabric starts again once for each device (all of the
    script runs in each), under `torchrun` or SLURM, and in a notebook, whose kernel Fabric forks.

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
    from lightning_fabric import Fabric  # takes seconds to import, and few trainings need it

    strategy = "auto"
    if devices > 1:
        strategy = "ddp_notebook" if _in_notebook() else "ddp"
    which = devices if chosen.index is None else [chosen.index]
    fabric = Fabric(
        accelerator=chosen.type,
        strategy=strategy,
        devices=which,
        precision=cast(Precision, precision or "32-true"),
    )
    return cast(Machine, fabric)  # its methods accept more than those of a Machine


def _in_notebook() -> bool:
    """Whether the session is interactive: it cannot be started again, as a script can."""
    return hasattr(sys, "ps1")


def device_of(module: nn.Module) -> torch.device:
    """The device of the parameters of a module; cpu if it has none."""
    return next((p.device for p in module.parameters()), torch.device("cpu"))


def keep_freed_memory() -> None:
    """Make trainings on a CPU faster, by a third for arrays of megabytes: keep freed memory.

    glibc gives the memory of each step back to the kernel, which must clear it for the next step.
    Once glibc has freed a block of almost 32 MiB, it keeps up to twice that.
    """
    torch.empty(31 * 2**18)
