"""LundNet reads the tree: its edges are those of the tree, and what the tree keeps it keeps."""

import numpy as np
import pytest
import torch

from data_fetch import load
from hepml_lite.jet_physics.observables.lund import lund_tree
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.networks.lund_net import LundBlock, LundNet, lund_inputs
from hepml_lite.training import count_parameters


@pytest.fixture(scope="module")
def jets():
    sample = load("top_tagging", "smoke", "test")
    return sample[sample.n_constituents < 50][:30].truncate(50)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    made = LundNet().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made


@torch.no_grad()
def logits(model, jets):
    return model(*(torch.as_tensor(x) for x in lund_inputs(jets))).numpy()


def test_every_edge_is_known_from_both_ends(jets):
    _, neighbours, mask = lund_inputs(jets)
    for jet, slot, k in zip(*np.nonzero(neighbours >= 0), strict=True):
        other = neighbours[jet, slot, k]
        assert mask[jet, [slot, other]].all()
        assert slot in neighbours[jet, other]
    edges = (neighbours >= 0).sum(axis=(1, 2)) / 2
    np.testing.assert_array_equal(edges, np.maximum(mask.sum(1) - 1, 0))  # a tree


def test_features_are_those_of_the_tree(jets):
    features, _, mask = lund_inputs(jets)
    tree = lund_tree(jets)
    np.testing.assert_allclose(features[mask][:, 0] * 1.5 + 2, tree.values[mask][:, 0], atol=1e-5)
    np.testing.assert_allclose(features[mask][:, 1] * 2, tree.values[mask][:, 1], atol=1e-5)
    assert not features[~mask].any()


@pytest.mark.parametrize(
    "changed",
    [
        lambda jets: change.permuted(jets, np.random.default_rng(0)),
        lambda jets: jets.padded(jets.mask.shape[1] + 7),
        lambda jets: change.turned(jets, 1.0),
        lambda jets: change.boosted(jets, 0.4),
    ],
    ids=["permutation", "padding", "turn", "boost"],
)
def test_what_the_tree_keeps_the_network_keeps(jets, model, changed):
    before = logits(model, jets)
    moved = np.median(np.abs(logits(model, changed(jets)) - before) / before.std(axis=0))
    assert moved < 1e-3


def test_it_is_not_collinear_safe(jets, model):
    before = logits(model, jets)
    after = logits(model, change.collinear_split(jets, 0, z=0.5))
    assert np.median(np.abs(after - before) / before.std(axis=0)) > 4e-3


def test_slots_without_a_splitting_have_no_effect(jets, model):
    features, neighbours, mask = (torch.as_tensor(x) for x in lund_inputs(jets))
    expected = model(features, neighbours, mask)
    dirty = torch.where(mask[..., None], features, torch.nan)
    torch.testing.assert_close(model(dirty, neighbours, mask), expected)
    alone = model(features[:1], neighbours[:1], mask[:1])
    torch.testing.assert_close(alone, expected[:1], atol=1e-5, rtol=1e-5)


def test_a_block_is_its_equation():
    """By hand, for two splittings joined to each other."""
    torch.manual_seed(0)
    block = LundBlock(2, 3).eval()
    x = torch.randn(1, 2, 2)
    at = torch.tensor([[[1, 0, 0], [0, 0, 0]]])
    joined = torch.tensor([[[True, False, False], [True, False, False]]])
    new = block(x, at, joined, torch.ones(1, 2, dtype=torch.bool))
    one, other = x[0]
    message = block.h(torch.cat([one, other - one])[None])[0]
    torch.testing.assert_close(new[0, 0], torch.relu(block.shortcut(one) + message))


def test_jets_of_few_particles_and_gradients():
    few = load("top_tagging", "smoke", "test")[:6]
    model = LundNet()
    for number in (1, 2, 3):
        output = model(*(torch.as_tensor(x) for x in lund_inputs(few.truncate(number))))
        assert torch.isfinite(output).all()
    output.sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match="one block or more"):
        LundNet(())
    with pytest.raises(ValueError, match="sizes of 1 or more"):
        LundNet((8, 0))
    assert count_parameters(LundNet()) < count_parameters(LundNet.paper())
