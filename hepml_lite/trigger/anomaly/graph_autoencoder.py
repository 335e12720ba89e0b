"""A graph autoencoder that learns ordinary hits, and finds displaced decays it was never shown.

Hits are nodes; each is connected with its k nearest ones. A node knows its radius, and by how much
its neighbours lie further out and aside: no direction counts. The encoder passes messages twice and
keeps two numbers a node, the decoder gives back the node and the mean of its neighbours. Tracks
from the origin keep their azimuth, so their neighbours are easy to guess. Where tracks begin in the
middle and point elsewhere, the guess is poor. This is the idea of LLPNet, in small (B.
Bhattacherjee, P. Konar, V. S. Ngairangbam, P. Solanki, arXiv:2308.13611).
"""

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.densities import TrainingPlan
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import checked_count

SCALE = (3.0, 0.3)  # of radius and azimuth, so that inputs are of order one
ASIDE = 10.0  # differences of azimuths are small
LARGEST = 3.0
N_FEATURES = 4
FAR = 1e6
ROWS_AT_ONCE = 2048


class GraphAutoencoder(nn.Module):
    """Two rounds of messages to two numbers a node, two rounds back.

    Args:
        n_hidden, n_latent: numbers a node inside.
        n_neighbours: k.
    """

    def __init__(self, n_hidden: int = 16, n_latent: int = 2, n_neighbours: int = 2) -> None:
        super().__init__()
        self.n_neighbours = checked_count("n_neighbours", n_neighbours)
        self.first = nn.Linear(2 * N_FEATURES, n_hidden)
        self.second = nn.Linear(2 * n_hidden, n_latent)
        self.third = nn.Linear(2 * n_latent, n_hidden)
        self.last = nn.Linear(2 * n_hidden, 2 * N_FEATURES)

    def forward(self, hits: Tensor, present: Tensor) -> Tensor:
        """The mean squared error of each event, (N,), of hits (N, P, 2) and masks (N, P)."""
        x = hits / hits.new_tensor(SCALE)
        edges = self.edges(x, present)
        node = self.around(x, edges)
        both = torch.cat([node, edges @ node], dim=2)  # a node, and the mean of its neighbours
        hidden = torch.relu(self.first(both))
        latent = self.second(torch.cat([hidden, edges @ hidden], dim=2))
        hidden = torch.relu(self.third(torch.cat([latent, edges @ latent], dim=2)))
        restored = self.last(torch.cat([hidden, edges @ hidden], dim=2))
        error = (restored - both).square().mean(dim=2) * present
        return error.sum(dim=1) / present.sum(dim=1).clamp(min=1)

    def around(self, x: Tensor, edges: Tensor) -> Tensor:
        """(N, P, 4): radius of each hit, and how far its neighbours lie further out and aside."""
        n_near = edges.sum(dim=2, keepdim=True)
        mean = edges @ x - n_near * x
        square = edges @ x.square() - 2 * x * (edges @ x) + n_near * x.square()
        aside = ASIDE * square[..., 1:].clamp(min=1e-12).sqrt()
        node = torch.cat([x[..., :1], mean[..., :1], ASIDE * mean[..., 1:], aside], dim=2)
        return node.clamp(-LARGEST, LARGEST)

    def edges(self, x: Tensor, present: Tensor) -> Tensor:
        """(N, P, P) weights of the k nearest present nodes of each node, 1 / k each."""
        distance = (x[:, :, None] - x[:, None]).square().sum(dim=3)
        missing = ~present.bool()
        distance = distance.masked_fill(missing[:, None], FAR)
        own = torch.eye(x.shape[1], dtype=torch.bool)
        distance = distance.masked_fill(own, FAR)
        near = distance.topk(self.n_neighbours, dim=2, largest=False)
        weight = torch.zeros_like(distance).scatter(2, near.indices, (near.values < FAR).float())
        return weight / self.n_neighbours


def displaced_floors(hits: np.ndarray, present: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (N,) without a network: hits that are missing, and those missing in layers 1 and 2."""
    radius = checked_finite("hits", hits, 3)[..., 0]
    present = _checked_mask(present, radius.shape)
    inner = ((radius < 2.5) & present).sum(axis=1)
    return {"missing hits": -present.sum(axis=1).astype(float), "missing inner hits": -1.0 * inner}


def _checked_mask(present: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Masks (N, P) as bool; 0 and 1 are taken, too."""
    mask = checked_finite("present", present)
    if mask.shape != shape or not np.isin(mask, (0, 1)).all():
        raise ValueError(
            f"hits {shape} and masks {mask.shape}: give hits (N, P, 2), and masks (N, P) of True "
            "and False"
        )
    return mask.astype(bool)


def train_graph_autoencoder(
    hits: np.ndarray, present: np.ndarray, *, epochs: int = 15, seed: int = 0
) -> GraphAutoencoder:
    """Train on ordinary events: hits (N, P, 2) and masks (N, P).

    Raises:
        ValueError: for shapes that differ.
    """
    x = checked_finite("hits", hits, 3).astype(np.float32)
    mask = _checked_mask(present, x.shape[:2]).astype(np.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = GraphAutoencoder()

    def loss(model: nn.Module, some_hits: Tensor, some_present: Tensor) -> Tensor:
        error: Tensor = model(some_hits, some_present)
        return error.mean()

    plan = TrainingPlan(epochs, batch_size=128, learning_rate=5e-3, progress=False)
    plan.train(network, (x, mask), loss, seed=seed)
    return network


def graph_score(network: GraphAutoencoder, hits: np.ndarray, present: np.ndarray) -> np.ndarray:
    """The error of each event, (N,); the larger, the stranger."""
    x = checked_finite("hits", hits, 3).astype(np.float32)
    inputs = (x, _checked_mask(present, x.shape[:2]).astype(np.float32))
    return training.predict(network, inputs, ROWS_AT_ONCE).astype(float)
