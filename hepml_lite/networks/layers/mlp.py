"""The multi-layer perceptron: linear maps with a non-linearity between them."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """Multi-layer perceptron acting on the last axis: x → W₂ σ(W₁ x + b₁) + b₂ …

    Args:
        sizes: width of every layer, input and output included: `(16, 32, 5)` maps 16 numbers
            to 5 through one hidden layer of 32.
        activation: makes σ, the module after each layer but the last, e.g. `nn.ReLU`, `nn.SiLU`.
        dropout: probability to drop a hidden activation in training.
        activate_last: put σ (and dropout) after the last layer, too.

    Raises:
        ValueError: fewer than two sizes, a size below 1, a dropout outside [0, 1).
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], nn.Module] = nn.ReLU,
        dropout: float = 0.0,
        activate_last: bool = False,
    ):
        super().__init__()
        _check(sizes, dropout)
        self.sizes = tuple(sizes)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), activation()]
            layers += [nn.Dropout(dropout)] if dropout else []
        n_after_last = 2 if dropout else 1
        self.layers = nn.Sequential(*layers if activate_last else layers[:-n_after_last])

    def forward(self, x: Tensor) -> Tensor:
        """(..., sizes[0]) → (..., sizes[-1]).

        Raises:
            ValueError: another number of features, integers, or another precision than that of
                the weights.
        """
        if x.shape[-1:] != self.sizes[:1] or not x.is_floating_point():
            raise ValueError(
                f"{x.dtype} of shape {tuple(x.shape)}: this network takes floats with "
                f"{self.sizes[0]} numbers on the last axis; write x.float(), or make it for "
                "another size."
            )
        weights = next(self.layers.parameters()).dtype
        if x.dtype != weights and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(
                f"x holds {x.dtype}, the weights of this network {weights}: write x.to({weights}), "
                f"or model.to({x.dtype})."
            )
        return self.layers(x)

    def __repr__(self) -> str:
        n_parameters = sum(p.numel() for p in self.parameters())
        return f"MLP({' → '.join(map(str, self.sizes))}; {n_parameters:,} parameters)"


def _check(sizes: Sequence[int], dropout: float) -> None:
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"sizes={tuple(sizes)}: give at least an input and an output width, all ≥ 1, "
            "for instance (16, 32, 5)."
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout}: give a probability, 0 ≤ dropout < 1.")
