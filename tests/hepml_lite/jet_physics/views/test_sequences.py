"""Sequences: a permutation of the particles, in the order that was asked for."""

import numpy as np
import pytest

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.clustering import cluster
from hepml_lite.jet_physics.views import sequences

JETS_OF_A_CLASS = 40


@pytest.mark.parametrize("order", sequences.ORDERS)
def test_every_particle_once_and_the_padding_last(jets, order):
    ranks = sequences.constituent_order(jets, order)
    np.testing.assert_array_equal(np.sort(ranks, axis=1)[0], np.arange(jets.mask.shape[1]))
    features, mask = sequences.sequences(jets, order)
    np.testing.assert_array_equal(mask.sum(1), jets.n_constituents)
    assert (np.diff(mask.astype(int), axis=1) <= 0).all()
    np.testing.assert_allclose(features[..., 0].sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose((features[..., :1] * features[..., 1:]).sum(1), 0, atol=1e-5)
    assert not features[~mask].any()


def test_momentum_falls(jets):
    features, mask = sequences.sequences(jets, "pt")
    assert (np.diff(features[..., 0], axis=1) <= 0).all()
    short, short_mask = sequences.sequences(jets, "pt", 7)
    np.testing.assert_array_equal(short, features[:, :7])
    np.testing.assert_array_equal(short_mask, mask[:, :7])


@pytest.mark.parametrize("algorithm", ["cambridge", "kt"])
def test_a_branch_stays_together_and_the_harder_one_comes_first(jets, algorithm):
    trees = cluster(jets, algorithm)
    ranks = sequences.constituent_order(jets, algorithm)
    for i in range(0, len(jets), 5):
        place = np.argsort(ranks[i])  # of each slot
        below = {slot: [place[slot]] for slot in np.flatnonzero(jets.mask[i])}
        for node in np.flatnonzero(trees.mask[i])[jets.n_constituents[i] :]:
            hard, soft = (below[child] for child in trees.children[i, node])
            below[node] = sorted(hard + soft)
            assert max(hard) + 1 == min(soft)
            assert below[node][-1] - below[node][0] + 1 == len(below[node])


def test_a_walk_through_two_prongs():
    """The order in pT jumps between the prongs; the walk finishes one before it starts the other.

    It goes for the harder branch: the left one, 150 GeV against 140, and in it for 80 GeV."""
    jet = Jets([[[100, 0, 0.0], [80, 0, 0.5], [70, 0, 0.52], [40, 0, 0.02]]])
    walk, _ = sequences.sequences(jet, "cambridge")
    np.testing.assert_allclose(walk[0, :, 0] * 290, [80, 70, 100, 40], rtol=1e-5)
    falling, _ = sequences.sequences(jet, "pt")
    np.testing.assert_allclose(falling[0, :, 0] * 290, [100, 80, 70, 40], rtol=1e-5)


def test_what_is_refused(jets):
    with pytest.raises(ValueError, match="random"):
        sequences.sequences(jets, "random")
    with pytest.raises(ValueError, match="length"):
        sequences.sequences(jets, "pt", 0)
