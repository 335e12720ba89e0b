"""Seeds of a training: the same seed gives the same result, also after a resumed epoch."""

from contextlib import AbstractContextManager

import torch

VALIDATION = 0  # epochs count from 1
ALL_DEVICES = -1  # devices count from 0


def set_seed(seed: int, epoch: int, rank: int) -> None:
    """Seed torch for an epoch on one device, or for `VALIDATION`.

    Every epoch has a seed of its own, so that a resumed epoch draws what an uninterrupted one
    draws. The validation of every epoch has the same seed: random losses can be compared.
    """
    torch.manual_seed(_combined(seed, epoch, rank))


def order_seed(seed: int, epoch: int) -> int:
    """Seed of the order of the examples in an epoch, the same on all devices."""
    return _combined(seed, epoch, ALL_DEVICES)


def _combined(seed: int, epoch: int, rank: int) -> int:
    return seed * 1_000_003 + epoch * 1_009 + rank


def random_numbers_kept(device: torch.device) -> AbstractContextManager:
    """A context after which torch's global generators are as before: the caller's numbers go on."""
    if device.type == "cpu":
        return torch.random.fork_rng(devices=[])
    return torch.random.fork_rng(devices=[device], device_type=device.type)
