"""P-CNN: a residual network of one-dimensional convolutions along the particles in falling pT.

Described in H. Qu, L. Gouskos, "ParticleNet: Jet Tagging via Particle Clouds", arXiv:1902.08570,
and in the comparison of top taggers, arXiv:1902.09914; CMS used a similar network as DeepAK8. The
residual unit is that of K. He et al., arXiv:1512.03385.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn

from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import leading, mean_pooled
from hepml_lite.networks.layers.settings import require_positive


class ResidualUnit(nn.Module):
    """shortcut(x) + ReLU(norm(conv(ReLU(norm(conv(x)))))): two convolutions add to x.

    The shortcut is x itself, or a convolution over one particle where the channels or, with a
    stride, the positions change.
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 1):
        super().__init__()
        self.stride = stride
        self.conv1 = _convolution(n_in, n_out, stride)
        self.norm1 = nn.BatchNorm1d(n_out)
        self.conv2 = _convolution(n_out, n_out)
        self.norm2 = nn.BatchNorm1d(n_out)
        same = n_in == n_out and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv1d(n_in, n_out, 1, stride, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Positions x (N, C, P), zero where padded, mask (N, P) → the same after the stride."""
        after = mask[:, :: self.stride]  # an output is real if the position at its centre is
        y = _normalised(self.conv1(x), after, self.norm1).relu()
        y = _normalised(self.conv2(y), after, self.norm2).relu()
        shortcut = self.shortcut(x)  # (N, C', P')
        return shortcut + y * after.unsqueeze(1), after


class PCNN(nn.Module):
    """Convolutions along the particles in falling order, their mean, and a dense layer.

    A convolution sees three neighbours in pT, not in angle. It assumes that neighbours in pT are
    related; graph networks do not. Particles are sorted first, so their order in storage has no
    effect (except for ties).

    Padding stays zero after each convolution and counts neither in the batch normalisation nor in
    the mean. So it has no effect, not even in training; in the original it has one. In training,
    the statistics need two particles or more in a batch.

    Args:
        n_features: numbers per particle; the first is pT or grows with it and ranks them.
        stem: channels of the first convolution.
        stages: channels of the residual units, stage by stage; each stage but the first starts
            with a stride of 2, which halves the positions.
        hidden: width of the dense layer.
        n_classes: number of logits.
        n_particles: number of leading particles used.
        dropout: probability to drop an activation of the dense layer in training.

    Raises:
        ValueError: a size below 1, an empty stage or a dropout outside [0, 1).
    """

    def __init__(
        self,
        n_features: int = 3,
        stem: int = 16,
        stages: Sequence[Sequence[int]] = ((32,), (32,), (64,)),
        hidden: int = 64,
        n_classes: int = 2,
        n_particles: int = 100,
        dropout: float = 0.0,
    ):
        super().__init__()
        channels = [stem, *(width for stage in stages for width in stage)]
        if not stages or not all(stages) or min(channels) < 1:
            raise ValueError(
                f"stem={stem}, stages={stages}: each stage needs a unit or more, all widths ≥ 1, "
                "for instance ((32,), (32,), (64,))."
            )
        require_positive(n_features=n_features, n_particles=n_particles)
        strides: list[int] = []
        for stage in stages:
            first = 2 if strides else 1  # the first stage keeps all positions
            strides += [first, *[1] * (len(stage) - 1)]
        self.n_features = n_features
        self.n_particles = n_particles
        self.input_norm = nn.BatchNorm1d(n_features)
        self.stem = _convolution(n_features, stem)
        self.stem_norm = nn.BatchNorm1d(stem)
        self.units = nn.ModuleList()
        for (n_in, n_out), stride in zip(pairwise(channels), strides, strict=True):
            self.units.append(ResidualUnit(n_in, n_out, stride))
        self.head = MLP((channels[-1], hidden, n_classes), dropout=dropout)

    @classmethod
    def paper(cls, n_features: int = 7, n_classes: int = 2) -> Self:
        """Stages of 2 x 64, 2 x 64 and 2 x 128 channels, dense 512, 100 particles.

        348 400 parameters with seven features; the table of arXiv:1902.09914 quotes 348k. The
        sizes are those of the P-CNN of the authors of arXiv:2202.03772. Here convolutions before a
        normalisation have no bias; biases would add 1 056 parameters.
        """
        return cls(n_features, 32, ((64, 64), (64, 64), (128, 128)), 512, n_classes, dropout=0.2)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes) of jets: features (N, P, F), mask (N, P), True where real.

        Values in padded slots have no effect, even NaN; a jet without particles
        gives the output of the dense layer for zeros.
        """
        check_particles(self, features, mask, self.n_features)
        n = min(self.n_particles, features.shape[1])
        x, mask = leading(features, mask, n, features[..., 0])
        x = _normalised(x.transpose(1, 2), mask, self.input_norm)  # (N, P, F) → (N, F, P)
        x = _normalised(self.stem(x), mask, self.stem_norm).relu()  # (N, C, P)
        for unit in self.units:
            x, mask = unit(x, mask)  # (N, C, P) → (N, C', P / stride)
        return self.head(mean_pooled(x.transpose(1, 2), mask))  # (N, C) → (N, n_classes)

    def __repr__(self) -> str:
        return (
            f"PCNN({len(self.units)} residual units; {self.n_particles} leading particles; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def _convolution(n_in: int, n_out: int, stride: int = 1) -> nn.Conv1d:
    return nn.Conv1d(n_in, n_out, 3, stride, padding=1, bias=False)


def _normalised(x: Tensor, mask: Tensor, norm: nn.BatchNorm1d) -> Tensor:
    """Normalise the real positions of x (N, C, P), mask (N, P), and put zeros in the others."""
    if not norm.training:  # the statistics are fixed: padding cannot change them
        return torch.where(mask.unsqueeze(1), norm(x), 0)
    rows = x.transpose(1, 2)  # (N, P, C)
    return torch.zeros_like(rows).index_put((mask,), norm(rows[mask])).transpose(1, 2)
