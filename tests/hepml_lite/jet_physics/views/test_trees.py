import numpy as np
import pytest
import torch

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.views.trees import CENTRE, NODE_FEATURES, SCALE, tree_inputs
from hepml_lite.networks.tree_nin import TreeNiN

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def jets():
    some = load("top_tagging", "smoke")[:40]
    return Jets.concatenate([some, some[:3].truncate(1), some[:3].truncate(2)])


def logits(jets):
    torch.manual_seed(0)
    arrays = [torch.as_tensor(a) for a in tree_inputs(jets)]
    with torch.no_grad():
        return TreeNiN(hidden=8)(*arrays).numpy()


def test_neither_the_order_of_particles_nor_padding_mean_anything_to_a_network(jets):
    order = np.argsort(np.random.default_rng(1).random(jets.mask.shape), axis=1)
    rows = np.arange(len(jets))[:, None]
    shuffled = jets.mapped(lambda array: array[rows, order]).padded(jets.mask.shape[1] + 7)
    np.testing.assert_allclose(logits(shuffled), logits(jets), rtol=1e-4, atol=1e-5)


def test_a_turn_around_the_beam_changes_nothing(jets):
    turned = jets.constituents.astype(float)
    turned[..., 2] = (turned[..., 2] + 2.5 + np.pi) % (2 * np.pi) - np.pi
    turned = Jets(turned * jets.mask[..., None], mask=jets.mask)
    np.testing.assert_allclose(logits(turned), logits(jets), atol=1e-3)


def test_the_arrays_hold_a_tree(jets):
    features, children, depth = tree_inputs(jets)
    slots, rows = jets.mask.shape[1], np.arange(len(jets))
    assert features.shape == (len(jets), 2 * slots - 1, len(NODE_FEATURES))
    np.testing.assert_array_equal((depth >= 0).sum(1), 2 * jets.n_constituents - 1)
    np.testing.assert_array_equal((depth == 0).sum(1), 1)
    i, node = np.nonzero(children[..., 0] >= 0)
    for child in (0, 1):
        np.testing.assert_array_equal(depth[i, children[i, node, child]], depth[i, node] + 1)
    assert not features[depth < 0].any()
    root = features[rows, (depth == 0).argmax(1)] * SCALE + CENTRE
    expected = np.zeros((len(jets), 7))
    expected[:, 5] = 1  # all of the energy
    expected[:, 6] = np.log(np.maximum(jets.mass, 0.1))
    several = jets.n_constituents > 1
    np.testing.assert_allclose(root[several], expected[several], atol=2e-3)


def test_features_are_of_order_one(jets):
    features, _, depth = tree_inputs(jets)
    real = features[depth >= 0]
    assert np.isfinite(features).all()
    assert (np.abs(real.mean(0)) < 1.5).all()
    assert ((real.std(0) > 0.2) & (real.std(0) < 2)).all()


def test_another_algorithm_makes_another_tree(jets):
    kt, cambridge = tree_inputs(jets)[2], tree_inputs(jets, "cambridge")[2]
    assert kt.max() != cambridge.max() or (kt != cambridge).any()
    with pytest.raises(ValueError, match="choose from"):
        tree_inputs(jets, "anti-kt")
