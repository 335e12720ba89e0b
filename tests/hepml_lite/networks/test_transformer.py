import pytest
import torch
from laws import (
    assert_gradients_reach_every_parameter,
    assert_padding_invariant,
    assert_permutation_invariant,
    assert_save_load_round_trip,
    particles,
)
from torch import nn

from hepml_lite.networks.layers.padding import mean_pooled
from hepml_lite.networks.transformer import SelfAttention, TransformerEncoder

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


class Pooled(nn.Module):
    """The mean of the encoder's outputs: one vector a jet, as the laws need it."""

    def __init__(self):
        super().__init__()
        self.encoder = TransformerEncoder(3, 16, 2)
        self.head = nn.Linear(16, 4)

    def forward(self, features, mask):
        return self.head(mean_pooled(self.encoder(features, mask), mask))


def small():
    return Pooled()


def test_pooled_encoder_knows_neither_order_nor_padding():
    assert_permutation_invariant(small(), *particles())
    assert_padding_invariant(small(), *particles())
    assert_padding_invariant(small(), *particles(), garbage=float("nan"))


def test_every_parameter_learns():
    assert_gradients_reach_every_parameter(small(), *particles(64))


def test_weights_come_back_from_disk(tmp_path):
    assert_save_load_round_trip(small, *particles(), tmp_path / "net.pt")


@torch.no_grad()
def test_encoder_permutes_its_outputs_with_the_particles():
    encoder = TransformerEncoder(3, 16).double()
    features, mask = particles()
    features, order = features.double(), torch.randperm(mask.shape[1])
    expected = encoder(features, mask)
    got = encoder(features[:, order], mask[:, order])
    assert torch.allclose(got, expected[:, order], atol=1e-12)
    assert not expected[~mask].any()


@torch.no_grad()
def test_attention_is_that_of_torch_at_equal_weights():
    ours, theirs = SelfAttention(16, 4), nn.MultiheadAttention(16, 4, batch_first=True)
    theirs.in_proj_weight.copy_(ours.queries_keys_values.weight)
    theirs.in_proj_bias.zero_()
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    x, mask = particles(n_features=16)
    expected, _ = theirs(x, x, x, key_padding_mask=~mask)
    assert torch.allclose(ours(x, mask)[mask], expected[mask], atol=1e-6)


@torch.no_grad()
def test_particles_do_look_at_each_other():
    encoder = TransformerEncoder(3, 16)
    features, mask = torch.randn(1, 4, 3), torch.ones(1, 4, dtype=torch.bool)
    moved = features.clone()
    moved[0, 3] += 1
    assert (encoder(moved, mask) - encoder(features, mask))[0, :3].abs().max() > 1e-3


def test_jets_without_particles_are_finite_and_do_not_touch_the_others():
    model, (features, mask) = small(), particles()
    expected = model(features, mask)
    empty = mask.clone()
    empty[0] = False
    features = features.requires_grad_()
    got = model(features, empty)
    assert torch.allclose(got[1:], expected[1:], atol=1e-6)
    got.sum().backward()
    assert got.isfinite().all()
    assert features.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_mean_is_over_real_particles_only():
    x = torch.tensor([[[2.0], [4.0], [9.0]], [[1.0], [1.0], [1.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert mean_pooled(x, mask).tolist() == [[3.0], [0.0]]


@pytest.mark.parametrize(
    ("sizes", "named"), [({"width": 30}, "width=30"), ({"n_layers": 0}, "n_layers=0")]
)
def test_impossible_sizes_are_named(sizes, named):
    with pytest.raises(ValueError, match=named):
        TransformerEncoder(3, **sizes)
