"""Networks of a time and conditions: vectors, and sets that know neither order nor padding."""

import pytest
import torch
from laws import (
    assert_finite_for_few_particles,
    assert_gradients_reach_every_parameter,
    assert_padding_invariant,
    assert_padding_stays_out_of_training,
    assert_permutation_invariant,
    particles,
)
from torch import nn

from hepml_lite.networks.conditional_mlp import ConditionalMLP
from hepml_lite.networks.epic import EPiC
from hepml_lite.networks.set_transformer import SetTransformer

SETS = EPiC, SetTransformer


class JetOf(nn.Module):
    """Sums over the particles of an equivariant network, for the laws of invariant ones.

    Time and condition are numbers of the jet, one jet like another: the laws split batches.
    """

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, features, mask):
        t = torch.full_like(features[:, 0, 0], 0.3)
        velocity = self.network(features, mask, t, torch.stack([t, 1 - t], 1))
        squares = (velocity * torch.where(mask.unsqueeze(2), features, 0)).sum(1)
        return torch.cat([velocity.sum(1), squares], 1)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def small(network):
    return network(3, 2, width=16, n_layers=2)


@pytest.mark.parametrize("network", SETS)
def test_set_networks_know_neither_order_nor_padding(network):
    jet = JetOf(small(network))
    assert_permutation_invariant(jet, *particles())
    for garbage in (1e3, float("nan")):
        assert_padding_invariant(jet, *particles(), garbage=garbage)
        assert_padding_stays_out_of_training(jet, *particles(), garbage=garbage)
    assert_finite_for_few_particles(jet, *particles())


@pytest.mark.parametrize("network", SETS)
def test_outputs_follow_the_particles_and_depend_on_all_of_them(network):
    model = small(network).double()
    features, mask = particles()
    features = features.double()
    t = torch.rand(len(mask)).double()
    c = torch.randn(len(mask), 2).double()
    before = model(features, mask, t, c)
    order = torch.randperm(mask.shape[1])
    torch.testing.assert_close(model(features[:, order], mask[:, order], t, c), before[:, order])
    assert (before[~mask] == 0).all()
    moved = features.clone()
    moved[:, 0] += 1
    assert (model(moved, mask, t, c)[:, 1] != before[:, 1]).any(1).all()
    assert (model(features, mask, t + 0.1, c)[:, 0] != before[:, 0]).any(1).all()
    assert (model(features, mask, t, c + 0.1)[:, 0] != before[:, 0]).any(1).all()


@pytest.mark.parametrize("network", SETS)
def test_every_parameter_of_a_set_network_learns(network):
    features, mask = particles(64)
    arguments = (features, mask, torch.rand(64), torch.randn(64, 2))
    assert_gradients_reach_every_parameter(small(network), *arguments)


def test_the_network_of_vectors_uses_all_it_is_given():
    model = ConditionalMLP(3, 2, width=16, n_blocks=2)
    x, t, c = torch.randn(64, 3), torch.rand(64), torch.randn(64, 2)
    assert_gradients_reach_every_parameter(model, x, t, c)
    assert model(x, t, c).shape == x.shape
    assert not torch.equal(model(x, t + 0.1, c), model(x, t, c))
    assert not torch.equal(model(x, t, c + 0.1), model(x, t, c))
    with pytest.raises(ValueError, match="n_blocks=0"):
        ConditionalMLP(3, n_blocks=0)
