"""Arrays become tensors, and tensors become batches, shared between the devices."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from hepml_lite.training.devices import Machine

Arrays = Sequence[np.ndarray | Tensor]


@dataclass(frozen=True)
class Batches:
    """A data set that is read in batches; every device gets its share of each batch.

    Attributes:
        tensors: with one row per example.
        batch_size: examples per batch, over all devices together.
        machine: the devices.
    """

    tensors: tuple[Tensor, ...]
    batch_size: int
    machine: Machine

    @property
    def n_examples(self) -> int:
        """Number of examples."""
        return len(self.tensors[0])

    def __len__(self) -> int:
        return math.ceil(self.n_examples / self.batch_size)

    def shuffled(self, seed: int) -> Iterator[list[Tensor]]:
        """Batches in a random order; each device gets as many examples of a batch as the others."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(self.n_examples, generator=generator)
        for rows in self._split(order):
            n_shared = len(rows) // self.machine.world_size * self.machine.world_size
            yield from self._share(rows[:n_shared])

    def in_order(self) -> Iterator[list[Tensor]]:
        """Batches in the order of the data; each example goes to exactly one device."""
        for rows in self._split(torch.arange(self.n_examples)):
            yield from self._share(rows)

    def _split(self, order: Tensor) -> tuple[Tensor, ...]:
        return order.to(self.tensors[0].device).split(self.batch_size)

    def _share(self, rows: Tensor) -> Iterator[list[Tensor]]:
        """The rows of this device, as one batch; no batch if there are none."""
        share = rows[self.machine.global_rank :: self.machine.world_size]
        if len(share):
            yield [t[share].to(self.machine.device) for t in self.tensors]


def as_tensors(arrays: Arrays, name: str) -> tuple[Tensor, ...]:
    """Arrays with one row per example as tensors: floats become float32, as the networks are.

    Args:
        arrays: one array, or several of the same length.
        name: of the arrays, for error messages.

    Raises:
        ValueError: no array, one that does not hold numbers, or lengths that differ.
    """
    if isinstance(arrays, np.ndarray | Tensor):
        arrays = (arrays,)
    if not isinstance(arrays, Sequence):
        raise TypeError(
            f"{name} is {type(arrays).__name__}: give a tuple of arrays, e.g. (features, mask, "
            "labels)."
        )
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
    tensor = array if isinstance(array, Tensor) else _from_numpy(_as_array(array, name), name)
    if tensor.is_floating_point():  # float64, and float16, in which samples are often stored
        tensor = tensor.float()
    return tensor.detach()


def _as_array(values: ArrayLike, name: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}; give rows of the same length.") from None


def _from_numpy(array: np.ndarray, name: str) -> Tensor:
    """The array as a tensor, copied only where torch cannot read its memory."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} holds {array.dtype}, not numbers: make it a plain array.")
    # torch reads neither big-endian numbers (ROOT's), nor reversed views, nor read-only memory.
    wide_unsigned = array.dtype.kind == "u" and array.dtype.itemsize > 1
    dtype = np.dtype("int64") if wide_unsigned else array.dtype.newbyteorder("=")
    return torch.from_numpy(np.require(array, dtype, ["C", "W"]))


def move_if_it_fits(tensors: Sequence[Tensor], device: torch.device) -> tuple[Tensor, ...]:
    """Move a whole data set to the device, unless it would fill half of the free memory of a GPU.

    Data that do not fit stay where they are; `Batches` then moves one batch at a time.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if sum(t.nbytes for t in tensors) > free / 2:
            return tuple(tensors)
    return tuple(t.to(device) for t in tensors)
