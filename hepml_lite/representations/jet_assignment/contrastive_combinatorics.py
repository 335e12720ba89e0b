"""CoCo, contrastive combinatorics: jets of one parent lie close together in a learned space.

D. Sengupta, "CoCo: Contrastive Combinatorics", ML4Jets 2023 (talk; no paper is known to us), with
the supervised contrastive loss of P. Khosla et al., arXiv:2004.11362. A transformer embeds the jets
and the lepton of an event on two unit spheres, one for each step of the decay: on the first, what
comes from one top is close; on the second, what comes from one W. For anchor i with the partners
P(i) of the same parent

    L_i = - 1/|P(i)| Σ_{p in P(i)} ln [ exp(z_i·z_p/τ) / Σ_{a ≠ i} exp(z_i·z_a/τ) ].

The parents are the true ones of the simulation: contrastive, but not without labels. The assignment
chosen is the one for which this loss would be lowest.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from hepml_lite import training
from hepml_lite.networks.layers.kinematic_features import in_rapidity
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.particle_transformer import (
    ParticleAttentionBlock,
    pair_features,
)
from hepml_lite.representations.jet_assignment.top_pairs import (
    ALL,
    HADRONIC_B,
    LEPTONIC_B,
    N_JETS,
    W_QUARK,
    TopPairs,
)

LEPTON = N_JETS  # its place, after the jets
N_NODES = N_JETS + 2  # the missing momentum is the last
NODE_NUMBERS = 8
NOTHING, HADRONIC, LEPTONIC = 0, 1, 2  # parents
SETTINGS: dict[str, Any] = {
    "epochs": 20,
    "batch_size": 200,
    "learning_rate": 2e-3,
    "schedule": training.cosine,
}


def nodes(pairs: TopPairs) -> tuple[np.ndarray, np.ndarray]:
    """pT, eta, phi, mass, tag and kind (N, 8, 5 + 2) of jets, lepton, missing momentum; mask."""
    n = len(pairs)
    table = np.zeros((n, N_NODES, 7), np.float32)
    table[:, :N_JETS, :4] = pairs.jets
    table[:, :N_JETS, 4] = pairs.tagged
    table[:, LEPTON, :3] = pairs.lepton
    table[:, LEPTON, 5] = 1
    table[:, LEPTON + 1, [0, 2]] = pairs.missing
    table[:, LEPTON + 1, 6] = 1
    mask = np.ones((n, N_NODES), bool)
    mask[:, :N_JETS] = pairs.real
    return table, mask


def parents(pairs: TopPairs) -> tuple[np.ndarray, np.ndarray]:
    """True parents (N, 8) of each node on both spheres: the top it is from, the W it is from."""
    top = np.zeros((len(pairs), N_NODES), int)
    top[:, :N_JETS][np.isin(pairs.role, (HADRONIC_B, W_QUARK))] = HADRONIC
    top[:, :N_JETS][pairs.role == LEPTONIC_B] = LEPTONIC
    top[:, LEPTON] = LEPTONIC
    boson = np.zeros_like(top)
    boson[:, :N_JETS][pairs.role == W_QUARK] = HADRONIC
    return top, boson


class JetEmbedding(nn.Module):
    """Points of jets and lepton on two unit spheres, for each event in its own context.

    Permuted jets give permuted points.

    Args:
        width: hidden numbers of a node.
        n_heads: attention heads.
        n_layers: attention blocks, with the pair features of the Particle Transformer.
        n_dimensions: of both spheres.
    """

    def __init__(self, width: int = 48, n_heads: int = 4, n_layers: int = 3, n_dimensions: int = 8):
        super().__init__()
        self.embedding = MLP((NODE_NUMBERS, width, width), nn.GELU)
        self.pair_embedding = MLP((4, 32, n_heads), nn.GELU)
        self.blocks = nn.ModuleList(
            ParticleAttentionBlock(width, n_heads, 0.0) for _ in range(n_layers)
        )
        self.top = MLP((width, width, n_dimensions), nn.GELU)
        self.boson = MLP((width, width, n_dimensions), nn.GELU)

    def forward(self, table: Tensor, mask: Tensor) -> Tensor:
        """Points (N, 2, 8, D) of nodes (N, 8, 7) with mask (N, 8)."""
        x = self.embedding(node_numbers(table))
        u = self.pair_embedding(_pairs(table)).permute(0, 3, 1, 2)  # (N, H, 8, 8)
        u = u.masked_fill(~mask[:, None, None], -torch.inf)
        for block in self.blocks:
            x = block(x, u)
        return torch.stack([normalize(self.top(x), dim=-1), normalize(self.boson(x), dim=-1)], 1)


def node_numbers(table: Tensor) -> Tensor:
    """Logarithms of pT and mass, eta, angle to the lepton, tag and kind: (N, 8, 8)."""
    pt, eta, phi, mass, *rest = table.unbind(-1)
    angle = phi - phi[:, LEPTON, None]
    logs = [(pt / 50 + 0.01).log(), eta, angle.cos(), angle.sin(), (mass + 1).log() / 3]
    return torch.stack([*logs, *rest], -1)


def _pairs(table: Tensor) -> Tensor:
    """ln kT, ln z, ln Δ and ln m² (N, 8, 8, 4) of all pairs, brought to the size of one."""
    momenta = in_rapidity(table[..., :4])
    raw = pair_features(momenta[:, :, None], momenta[:, None])
    size = raw.new_tensor([3.0, -1.0, 0.5, 8.0])
    spread = raw.new_tensor([1.0, 1.0, 0.7, 1.5])
    return ((raw - size) / spread).clamp(-5, 5)


def log_partners(points: Tensor, seen: Tensor, temperature: float) -> Tensor:
    """ln softmax of z_i·z_j/τ over all j ≠ i that are seen, (..., P, P); -inf for j = i.

    Args:
        points: (..., P, D) on the unit sphere.
        seen: (..., P) which points take part.
        temperature: τ.
    """
    similarity = points @ points.mT / temperature
    hidden = ~seen.unsqueeze(-2) | torch.eye(points.shape[-2], dtype=torch.bool)
    return similarity.masked_fill(hidden, -torch.inf).log_softmax(-1)


def parent_loss(log_p: Tensor, parent: Tensor) -> Tensor:
    """Mean of L_i over all anchors that have a partner; log_p (N, P, P), parent (N, P)."""
    same = (parent.unsqueeze(-1) == parent.unsqueeze(-2)) & (parent > NOTHING).unsqueeze(-1)
    same = same & ~torch.eye(parent.shape[-1], dtype=torch.bool)
    number = same.sum(-1)
    each = -torch.where(same, log_p, 0).sum(-1) / number.clamp(min=1)
    return each.sum() / (number > 0).sum().clamp(min=1)


@dataclass
class ContrastiveCombinatorics:
    """Choose the assignment whose jets are closest together.

    Attributes:
        temperature: τ of the loss.
        settings: of `hepml_lite.training.fit`, such as epochs.
        network: after `fit`.
    """

    temperature: float = 0.2
    settings: dict[str, Any] = field(default_factory=dict)
    network: JetEmbedding | None = field(default=None, init=False, repr=False)

    def fit(self, pairs: TopPairs, seed: int = 0) -> Self:
        """Learn from all events, complete or not.

        Raises:
            ValueError: no jet has a parent.
        """
        if not (pairs.role > 0).any():
            raise ValueError("no jet has a parent: there is nothing to pull together")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = JetEmbedding()
        data = (*nodes(pairs), *parents(pairs))
        training.fit(self.network, data, self._loss, seed=seed, **(SETTINGS | self.settings))
        return self

    def embed(self, pairs: TopPairs) -> np.ndarray:
        """Points (N, 2, 8, D): the sphere of tops, that of the W; jets, lepton, missing momentum.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("these combinatorics are not trained: call fit first")
        return training.predict(self.network, nodes(pairs))

    def score(self, pairs: TopPairs) -> np.ndarray:
        """Minus the sum of L_i that each assignment would have, (N, 180).

        Raises:
            RuntimeError: nothing has been fitted.
        """
        points = torch.as_tensor(self.embed(pairs))
        seen = _seen(torch.as_tensor(nodes(pairs)[1]))
        top, boson = (log_partners(points[:, k], seen[k], self.temperature) for k in range(2))
        mutual_top, mutual_boson = top + top.mT, boson + boson.mT  # (N, 8, 8)
        leptonic, hadronic, one, other = torch.as_tensor(ALL).T
        total = mutual_top[:, leptonic, LEPTON] + mutual_boson[:, one, other]
        for i, j in ((hadronic, one), (hadronic, other), (one, other)):
            total = total + mutual_top[:, i, j] / 2
        return np.where(pairs.possible, total.numpy(), -np.inf)

    def _loss(
        self, network: nn.Module, table: Tensor, mask: Tensor, top: Tensor, boson: Tensor
    ) -> Tensor:
        points = network(table, mask)
        seen = _seen(mask)
        of_top = parent_loss(log_partners(points[:, 0], seen[0], self.temperature), top)
        of_boson = parent_loss(log_partners(points[:, 1], seen[1], self.temperature), boson)
        return of_top + of_boson


def _seen(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Which nodes are on the sphere of tops (jets, lepton) and on that of the W (jets)."""
    on_top = mask.clone()
    on_top[:, LEPTON + 1] = False
    on_boson = on_top.clone()
    on_boson[:, LEPTON] = False
    return on_top, on_boson
