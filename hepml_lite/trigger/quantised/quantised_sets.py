"""Small networks for sets, graphs and images, trained with the rounded numbers of a chip.

Each is a list of steps as in `integer_sets`: the same layer for each particle, each pair or each
patch, and sums. An absent particle is a row of zeros; it passes through the same layer as the
others, as in firmware, where each place is a piece of logic that is always there.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.trigger.emulation.integer_sets import (
    ONE,
    SharedNetwork,
    SharedStep,
    adding,
    of_each,
    of_pairs,
    of_patches,
    over_the_set,
)
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.quantised.quantised_training import QuantisedDense, fake_quantised

#: The types of particles, weights, biases, hidden numbers, sums and results.
PARTICLE = FixedPoint(10, 4, rounding="RND_CONV", overflow="SAT")
WEIGHT = FixedPoint(8, 3)
BIAS = FixedPoint(10, 4)
HIDDEN = FixedPoint(10, 5, signed=False, rounding="RND_CONV", overflow="SAT")
SUM = FixedPoint(12, 8, signed=False, rounding="RND_CONV", overflow="SAT")
LOGIT = FixedPoint(12, 6, rounding="RND_CONV", overflow="SAT")
ACCUMULATOR = FixedPoint(40, 24)


class Step(NamedTuple):
    """A layer and the groups (G, n_in) of places that it looks at."""

    layer: QuantisedDense
    groups: np.ndarray


class QuantisedSum(QuantisedDense):
    """A sum of n numbers, rounded to the output type; nothing in it is trained."""

    def __init__(self, n: int, input_type: FixedPoint, output_type: FixedPoint) -> None:
        accumulator = adding(n, input_type, output_type).accumulator
        super().__init__(n, 1, input_type, output_type, accumulator, False, ONE, ONE)
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)
        self.requires_grad_(False)


class SharedLayers(nn.Module):
    """A trainable list of steps, (N, n_in) numbers -> (N, n_out)."""

    def __init__(self, n_in: int, steps: list[Step]) -> None:
        super().__init__()
        self.n_in = checked_count("n_in", n_in)
        self.dense = [step.layer for step in steps]
        self.layers = nn.ModuleList(self.dense)
        self.groups = [torch.as_tensor(step.groups) for step in steps]

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_in) numbers -> (N, n_out), rounded to the type of the last step."""
        numbers = fake_quantised(x.flatten(1), self.dense[0].input_type)
        new = numbers
        for layer, groups in zip(self.dense, self.groups, strict=True):
            new = layer(numbers[:, groups]).flatten(1)  # (N, G, n_in) -> (N, G n_out)
            numbers = torch.cat([numbers, new], dim=1)
        return new

    def whole(self) -> SharedNetwork:
        """The same network in whole numbers."""
        steps = [
            SharedStep(layer.whole(), groups.numpy())
            for layer, groups in zip(self.dense, self.groups, strict=True)
        ]
        return SharedNetwork(self.n_in, tuple(steps))


def dense(
    n_in: int, n_out: int, input_type: FixedPoint, output_type: FixedPoint, relu: bool = True
) -> QuantisedDense:
    """A layer with the types of this module."""
    return QuantisedDense(n_in, n_out, input_type, output_type, ACCUMULATOR, relu, WEIGHT, BIAS)


