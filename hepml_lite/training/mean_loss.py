"""The mean loss of an epoch, over the examples of all devices."""

import torch
from torch import Tensor

from hepml_lite.training.checks import NotFinite
from hepml_lite.training.devices import Machine

CHECK_EVERY = 25  # batches between two looks at the loss, since each look waits for a GPU


class MeanLoss:
    """Gathers the mean losses of batches; `value` is the mean over examples, not over batches.

    Args:
        where: "epoch 3" or "the validation data", for error messages.
        machine: the devices that share the batches.
    """

    def __init__(self, where: str, machine: Machine):
        self.where = where
        self.machine = machine
        self.losses: list[Tensor] = []
        self.sizes: list[int] = []

    def add(self, loss: Tensor, n_examples: int) -> None:
        """Take in the mean loss of a batch.

        Raises:
            NotFinite: a loss is NaN or infinite. Only every 25th call looks.
        """
        self.losses.append(loss.detach())
        self.sizes.append(n_examples)
        if len(self.losses) % CHECK_EVERY == 1 and not loss.isfinite():
            self._finite_losses()

    def value(self) -> float:
        """Mean loss over the examples of all devices.

        Raises:
            NotFinite: a loss is NaN or infinite.
        """
        n_examples = torch.tensor(self.sizes).double()
        total = torch.stack([self._finite_losses() @ n_examples, n_examples.sum()])
        if self.machine.world_size > 1:
            total = self.machine.all_reduce(total.to(self.machine.device), reduce_op="sum")
        return float(total[0] / total[1])

    def _finite_losses(self) -> Tensor:
        losses = torch.stack(self.losses).cpu().double()
        wrong = (~losses.isfinite()).nonzero()
        if len(wrong):
            first = int(wrong[0])
            raise NotFinite(
                f"the loss is {losses[first].item()} in {self.where}, batch {first + 1}"
            )
        return losses
