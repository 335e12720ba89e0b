"""Four ways to compress a trained network: round, train with few bits, prune, learn the bits.

Each gives `CompressedNetwork`s, whose `whole()` is the network in whole numbers for `firmware`.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.statistics.settings_checks import checked_number
from hepml_lite.trigger.compression.network import Bits, CompressedNetwork
from hepml_lite.trigger.compression.pruning import Pruning, prune
from hepml_lite.trigger.compression.tasks import Task

PRICES = (0.01, 0.1, 0.3, 1.0, 3.0)  # of the operations at the start, against the error
MOST = Bits(8, 8)
ROWS_FOR_TYPES = 20_000  # that the ranges of the activations are taken from


def rounded_afterwards(task: Task, bits: Bits, own_bits: bool = False) -> CompressedNetwork:
    """The float network in fewer bits, without any training: post-training quantisation.

    Raises:
        ValueError: for bits below 1 or above 24.
    """
    weights, biases = task.teacher.weights()
    some = task.inputs[:: -(-len(task.inputs) // ROWS_FOR_TYPES)]
    return CompressedNetwork.of_float(weights, biases, some, task.input_type, bits, own_bits)


def trained_with_bits(
    task: Task,
    bits: Bits,
    *,
    epochs: int = 10,
    batch_size: int = 1024,
    learning_rate: float = 2e-3,
    callbacks: Sequence[training.Callback] = (),
    seed: int = 0,
) -> CompressedNetwork:
    """Quantisation-aware training: training goes on with the rounded numbers.

    Raises:
        ValueError: for bits below 1 or above 24, or settings that cannot be trained with.
    """
    network = rounded_afterwards(task, bits)
    settings = (epochs, batch_size, learning_rate, seed)
    _train(network, task, task.loss, settings, callbacks)
    return network


def pruned(
    task: Task,
    bits: Bits,
    share: float,
    *,
    epochs: int = 10,
    batch_size: int = 1024,
    learning_rate: float = 2e-3,
    seed: int = 0,
) -> CompressedNetwork:
    """The same, while more and more of the smallest weights become zero.

    Args:
        share: of the weights that are zero at the end.

    Raises:
        ValueError: for a share outside 0 to 1, or as `trained_with_bits`.
    """
    checked_number("share", share, 0, 1, "[)", "0.5")
    network = rounded_afterwards(task, bits)
    steps = epochs * -(-len(task.inputs) // batch_size)
    schedule = Pruning(network, share, steps)
    settings = (epochs, batch_size, learning_rate, seed)
    _train(network, task, task.loss, settings, (schedule,))
    prune(network, share)
    return network


def with_own_bits(
    task: Task,
    *,
    most: Bits = MOST,
    prices: Sequence[float] = PRICES,
    epochs: int = 5,
    batch_size: int = 1024,
    learning_rate: float = 2e-3,
    seed: int = 0,
) -> Iterator[CompressedNetwork]:
    """Each weight learns its bits; the price of a bit rises, and each price gives one network.

    One training gives the whole curve of cost against quality. The networks are the same object,
    which the next price changes: take `whole()` or a score before you go on.

    Args:
        most: bits of activations, and the most of a weight.
        prices: what all bit operations of the start cost, in units of the error; rising.
        epochs: for each price.

    Raises:
        ValueError: for prices that are not positive or do not rise, or as `trained_with_bits`.
    """
    if not len(prices) or min(prices) <= 0 or (np.diff(prices) <= 0).any():
        raise ValueError(f"prices are {prices}: give positive numbers that rise, as {PRICES}")
    network = rounded_afterwards(task, most, own_bits=True)
    start = float(network.bit_operations().detach())
    for number, price in enumerate(prices):
        loss = partial(_loss_with_price, task, price / start)
        settings = (epochs, batch_size, learning_rate, seed + number)
        _train(network, task, loss, settings)
        yield network


def _loss_with_price(task: Task, price: float, model: nn.Module, *batch: Tensor) -> Tensor:
    """The error plus the price of the bit operations."""
    assert isinstance(model, CompressedNetwork)
    return task.loss(model, *batch) + price * model.bit_operations()


def _train(
    network: CompressedNetwork,
    task: Task,
    loss: training.optimisation.Loss,
    settings: tuple[int, int, float, int],
    callbacks: Sequence[training.Callback] = (),
) -> None:
    """One training in place."""
    epochs, batch_size, learning_rate, seed = settings
    training.fit(
        network,
        task.data,
        loss,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=training.cosine,
        callbacks=callbacks,
        seed=seed,
        device="cpu",
        progress=False,
    )