def deep_sets(
    n_particles: int = 8, n_features: int = 3, n_hidden: int = 8, n_classes: int = 5
) -> SharedLayers:
    """Deep Sets: rho(sum of phi(particle)), each of phi and rho with two layers.

    Args:
        n_particles: places in the set.
        n_features: numbers a particle, side by side.
        n_hidden: nodes of each layer.
        n_classes: results.
    """
    n_in = n_particles * n_features
    first = of_each(n_particles, n_features)
    second = of_each(n_particles, n_hidden, n_in)
    total = over_the_set(n_particles, n_hidden, n_in + n_particles * n_hidden)
    summed = of_each(1, n_hidden, n_in + 2 * n_particles * n_hidden)
    last = of_each(1, n_hidden, int(summed.max()) + 1)
    return SharedLayers(
        n_in,
        [
            Step(dense(n_features, n_hidden, PARTICLE, HIDDEN), first),
            Step(dense(n_hidden, n_hidden, HIDDEN, HIDDEN), second),
            Step(QuantisedSum(n_particles, HIDDEN, SUM), total),
            Step(dense(n_hidden, n_hidden, SUM, HIDDEN), summed),
            Step(dense(n_hidden, n_classes, HIDDEN, LOGIT, relu=False), last),
        ],
    )


def interaction_network(
    n_particles: int = 5, n_features: int = 3, n_hidden: int = 6, n_classes: int = 5
) -> SharedLayers:
    """An interaction network: messages between all pairs, a sum at each particle, then over all.

    The message of a pair sees both particles. A particle then sees its own numbers and the sum of
    the messages that it received, which is rounded to the type of the particles.

    Args:
        n_particles: places in the graph; there are n (n - 1) pairs.
        n_features: numbers a particle, side by side.
        n_hidden: nodes of each layer.
        n_classes: results.
    """
    n_in = n_particles * n_features
    others = n_particles - 1
    pairs = of_pairs(n_particles, n_features)
    of_receiver = n_in + np.arange(len(pairs) * n_hidden).reshape(n_particles, others, n_hidden)
    received = of_receiver.transpose(0, 2, 1).reshape(-1, others)
    start = n_in + len(pairs) * n_hidden
    messages = of_each(n_particles, n_hidden, start)
    nodes = np.concatenate([of_each(n_particles, n_features), messages], axis=1)
    start += n_particles * n_hidden
    total = over_the_set(n_particles, n_hidden, start)
    summed = of_each(1, n_hidden, start + n_particles * n_hidden)
    return SharedLayers(
        n_in,
        [
            Step(dense(2 * n_features, n_hidden, PARTICLE, HIDDEN), pairs),
            Step(QuantisedSum(others, HIDDEN, PARTICLE), received),
            Step(dense(n_features + n_hidden, n_hidden, PARTICLE, HIDDEN), nodes),
            Step(QuantisedSum(n_particles, HIDDEN, SUM), total),
            Step(dense(n_hidden, n_classes, SUM, LOGIT, relu=False), summed),
        ],
    )


def convolution(
    shape: tuple[int, ...],
    input_type: FixedPoint,
    *,
    side: int = 2,
    channels: int = 4,
    n_hidden: int = 16,
    hidden_type: FixedPoint = HIDDEN,
    output_type: FixedPoint = LOGIT,
    relu_at_end: bool = True,
) -> SharedLayers:
    """One filter for all patches of an image, then two dense layers to one number.

    This is the student of CICADA (github.com/CICADA-CMS), version 2: patches of 2 x 2 that do not
    overlap, four channels, 16 nodes.

    Args:
        shape: rows and columns of the image.
        input_type: of a pixel.
        side: of a patch.
        channels: numbers that a patch gives.
        n_hidden: nodes of the first dense layer.
        hidden_type, output_type: of the hidden numbers and of the result.
        relu_at_end: whether a negative result becomes zero, as a score that has no sign.
    """
    n_in = int(np.prod(shape))
    patches, _ = of_patches(shape, side)
    n_numbers = len(patches) * channels
    flat = of_each(1, n_numbers, n_in)
    hidden = of_each(1, n_hidden, n_in + n_numbers)
    return SharedLayers(
        n_in,
        [
            Step(dense(side**2, channels, input_type, hidden_type), patches),
            Step(dense(n_numbers, n_hidden, hidden_type, hidden_type), flat),
            Step(dense(n_hidden, 1, hidden_type, output_type, relu_at_end), hidden),
        ],
    )
