import re
from pathlib import Path

import pytest
import torch
from laws import (
    assert_gradients_reach_every_parameter,
    assert_infrared_collinear_safe,
    assert_padding_invariant,
    assert_permutation_invariant,
    assert_save_load_round_trip,
    particles,
)
from torch import nn

from hepml_lite.networks.deep_sets import EnergyFlowNetwork, ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.training import count_parameters
from hepml_lite.training.weights import load_weights, save_weights

torch.set_num_threads(1)
DEEP_SETS = ParticleFlowNetwork, EnergyFlowNetwork


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def small(network):
    return network(3, phi_sizes=(16, 16), f_sizes=(16,))


@pytest.mark.parametrize("network", DEEP_SETS)
def test_deep_sets_know_neither_order_nor_padding(network):
    assert_permutation_invariant(small(network), *particles())
    assert_padding_invariant(small(network), *particles())
    assert_padding_invariant(small(network), *particles(), garbage=float("nan"))


@pytest.mark.parametrize("network", DEEP_SETS)
def test_every_parameter_of_a_deep_set_learns(network):
    assert_gradients_reach_every_parameter(small(network), *particles(64))


@pytest.mark.parametrize("network", DEEP_SETS)
def test_deep_sets_come_back_from_disk(network, tmp_path):
    assert_save_load_round_trip(lambda: small(network), *particles(), tmp_path / "new" / "net.pt")


def test_energy_flow_is_infrared_and_collinear_safe():
    assert_infrared_collinear_safe(small(EnergyFlowNetwork), *particles())


def test_particle_flow_is_not_infrared_and_collinear_safe():
    with pytest.raises(AssertionError, match="soft particle"):
        assert_infrared_collinear_safe(small(ParticleFlowNetwork), *particles())


@pytest.mark.parametrize("network", DEEP_SETS)
def test_empty_jets_give_f_of_zero_and_do_not_touch_the_others(network):
    model = small(network).eval()
    features, mask = particles()
    with torch.no_grad():
        full = model(features, mask)
        mask[2] = False
        one_empty = model(features, mask)
        all_empty = model(features, torch.zeros_like(mask))
        f_of_zero = model.f(torch.zeros(1, 16))[0]
    others = [0, 1, 3, 4, 5]
    torch.testing.assert_close(one_empty[others], full[others])
    torch.testing.assert_close(one_empty[2], f_of_zero)
    torch.testing.assert_close(all_empty, f_of_zero.expand(6, 2))
    assert model(features[:0], mask[:0]).shape == (0, 2)


def test_a_sum_over_particles_by_hand():
    """The flat path with its index arithmetic is the formula of the paper, jet by jet."""
    features, mask = particles()
    pfn, efn = (small(network).eval() for network in DEEP_SETS)
    with torch.no_grad():
        for jet in range(len(mask)):
            real = features[jet, mask[jet]]  # (n, 3)
            expected = pfn.f(pfn.phi(real).sum(0))
            torch.testing.assert_close(pfn(features, mask)[jet], expected)
            expected = efn.f((real[:, :1] * efn.phi(real[:, 1:])).sum(0))
            torch.testing.assert_close(efn(features, mask)[jet], expected)
            torch.testing.assert_close(efn.filters(real[:, 1:]), efn.phi(real[:, 1:]))


def test_the_papers_sizes():
    assert count_parameters(ParticleFlowNetwork(3)) == 82_458  # quoted as 82k for top tagging
    assert count_parameters(ParticleFlowNetwork(4, (100, 100, 128))) == 56_830


def test_a_learner_can_read_what_a_network_is():
    text = repr(ParticleFlowNetwork())
    assert "3 → 100 → 100 → 256" in text
    assert "82,458 parameters" in text
    assert repr(MLP((4, 8, 2))) == "MLP(4 → 8 → 2; 58 parameters)"


def test_mlp_has_activation_and_dropout_between_layers_only():
    def kinds(model):
        return [type(layer).__name__ for layer in model.layers]

    assert kinds(MLP((4, 8, 2))) == ["Linear", "ReLU", "Linear"]
    assert kinds(MLP((4, 8, 2), nn.SiLU, dropout=0.1)) == ["Linear", "SiLU", "Dropout", "Linear"]
    assert kinds(MLP((4, 8), activate_last=True)) == ["Linear", "ReLU"]
    assert MLP((4, 8, 2))(torch.zeros(5, 3, 4)).shape == (5, 3, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP((4,)), "at least an input and an output"),
        (lambda: MLP((4, 0, 2)), "all ≥ 1"),
        (lambda: MLP((4, 2), dropout=1.0), "dropout=1.0"),
        (lambda: EnergyFlowNetwork(1), "n_features=1"),
        (lambda: ParticleFlowNetwork(3, ()), r"sizes=\(3,\)"),
    ],
)
def test_sizes_that_make_no_network_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_weights_of_another_network_are_refused_and_change_nothing(tmp_path):
    model, other = MLP((3, 5, 2)), MLP((3, 6, 2))
    before = model.layers[0].weight.clone()
    with pytest.raises(ValueError, match=re.escape("layers.0.bias: file (6,), model (5,)")):
        load_weights(model, save_weights(other, tmp_path / "net.pt"))
    with pytest.raises(ValueError, match=r"layers\.2\.bias: file has none"):
        load_weights(model, save_weights(MLP((3, 5)), tmp_path / "net.pt"))
    assert torch.equal(model.layers[0].weight, before)


def test_missing_and_damaged_weight_files_say_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="save_weights"):
        load_weights(MLP((3, 2)), tmp_path / "none.pt")
    damaged = tmp_path / "damaged.pt"
    for content in (
        b"",
        b"no tensors at all",
        save_weights(MLP((3, 2)), damaged).read_bytes()[:-4],
    ):
        damaged.write_bytes(content)
        with pytest.raises(ValueError, match="save again"):
            load_weights(MLP((3, 2)), damaged)


def test_an_interrupted_save_leaves_the_last_file_whole(tmp_path, monkeypatch):
    path = save_weights(MLP((3, 2)), tmp_path / "net.pt")
    before = path.read_bytes()

    def half(target, content):
        target.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(KeyboardInterrupt):
        save_weights(MLP((3, 2)), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


class Lawless(nn.Module):
    """Sees order and padding, and has a layer that does nothing: each law must notice."""

    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, features, mask):
        weight = 1 + torch.arange(features.shape[1])
        return self.used((features * weight[:, None].to(features)).sum(1))


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (assert_permutation_invariant, "a permutation"),
        (assert_padding_invariant, "padded slots"),
        (assert_gradients_reach_every_parameter, r"unused\.weight is not connected"),
        (assert_infrared_collinear_safe, "a soft particle"),
    ],
)
def test_the_laws_notice_who_breaks_them(law, message):
    with pytest.raises(AssertionError, match=message):
        law(Lawless(), *particles())
