"""TreeNiN: a recursive network on the clustering tree of a jet, from its particles to the root.

S. Macaluso, K. Cranmer, "Tree Network in Network (TreeNiN) for Jet Physics",
doi:10.5281/zenodo.2582216, as entered in arXiv:1902.09914; the recursion is that of G. Louppe et
al., "QCD-Aware Recursive Neural Networks for Jet Physics", arXiv:1702.00748.
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from hepml_lite.networks.inputs import check_particles, check_tensor
from hepml_lite.networks.layers.mlp import MLP


class Levels(NamedTuple):
    """The nodes of many trees in order of depth; at each depth, nodes with children come first.

    Attributes:
        node: (M,) position of each node among all N K slots.
        left: (M,) position of the first child in the next level; has no meaning for a leaf.
        right: (M,) position of the second child.
        sizes: for each depth the number of nodes with children and of leaves.
    """

    node: Tensor
    left: Tensor
    right: Tensor
    sizes: list[tuple[int, int]]


@torch.no_grad()
def levels_of(children: Tensor, depth: Tensor) -> Levels:
    """Order trees by depth: children (N, K, 2) and depth (N, K), as `TreeNiN.forward` takes them.

    All nodes of a depth are then computed at once, and all their children are in the next level.
    """
    k = depth.shape[1]
    depth = depth.flatten().long()
    is_leaf = children[..., 0].flatten() < 0
    last = depth.new_tensor(torch.iinfo(torch.long).max)
    key = torch.where(depth < 0, last, 2 * depth + is_leaf)  # by depth, then leaves last
    node = key.argsort(stable=True)[: int((depth >= 0).sum())]  # (M,) slots, in order
    counts = torch.bincount(key[node], minlength=2)
    counts = torch.nn.functional.pad(counts, (0, len(counts) % 2)).view(-1, 2)  # (D, 2)
    starts = counts.sum(1).cumsum(0) - counts.sum(1)  # (D,) where each level begins
    place = torch.empty_like(key)
    place[node] = torch.arange(len(node), device=node.device) - starts[depth[node]]
    first = (node // k * k).unsqueeze(1)  # the slots of a jet begin here
    child = first + children.flatten(0, 1)[node].long().clamp(min=0)  # (M, 2)
    sizes = [(n_inner, n_leaves) for n_inner, n_leaves in counts.tolist()]
    return Levels(node, place[child[:, 0]], place[child[:, 1]], sizes)


class TreeNiN(nn.Module):
    """Recursive network with small networks in it ("network in network") at each node of a tree.

    A node's own features x become u = ReLU(W x). A leaf's state is h = NiN(u); where two branches
    meet, h = NiN(ReLU(V [h_left, h_right, u])). NiN are two layers with ReLU; there is one for
    leaves, one for the other nodes, and one each for the left and the right branch of the root. The
    root's h, which has no NiN, is the embedding of the jet that the dense head classifies.

    Left and right children have different weights, so the jet itself must say which child is first.
    In `hepml_lite.jet_physics.views.trees` it is the child of higher pT.

    Args:
        n_features: numbers per node.
        hidden: width of all layers.
        n_classes: number of logits.
        dropout: probability to drop an activation of the hidden layers of the head in training.

    Raises:
        ValueError: a size below 1 or a dropout outside [0, 1).
    """

    def __init__(
        self, n_features: int = 7, hidden: int = 32, n_classes: int = 2, dropout: float = 0.0
    ):
        super().__init__()
        self.leaf = MLP((n_features, hidden), activate_last=True)
        self.inner = MLP((n_features, hidden), activate_last=True)
        self.merge = nn.Linear(3 * hidden, hidden)
        self.leaf_nin = MLP((hidden, hidden, hidden), activate_last=True)
        self.inner_nin = MLP((hidden, hidden, hidden), activate_last=True)
        self.left_nin = MLP((hidden, hidden, hidden), activate_last=True)
        self.right_nin = MLP((hidden, hidden, hidden), activate_last=True)
        self.head = MLP((hidden, hidden, hidden, n_classes), dropout=dropout)
        for name, parameter in self.named_parameters():
            if "nin" in name or "merge" in name:  # so that a signal survives tens of levels
                _orthogonal(parameter)

    @classmethod
    def paper(cls, n_features: int = 7, n_classes: int = 2) -> Self:
        """The published size, 50 hidden units: 33 952 parameters with two logits.

        With the single output of the authors' code there are 33 901; the authors quote 34k.
        """
        return cls(n_features, 50, n_classes)

    def forward(self, features: Tensor, children: Tensor, depth: Tensor) -> Tensor:
        """Logits (N, n_classes) of jets, from trees of up to K nodes in any order.

        Args:
            features: (N, K, F) of the nodes; values in empty slots have no effect.
            children: (N, K, 2) integers, the two nodes merged into each; -1 for a leaf.
            depth: (N, K) integers, steps down from the root; 0 for the root, -1 for no node.
        """
        check_tensor("depth", depth)
        check_tensor("children", children)
        check_particles(self, features, depth >= 0, self.leaf.sizes[0])
        if children.shape != (*depth.shape, 2) or children.is_floating_point():
            raise ValueError(
                f"children is {children.dtype} of shape {tuple(children.shape)}: give integers "
                f"{(*depth.shape, 2)}, the two nodes merged into each, -1 for a leaf"
            )
        levels = levels_of(children, depth)
        root = self._root(features.flatten(0, 1)[levels.node], levels)  # (R, H)
        jet = levels.node[: len(root)] // depth.shape[1]  # the roots are the first level
        embedding = root.new_zeros(len(depth), root.shape[1]).index_copy(0, jet, root)  # (N, H)
        return self.head(embedding)

    def _root(self, x: Tensor, levels: Levels) -> Tensor:
        """States of the roots (R, H), from features (M, F) in order of the levels."""
        leaves, u = self._nodes(x, levels)
        end = len(x)
        below = x.new_zeros(0, self.merge.out_features)  # states of the level below
        for d in range(len(levels.sizes) - 1, -1, -1):
            n_inner, n_leaves = levels.sizes[d]
            start = end - n_inner - n_leaves
            merged = slice(start, start + n_inner)
            left, right = below[levels.left[merged]], below[levels.right[merged]]
            if d == 0:
                left, right = self.left_nin(left), self.right_nin(right)
            h = self.merge(torch.cat([left, right, u[d]], 1)).relu()  # (n_inner, H)
            below = torch.cat([self.inner_nin(h) if d > 1 else h, leaves[d]])
            end = start
        return below

    def _nodes(self, x: Tensor, levels: Levels) -> tuple[list[Tensor], list[Tensor]]:
        """For each depth, states of leaves and u of the other nodes; neither needs the children."""
        n_inner = [inner for inner, _ in levels.sizes]
        n_leaves = [leaves for _, leaves in levels.sizes]
        levels_of_x = x.split([sum(pair) for pair in levels.sizes])
        split = [level.split(pair) for level, pair in zip(levels_of_x, levels.sizes, strict=True)]
        inner = torch.cat([inner for inner, _ in split])
        leaves = self.leaf(torch.cat([leaves for _, leaves in split]))
        shallow = sum(
            n_leaves[:2]
        )  # the children of the root have their own networks, the root has none
        leaves = torch.cat([leaves[:shallow], self.leaf_nin(leaves[shallow:])])
        return leaves.split(n_leaves), self.inner(inner).split(n_inner)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.leaf.sizes[0]} features a node; "
            f"{self.merge.out_features} hidden; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def _orthogonal(parameter: Tensor) -> None:
    if parameter.ndim == 2:
        nn.init.orthogonal_(parameter, gain=nn.init.calculate_gain("relu"))
