import math

import numpy as np
import pytest
import torch
from laws import (
    assert_gradients_reach_every_parameter,
    assert_padding_invariant,
    assert_permutation_invariant,
    assert_save_load_round_trip,
)
from torch import nn

from hepml_lite.networks.lola import CombinationLayer, LoLa, LorentzLayer, minkowski_square
from hepml_lite.representations.transformations import boost_matrix
from hepml_lite.training import count_parameters

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def jets(n_jets=6, n_slots=9, seed=0, mass=0.0, spread=0.3):
    """Jets of up to `n_slots` particles near one direction: (N, P, 4) float64 [GeV], mask."""
    rng = np.random.default_rng(seed)
    pt = rng.exponential(50, (n_jets, n_slots)) + 1
    eta, phi = rng.normal(0, spread, (2, n_jets, n_slots))
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1)
    energy = np.sqrt((momentum**2).sum(-1) + mass**2)
    mask = np.arange(n_slots) < rng.integers(2, n_slots + 1, (n_jets, 1))
    four_vectors = np.concatenate([energy[..., None], momentum], -1) * mask[..., None]
    return torch.from_numpy(four_vectors), torch.from_numpy(mask)


def single(jets):
    return jets[0].float(), jets[1]


def rotation(seed):
    """A (4, 4) matrix that turns space at random and leaves the energy."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    q[:, 0] *= np.linalg.det(q)
    matrix = np.eye(4)
    matrix[1:, 1:] = q
    return torch.from_numpy(matrix)


def boost(seed, speed=0.7):
    direction = np.random.default_rng(seed).normal(size=3)
    return torch.from_numpy(boost_matrix(speed * direction / np.linalg.norm(direction)))


TRANSFORMATIONS = [rotation(1), boost(2), rotation(3) @ boost(4, 0.9)]


def small():
    return LoLa(5, 4, (16, 8))


def test_neither_order_nor_padding_mean_anything():
    assert_permutation_invariant(small(), *jets())
    assert_padding_invariant(small(), *jets())
    assert_padding_invariant(small(), *jets(), garbage=float("nan"))


def test_every_parameter_learns():
    assert_gradients_reach_every_parameter(small(), *single(jets(64)))


def test_it_comes_back_from_disk(tmp_path):
    assert_save_load_round_trip(small, *single(jets()), tmp_path / "net.pt")


@pytest.mark.parametrize("matrix", TRANSFORMATIONS)
def test_combinations_go_with_any_lorentz_transformation(matrix):
    layer, (k, _) = CombinationLayer(9, 4).double(), jets()
    torch.testing.assert_close(layer(k @ matrix.T), layer(k) @ matrix.T, rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("matrix", TRANSFORMATIONS)
def test_masses_and_distances_are_lorentz_invariant(matrix):
    k = CombinationLayer(9, 4).double()(jets()[0])
    layer = LorentzLayer(k.shape[1]).double()
    invariant = list(LorentzLayer.INVARIANT)
    here, there = (layer(x)[..., invariant] for x in (k, k @ matrix.T))
    assert (there - here).abs().max() < 1e-10 * k[..., 0].max() ** 2


def test_masses_and_distances_are_invariant_in_single_precision_to_what_it_holds():
    k = CombinationLayer(9, 4).double()(jets()[0])
    layer, invariant = LorentzLayer(k.shape[1]), list(LorentzLayer.INVARIANT)
    moved = (k @ boost(2).T).float()
    here, there = layer(k.float())[..., invariant], layer(moved)[..., invariant]
    assert (there - here).abs().max() < 1e-5 * moved[..., 0].max() ** 2


def test_momentum_and_energy_are_not_invariant():
    k = CombinationLayer(9, 4).double()(jets()[0])
    layer = LorentzLayer(k.shape[1]).double()
    change = (layer(k @ boost(2).T) - layer(k)).abs().amax((0, 1)) / layer(k).abs().amax((0, 1))
    assert change[1] > 0.01
    assert change[2] > 0.01


def test_the_network_does_not_see_a_turn_around_the_beam_but_a_boost():
    model, (k, mask) = small().double().eval(), jets()
    cos, sin = math.cos(1.0), math.sin(1.0)
    turn = torch.eye(4).double()
    turn[1:3, 1:3] = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
    mirror = torch.diag(torch.tensor([1.0, 1, -1, -1])).double()
    expected = model(k, mask)
    for matrix in (turn, mirror):
        torch.testing.assert_close(model(k @ matrix.T, mask), expected, rtol=1e-10, atol=1e-10)
    assert (model(k @ boost(2).T, mask) - expected).abs().max() > 1e-6


def test_the_lorentz_layer_by_hand():
    """The formulas of the paper with loops over vectors."""
    k, layer = jets(2, 4)[0], LorentzLayer(4).double()
    got, metric = layer(k), np.diag([1.0, -1, -1, -1])
    w_energy, w_distance = layer.energy_weights.detach(), layer.distance_weights.detach()
    for n in range(2):
        for j in range(4):
            p = k[n, j].numpy()
            d = [float((p - q) @ metric @ (p - q)) for q in k[n].numpy()]
            terms = [[float(w_distance[c, j, m]) * d[m] for m in range(4)] for c in range(4)]
            energy = sum(float(w_energy[j, m] * k[n, m, 0]) for m in range(4))
            expected = [p @ metric @ p, np.hypot(p[1], p[2]), energy]
            expected += [sum(terms[0]), sum(terms[1]), min(terms[2]), min(terms[3])]
            np.testing.assert_allclose(got[n, j].detach(), expected, rtol=1e-9, atol=1e-9)


def test_combinations_are_the_sum_each_particle_and_the_trained_ones():
    layer, (k, _) = CombinationLayer(9, 2).double(), jets()
    out = layer(k)
    torch.testing.assert_close(out[:, 0], k.sum(1))
    torch.testing.assert_close(out[:, 1:10], k)
    expected = sum(layer.trained[i, 1] * k[:, i] for i in range(9))
    torch.testing.assert_close(out[:, 11], expected)


def test_squares_of_massless_and_heavy_vectors():
    massless, heavy = jets()[0], jets(mass=80.0)
    assert minkowski_square(massless).abs().max() < 1e-9
    torch.testing.assert_close(
        minkowski_square(heavy[0])[heavy[1]], torch.full((int(heavy[1].sum()),), 6400.0).double()
    )


def test_jets_of_few_particles_are_finite_and_so_are_their_gradients():
    k, mask = single(jets())
    for n in (0, 1, 2):
        mask[:] = torch.arange(9) < n
        model = small()
        logits = model(k, mask)
        logits.square().sum().backward()
        assert torch.isfinite(logits).all()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert small()(k[:0], mask[:0]).shape == (0, 2)


def test_the_papers_sizes():
    assert count_parameters(LoLa.paper()) == 126_512  # quoted as 127k
    assert count_parameters(LoLa.paper(n_particles=40)) == 60_732
    assert "126,512 parameters" in repr(LoLa.paper())


def test_mixed_precision_does_not_reach_the_geometry():
    model, (k, mask) = small().eval(), single(jets())
    inside = []
    model.dense.register_forward_hook(lambda module, inputs, output: inside.append(inputs[0]))
    model(k, mask)
    with torch.autocast("cpu", torch.bfloat16):
        model(k, mask)
    assert torch.equal(*inside)


def test_it_learns_what_is_planted():
    """Jets of wider angles have a larger mass."""
    (narrow, mask), (wide, _) = jets(128, spread=0.1), jets(128, spread=0.4)
    k, mask = torch.cat([narrow, wide]).float(), torch.cat([mask, mask])
    labels = torch.arange(256) // 128
    model = LoLa(9, 4, (32, 16), scale=100.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(k, mask), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"n_particles": 0}, "n_particles=0"), ({"scale": 0.0}, r"scale=0\.0")],
)
def test_settings_that_make_no_network_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LoLa(**settings)
