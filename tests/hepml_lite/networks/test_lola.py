"""LoLa: its formulas with loops, and which of its features are Lorentz invariant."""

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
    single,
    turn,
)

from hepml_lite.networks.layers.four_vectors import minkowski_square
from hepml_lite.networks.lola import CombinationLayer, LoLa, LorentzLayer
from hepml_lite.training import count_parameters


def small():
    return LoLa(5, 4, (16, 8))


@pytest.mark.parametrize("matrix", TRANSFORMATIONS)
def test_combinations_go_with_any_lorentz_transformation(matrix):
    layer, (k, _) = CombinationLayer(9, 4).double(), collimated()
    torch.testing.assert_close(layer(k @ matrix.T), layer(k) @ matrix.T, rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("matrix", TRANSFORMATIONS)
def test_masses_and_distances_are_lorentz_invariant(matrix):
    k = CombinationLayer(9, 4).double()(collimated()[0])
    layer = LorentzLayer(k.shape[1]).double()
    invariant = list(LorentzLayer.INVARIANT)
    here, there = (layer(x)[..., invariant] for x in (k, k @ matrix.T))
    assert (there - here).abs().max() < 1e-10 * k[..., 0].max() ** 2


def test_masses_and_distances_are_invariant_in_single_precision_to_what_it_holds():
    k = CombinationLayer(9, 4).double()(collimated()[0])
    layer, invariant = LorentzLayer(k.shape[1]), list(LorentzLayer.INVARIANT)
    moved = (k @ random_boost(2).T).float()
    here, there = layer(k.float())[..., invariant], layer(moved)[..., invariant]
    assert (there - here).abs().max() < 1e-5 * moved[..., 0].max() ** 2


def test_momentum_and_energy_are_not_invariant():
    k = CombinationLayer(9, 4).double()(collimated()[0])
    layer = LorentzLayer(k.shape[1]).double()
    here, there = layer(k), layer(k @ random_boost(2).T)
    change = (there - here).abs().amax((0, 1)) / here.abs().amax((0, 1))
    assert change[1] > 0.01
    assert change[2] > 0.01


def test_the_network_does_not_see_a_turn_around_the_beam_but_a_boost():
    model, (k, mask) = small().double().eval(), collimated()
    mirror = torch.diag(torch.tensor([1.0, 1, -1, -1])).double()
    expected = model(k, mask)
    for matrix in (turn("z", 1.0), mirror):
        torch.testing.assert_close(model(k @ matrix.T, mask), expected, rtol=1e-10, atol=1e-10)
    assert (model(k @ random_boost(2).T, mask) - expected).abs().max() > 1e-6


def test_the_lorentz_layer_by_hand():
    """The formulas of the paper with loops over vectors."""
    k, layer = collimated(2, 4)[0], LorentzLayer(4).double()
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
    layer, (k, _) = CombinationLayer(9, 2).double(), collimated()
    out = layer(k)
    torch.testing.assert_close(out[:, 0], k.sum(1))
    torch.testing.assert_close(out[:, 1:10], k)
    expected = sum(layer.trained[i, 1] * k[:, i] for i in range(9))
    torch.testing.assert_close(out[:, 11], expected)


def test_squares_of_massless_and_heavy_vectors():
    massless, heavy = collimated()[0], collimated(mass=80.0)
    assert minkowski_square(massless).abs().max() < 1e-9
    torch.testing.assert_close(
        minkowski_square(heavy[0])[heavy[1]], torch.full((int(heavy[1].sum()),), 6400.0).double()
    )


def test_the_papers_sizes():
    assert count_parameters(LoLa.paper(n_particles=40)) == 60_732
    assert "126,512 parameters" in repr(LoLa.paper())


def test_mixed_precision_does_not_reach_the_geometry():
    assert_geometry_stays_out_of_mixed_precision(small(), *single(collimated()))


def test_it_learns_which_jets_are_heavier():
    assert_learns(LoLa(9, 4, (32, 16), scale=100.0), *narrow_and_wide(), steps=60, to=0.8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"n_particles": 0}, "n_particles=0"), ({"scale": 0.0}, r"scale=0\.0")],
)
def test_settings_that_make_no_network_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LoLa(**settings)
