"""Jets of every class of three samples, moves that keep distances, and a seed for every test."""

import pytest
import torch

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations import transformations as change

torch.set_num_threads(1)
MOVES = {
    "rotated": lambda jets: change.rotated(jets, 0.7),
    "turned": lambda jets: change.turned(jets, 2.9),
    "boosted": lambda jets: change.boosted(jets, 0.8),
    "mirrored": change.mirrored,
}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture(scope="session", params=["top_tagging", "quark_gluon", "jet_classes"])
def sample(request):
    return load(request.param, "smoke")


@pytest.fixture(scope="module")
def jets(sample, request):
    """`JETS_OF_A_CLASS` of the module, 20 if it names none; six of one and of two particles."""
    number = getattr(request.module, "JETS_OF_A_CLASS", 20)
    some = Jets.concatenate([sample.of_class(kind)[:number] for kind in sample.names])
    return Jets.concatenate([some, some[:3].truncate(1), some[:3].truncate(2)])


@pytest.fixture(params=MOVES.values(), ids=MOVES)
def move(request):
    return request.param
