"""LundNet: a graph network on the Lund tree of a jet, whose nodes are its splittings.

F. A. Dreyer, H. Qu, "Jet tagging in the Lund plane with graph networks", JHEP 03 (2021) 052,
arXiv:2012.08526. The graph is the Cambridge/Aachen tree: each splitting is joined to the one that
made its branch and to the next ones of both its branches. One block is an EdgeConv of ParticleNet
on these fixed neighbours,

    x_i ← ReLU( S x_i + mean_j h(x_i, x_j - x_i) ),

with two layers in h and a linear shortcut S. The outputs of all blocks together give the features
of a splitting, and their mean over the splittings those of the jet. The paper has five numbers for
each splitting. Here are four: its fifth, ln m, follows from them up to the masses of the branches.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.observables.lund import lund_tree
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.padding import mean_pooled, on_real

NEIGHBOURS = 3  # the parent, and the next splittings of the harder and the softer branch
SMALLEST_SHARE = 1e-6  # of z under the logarithm
CENTRE = np.array([2.0, 0.0, -3.0, 0.0], np.float32)  # of ln 1/Delta, ln kT [GeV], ln z, psi
SCALE = np.array([1.5, 2.0, 2.0, 2.0], np.float32)
CHUNK = 2500  # jets that are clustered at a time


def lund_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Splittings of jets as `LundNet` reads them.

    Returns:
        features: (N, D, 4) float32, ln 1/Delta, ln kT, ln z and psi of each splitting, as
            (value - `CENTRE`) / `SCALE`; 0 where there is none.
        neighbours: (N, D, 3) int16, the splittings joined to each; -1 for none.
        mask: (N, D), True where there is a splitting.
    """
    parts = [_splittings(part) for part in chunks(jets, CHUNK)]
    features = np.concatenate([features for features, _, _ in parts])
    neighbours = np.concatenate([neighbours for _, neighbours, _ in parts])
    mask = np.concatenate([mask for _, _, mask in parts])
    return features, neighbours, mask


def _splittings(jets: Jets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    tree = lund_tree(jets)
    values = tree.values.copy()
    values[..., 2] = np.log(np.maximum(values[..., 2], SMALLEST_SHARE))
    features = (values.astype(np.float32) - CENTRE) / SCALE * tree.mask[..., None]
    joined = np.concatenate([tree.parent[..., None], tree.children], axis=-1)
    neighbours = np.where(tree.mask[..., None], joined, -1).astype(np.int16)
    return features, neighbours, tree.mask


class LundNet(nn.Module):
    """Logits of a jet from the graph of its splittings.

    It knows no direction but the beam, by the rapidities in the tree: a turn about the beam and a
    boost along it change nothing. The order of the particles does not matter, because the tree does
    not depend on it.

    Args:
        widths: number of features after each block.
        hidden: width of the classifier on the mean of all splittings.
        n_classes: number of logits.
        n_features: numbers of a splitting.
        dropout: probability to drop a hidden activation of the classifier in training.

    Raises:
        ValueError: no block, or a size below 1.
    """

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 32),
        hidden: int = 64,
        n_classes: int = 2,
        n_features: int = 4,
        dropout: float = 0.0,
    ):
        super().__init__()
        sizes = {"hidden": hidden, "n_classes": n_classes, "n_features": n_features}
        if not widths or min(*widths, *sizes.values()) < 1:
            raise ValueError(
                f"widths={widths}, {sizes}: give one block or more, sizes of 1 or more"
            )
        self.n_features = n_features
        self.blocks = nn.ModuleList(
            LundBlock(before, after)
            for before, after in zip((n_features, *widths), widths, strict=False)
        )
        self.together = nn.Sequential(nn.Linear(sum(widths), hidden), nn.ReLU())
        self.classifier = nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, n_classes)
        )

    @classmethod
    def paper(cls, n_classes: int = 2) -> "LundNet":
        """Six blocks of 32, 32, 64, 64, 128 and 128 features, as in section 2.3 of the paper."""
        return cls((32, 32, 64, 64, 128, 128), 384, n_classes, dropout=0.1)

    def forward(self, features: Tensor, neighbours: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes) of splittings as `lund_inputs` gives them.

        Args:
            features: (N, D, F).
            neighbours: (N, D, 3) positions of the neighbours, -1 for none.
            mask: (N, D), True where there is a splitting; others have no effect, even NaN.
        """
        check_particles(self, features, mask, self.n_features)
        joined = (neighbours >= 0) & mask[..., None]  # (N, D, 3)
        at = neighbours.long().clamp(min=0)
        x = torch.where(mask[..., None], features, 0)
        seen = []
        for block in self.blocks:
            x = block(x, at, joined, mask)
            seen.append(x)
        jet = mean_pooled(self.together(torch.cat(seen, -1)), mask)  # (N, D, ΣW) → (N, H)
        return self.classifier(jet)


class LundBlock(nn.Module):
    """One EdgeConv on the edges of the tree: the equation of this module."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.width = after
        self.h = nn.Sequential(
            nn.Linear(2 * before, after, bias=False), nn.BatchNorm1d(after), nn.ReLU(),
            nn.Linear(after, after, bias=False), nn.BatchNorm1d(after), nn.ReLU(),
        )  # fmt: skip
        self.shortcut = nn.Linear(before, after)

    def forward(self, x: Tensor, at: Tensor, joined: Tensor, mask: Tensor) -> Tensor:
        """Splittings x (N, D, W), neighbours and whether they exist (N, D, 3) → (N, D, W')."""
        n_jets, n_slots, width = x.shape
        rows = at.reshape(n_jets, n_slots * NEIGHBOURS, 1).expand(-1, -1, width)
        x_j = x.gather(1, rows).view(n_jets, n_slots, NEIGHBOURS, width)
        x_i = x[:, :, None].expand_as(x_j)
        edges = torch.cat([x_i, x_j - x_i], -1)  # (N, D, 3, 2 W)
        messages = on_real(self.h, edges, joined, self.width)  # zero where there is no edge
        number = joined.sum(-1, keepdim=True).clamp(min=1)
        new = torch.relu(self.shortcut(x) + messages.sum(2) / number)
        return new * mask[..., None]
