"""Batch normalisation over the real rows of padded jets, and means over groups of rows."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.utils.checkpoint import checkpoint

from hepml_lite.networks.layers.known_layers import follow

RECOMPUTE_ABOVE = 5_000_000  # numbers on edges; with more, activations are computed twice


class RowNorm(nn.BatchNorm1d):
    """Batch normalisation of rows (M, C) that are all real, so that padding does not count."""

    def forward(self, rows: Tensor) -> Tensor:
        """(M, C) → (M, C); a single row has no variance, so it uses the running moments."""
        if len(rows) > 1 or not self.training:
            return super().forward(rows)
        return batch_norm(rows, self.running_mean, self.running_var, self.weight, self.bias)

    def relu_then(self, layer: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
        """layer(ReLU(self(rows))); with many rows, only `rows` is kept for the backward pass.

        The backward pass computes the rest again: it takes a little more time, but half the memory.
        """
        keep = rows.numel() < RECOMPUTE_ABOVE or rows.is_cuda or not self.training
        if keep or not torch.is_grad_enabled():
            return layer(self(rows).relu_())
        self._follow(rows.detach())

        def again(rows: Tensor) -> Tensor:  # without the running mean, which moves only once
            normed = batch_norm(rows, None, None, self.weight, self.bias, True, eps=self.eps)
            return layer(normed.relu_())

        return checkpoint(again, rows, use_reentrant=False, preserve_rng_state=False)

    def _follow(self, rows: Tensor) -> None:
        variance, mean = torch.var_mean(rows, 0)
        follow(self, mean, variance)


def mean_of_rows(rows: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Mean of rows (E, C) that share a `group` (E,): (n_groups, C), zero where there are none."""
    number = torch.bincount(group, minlength=n_groups).clamp(min=1).unsqueeze(1)
    return rows.new_zeros(n_groups, rows.shape[1]).index_add(0, group, rows) / number
