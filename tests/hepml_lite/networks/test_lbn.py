"""The Lorentz boost network: boosts of the textbook, and which of its features are invariant."""

import numpy as np
import pytest
import torch
from laws import assert_learns
from lorentz import (
    TRANSFORMATIONS,
    assert_geometry_stays_out_of_mixed_precision,
    collimated,
    narrow_and_wide,
    random_boost,
    random_rotation,
    single,
)

from hepml_lite.jet_physics.variations.transformations import boost_matrix
from hepml_lite.networks.layers.four_vectors import minkowski_square
from hepml_lite.networks.lbn import LorentzBoostLayer, LorentzBoostNetwork, to_rest_frame


def small():
    return LorentzBoostNetwork(5, 4, (16, 8))


def assert_finite(model, k, mask):
    logits = model(k, mask)
    logits.square().sum().backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_the_boost_is_that_of_the_textbook():
    rng = np.random.default_rng(5)
    frames, particles = (collimated(1, 20, seed)[0][0] for seed in (1, 2))
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
    (p, _), layer = collimated(3, 5, fewest=5), LorentzBoostLayer(5, 3).double()
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
    (p, _), layer = collimated(fewest=3), LorentzBoostLayer(9, 4).double()
    here, there = layer(p), layer(p @ matrix.T)
    for name in LorentzBoostLayer.INVARIANT:
        torch.testing.assert_close(there[name], here[name], rtol=1e-10, atol=1e-9)


def test_the_same_in_single_precision_to_what_it_holds():
    (p, _), layer = collimated(fewest=3), LorentzBoostLayer(9, 4)
    here, there = layer(p.float()), layer((p @ random_boost(2).T).float())
    for name in LorentzBoostLayer.INVARIANT:
        torch.testing.assert_close(there[name], here[name], rtol=1e-3, atol=0.05)


def test_cosines_are_the_same_for_a_turned_but_not_for_a_boosted_jet():
    (p, _), layer = collimated(fewest=3), LorentzBoostLayer(9, 4).double()
    here = layer(p)["cosine"]
    assert (layer(p @ random_rotation(1).T)["cosine"] - here).abs().max() < 1e-9
    assert (layer(p @ random_boost(2).T)["cosine"] - here).abs().max() > 0.01


def test_what_refers_to_the_axes_of_the_laboratory_is_not_invariant():
    (p, _), layer = collimated(fewest=3), LorentzBoostLayer(9, 4).double()
    here, there = layer(p), layer(p @ random_rotation(1).T)
    for name in ("pt", "eta", "phi"):
        assert (there[name] - here[name]).abs().max() > 0.01


def test_a_particle_along_the_beam_gives_finite_logits_and_gradients():
    """Where η has no end; with it 0 and 1 others."""
    k, mask = single(collimated())
    k[0] = 0
    k[0, :, 0] = k[0, :, 3] = 500.0
    for n in (1, 2):
        mask[:] = torch.arange(9) < n
        assert_finite(small(), k, mask)


def test_hard_collinear_jets_are_finite_in_single_precision():
    k, mask = single(collimated(64, spread=1e-3))
    assert_finite(small(), 20 * k, mask)  # TeV


def test_the_papers_size():
    assert LorentzBoostNetwork.paper().boosts.n_outputs == 5 * 50 + 50 * 49 // 2
    assert "713,330 parameters" in repr(LorentzBoostNetwork.paper())


def test_mixed_precision_does_not_reach_the_geometry():
    assert_geometry_stays_out_of_mixed_precision(small(), *single(collimated()))


def test_it_learns_which_jets_are_heavier():
    assert_learns(LorentzBoostNetwork(9, 4, (32, 16)), *narrow_and_wide())


def test_settings_that_make_no_network_are_refused():
    with pytest.raises(ValueError, match="n_combinations=0"):
        LorentzBoostNetwork(n_combinations=0)
    with pytest.raises(ValueError, match=r"dropout=1\.0"):
        LorentzBoostNetwork(dropout=1.0)
