"""TreeNiN: level by level is the recursion node by node."""

import pytest
import torch
from laws import assert_learns

from hepml_lite.networks.tree_nin import TreeNiN
from hepml_lite.training import count_parameters


def trees(n_leaves=(6, 1, 2, 3, 5, 4), slots=6):
    """Random trees: features (N, 2 P - 1, 7), children (N, 2 P - 1, 2) and depth (N, 2 P - 1)."""
    n, nodes = len(n_leaves), 2 * slots - 1
    features, children = torch.randn(n, nodes, 7), torch.full((n, nodes, 2), -1)
    depth = torch.full((n, nodes), -1)
    for i, p in enumerate(n_leaves):
        roots = list(range(p))
        for merge in range(slots, slots + p - 1):
            pair = [roots.pop(int(torch.randint(len(roots), ()))) for _ in range(2)]
            children[i, merge] = torch.tensor(pair)
            roots.append(merge)
        _descend(children[i], depth[i], roots[0], 0)
    return features, children, depth


def _descend(children, depth, node, level):
    depth[node] = level
    for child in children[node].tolist():
        if child >= 0:
            _descend(children, depth, child, level + 1)


def node_by_node(model, x, children, node, nin=None):
    """The state of one node by recursion, in the words of the paper."""
    left, right = children[node].tolist()
    if left < 0:
        h, own = model.leaf(x[node]), model.leaf_nin
    else:
        sides = (model.left_nin, model.right_nin) if nin == "root" else (None, None)
        states = [
            node_by_node(model, x, children, child, side)
            for child, side in zip((left, right), sides, strict=True)
        ]
        h, own = model.merge(torch.cat([*states, model.inner(x[node])])).relu(), model.inner_nin
    return h if nin == "root" else (nin or own)(h)


@torch.no_grad()
def test_level_by_level_is_the_recursion_node_by_node():
    features, children, depth = trees()
    model = TreeNiN(hidden=8).double()
    expected = [
        model.head(node_by_node(model, x, c, int((d == 0).nonzero()), "root"))
        for x, c, d in zip(features.double(), children, depth, strict=True)
    ]
    logits = model(features.double(), children, depth)
    torch.testing.assert_close(logits, torch.stack(expected))


@torch.no_grad()
def test_the_numbering_of_nodes_and_empty_slots_mean_nothing():
    features, children, depth = trees()
    model = TreeNiN(hidden=8).double()
    expected = model(features.double(), children, depth)
    more = 4
    order = torch.randperm(depth.shape[1] + more)  # new slot k holds the old slot order[k]
    new = torch.cat([order.argsort(), torch.tensor([-1])])  # -1 stays -1
    garbage = torch.full((len(depth), more, 7), torch.nan)
    features = torch.cat([torch.where(depth[..., None] < 0, torch.nan, features), garbage], 1)
    children = torch.cat([children, torch.full((len(depth), more, 2), -1)], 1)
    depth = torch.cat([depth, torch.full((len(depth), more), -1)], 1)
    got = model(features[:, order].double(), new[children[:, order]].short(), depth[:, order])
    torch.testing.assert_close(got, expected)


@torch.no_grad()
def test_left_and_right_differ_but_one_jet_does_not_see_another():
    features, children, depth = trees((6, 6, 6))
    model = TreeNiN(hidden=8).double()
    expected = model(features.double(), children, depth)
    swapped = children.clone()
    swapped[0] = swapped[0].flip(-1)
    got = model(features.double(), swapped, depth)
    assert (got[0] - expected[0]).abs().max() > 1e-4
    torch.testing.assert_close(got[1:], expected[1:])


def test_trees_of_one_node_or_none():
    features, children, depth = trees((1, 1, 1))
    depth[2] = -1
    model = TreeNiN(hidden=8)
    logits = model(features, children, depth)
    logits.sum().backward()
    assert logits.isfinite().all()
    torch.testing.assert_close(logits[2], model.head(torch.zeros(8)))
    torch.testing.assert_close(logits[0], model.head(model.leaf(features[0, 0])))
    assert model(features[:0], children[:0], depth[:0]).shape == (0, 2)


def test_the_published_size():
    assert count_parameters(TreeNiN.paper(n_classes=1)) == 33_901  # as the authors quote
    assert count_parameters(TreeNiN.paper()) == 33_952
    assert "33,952 parameters" in repr(TreeNiN.paper())


def test_it_learns_what_only_the_order_of_the_merges_knows():
    features, children, depth = trees([4] * 128)
    features = torch.zeros_like(features)
    label = (depth.amax(1) == 3).long()  # a chain, or two pairs
    assert_learns(TreeNiN(hidden=8), features, children, depth, label, to=0.14)


@pytest.mark.parametrize("settings", [{"hidden": 0}, {"n_features": 0}, {"dropout": 1.0}])
def test_what_makes_no_network_is_refused(settings):
    with pytest.raises(ValueError, match="give"):
        TreeNiN(**settings)
