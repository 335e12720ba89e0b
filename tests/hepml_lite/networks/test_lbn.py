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

from hepml_lite.networks.lbn import LorentzBoostLayer, LorentzBoostNetwork, to_rest_frame
from hepml_lite.networks.lola import minkowski_square
from hepml_lite.representations.transformations import boost_matrix
from hepml_lite.training import count_parameters

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def jets(n_jets=6, n_slots=9, seed=0, fewest=2, spread=0.3):
    """Jets of massless particles near one direction: (N, P, 4) float64 [GeV], mask."""
    rng = np.random.default_rng(seed)
    pt = rng.exponential(50, (n_jets, n_slots)) + 1
    eta, phi = rng.normal(0, spread, (2, n_jets, n_slots))
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1)
    energy = np.linalg.norm(momentum, axis=-1)[..., None]
    mask = np.arange(n_slots) < rng.integers(fewest, n_slots + 1, (n_jets, 1))
    four_vectors = np.concatenate([energy, momentum], -1) * mask[..., None]
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
    return LorentzBoostNetwork(5, 4, (16, 8))


def test_neither_order_nor_padding_mean_anything():
    assert_permutation_invariant(small(), *jets())
    assert_padding_invariant(small(), *jets())
    assert_padding_invariant(small(), *jets(), garbage=float("nan"))


def test_every_parameter_learns():
    assert_gradients_reach_every_parameter(small(), *single(jets(64)))


def test_it_comes_back_from_disk(tmp_path):
    assert_save_load_round_trip(small, *single(jets()), tmp_path / "net.pt")


def test_the_boost_is_that_of_the_textbook():
    rng = np.random.default_rng(5)
    frames, particles = (jets(1, 20, seed)[0][0] for seed in (1, 2))
    frames = frames + frames.roll(1, 0)  # massive
    for frame, p in zip(frames, particles, strict=True):
        if minkowski_square(frame) < 1:
            continue
        expected = boost_matrix(-frame[1:].numpy() / frame[0].item()) @ p.numpy()
        np.testing.assert_allclose(to_rest_frame(p, frame), expected, rtol=1e-8, atol=1e-8)
    velocity = rng.uniform(-0.5, 0.5, 3)
    moving = torch.from_numpy(boost_matrix(velocity) @ np.array([80.0, 0, 0, 0]))
    np.testing.assert_allclose(to_rest_frame(moving, moving), [80, 0, 0, 0], atol=1e-9)


def test_the_boosted_features_by_hand():
    """Combinations, boosts and angles with loops, jet by jet and combination by combination."""
    (p, _), layer = jets(3, 5, fewest=5), LorentzBoostLayer(5, 3).double()
    seen = {name: value.detach().numpy() for name, value in layer(p).items()}
    w, v = (x.detach().abs().numpy() for x in (layer.particle_weights, layer.rest_frame_weights))
    for n in range(3):
        boosted = []
        for m in range(3):
            particle = sum(w[i, m] * p[n, i].numpy() for i in range(5))
            frame = sum(v[i, m] * p[n, i].numpy() for i in range(5))
            energy, x, y, z = there = boost_matrix(-frame[1:] / frame[0]) @ particle
            boosted.append(there)
            mass = np.sqrt(energy**2 - x**2 - y**2 - z**2)
            eta = np.arctanh(z / np.linalg.norm(there[1:]))
            expected = [energy, np.hypot(x, y), eta, np.arctan2(y, x), mass]
            got = [seen[name][n, m] for name in LorentzBoostLayer.SINGLE]
            np.testing.assert_allclose(got, expected, rtol=1e-7)
        directions = [b[1:] / np.linalg.norm(b[1:]) for b in boosted]
        cosines = [directions[a] @ directions[b] for a, b in ((0, 1), (0, 2), (1, 2))]
        np.testing.assert_allclose(seen["cosine"][n], cosines, rtol=1e-7)


@pytest.mark.parametrize("matrix", TRANSFORMATIONS)
def test_energies_in_rest_frames_and_masses_are_lorentz_invariant(matrix):
    (p, _), layer = jets(fewest=3), LorentzBoostLayer(9, 4).double()
    here, there = layer(p), layer(p @ matrix.T)
    for name in LorentzBoostLayer.INVARIANT:
        torch.testing.assert_close(there[name], here[name], rtol=1e-10, atol=1e-9)


def test_the_same_in_single_precision_to_what_it_holds():
    (p, _), layer = jets(fewest=3), LorentzBoostLayer(9, 4)
    here, there = layer(p.float()), layer((p @ boost(2).T).float())
    for name in LorentzBoostLayer.INVARIANT:
        torch.testing.assert_close(there[name], here[name], rtol=1e-3, atol=0.05)


def test_cosines_are_the_same_for_a_turned_but_not_for_a_boosted_jet():
    (p, _), layer = jets(fewest=3), LorentzBoostLayer(9, 4).double()
    here = layer(p)["cosine"]
    assert (layer(p @ rotation(1).T)["cosine"] - here).abs().max() < 1e-9
    assert (layer(p @ boost(2).T)["cosine"] - here).abs().max() > 0.01


def test_what_refers_to_the_axes_of_the_laboratory_is_not_invariant():
    (p, _), layer = jets(fewest=3), LorentzBoostLayer(9, 4).double()
    here, there = layer(p), layer(p @ rotation(1).T)
    for name in ("pt", "eta", "phi"):
        assert (there[name] - here[name]).abs().max() > 0.01


def test_jets_of_few_particles_are_finite_and_so_are_their_gradients():
    k, mask = single(jets(fewest=2))
    k[0] = 0
    k[0, :, 0] = k[0, :, 3] = 500.0  # along the beam, where η has no end
    for n in (0, 1, 2):
        mask[:] = torch.arange(9) < n
        model = small()
        logits = model(k, mask)
        logits.square().sum().backward()
        assert torch.isfinite(logits).all()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert small()(k[:0], mask[:0]).shape == (0, 2)


def test_hard_collinear_jets_are_finite_in_single_precision():
    k, mask = single(jets(64, spread=1e-3))
    model = small()
    logits = model(20 * k, mask)  # TeV
    logits.square().sum().backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_the_papers_size():
    assert count_parameters(LorentzBoostNetwork.paper()) == 713_330  # the table has 705k
    assert LorentzBoostNetwork.paper().boosts.n_outputs == 5 * 50 + 50 * 49 // 2
    assert "713,330 parameters" in repr(LorentzBoostNetwork.paper())


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
    model = LorentzBoostNetwork(9, 4, (32, 16))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(40):
        loss = nn.functional.cross_entropy(model(k, mask), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_settings_that_make_no_network_are_refused():
    with pytest.raises(ValueError, match="n_combinations=0"):
        LorentzBoostNetwork(n_combinations=0)
    with pytest.raises(ValueError, match=r"dropout=1\.0"):
        LorentzBoostNetwork(dropout=1.0)
