"""NPLM with a network: f is a small perceptron whose weights are clipped.

R. T. D'Agnolo, A. Wulzer, arXiv:1806.02350; the clipping is that of R. T. D'Agnolo et al.,
arXiv:1912.12155: with a bound on the weights t is a χ² with as many degrees of freedom as the
network has parameters, whatever the sample.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from hepml_lite.networks.layers.mlp import MLP

LARGEST_EXPONENT = 20.0


@dataclass(frozen=True)
class NetworkAlternative:
    """One hidden layer of sigmoids, trained on all events at once.

    Attributes:
        hidden_features: of the layer.
        largest_weight: bound of each weight and bias; larger lets f be steeper, and t larger.
        epochs: steps of Adam.
        learning_rate: of Adam.
    """

    hidden_features: int = 5
    largest_weight: float = 2.0
    epochs: int = 1000
    learning_rate: float = 1e-2

    def fitted_log_ratio(
        self, data: np.ndarray, reference: np.ndarray, weight: float, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values of f at the data (N,) and at the reference (M,)."""
        of_data = torch.as_tensor(data, dtype=torch.float32)
        of_reference = torch.as_tensor(reference, dtype=torch.float32)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = MLP((data.shape[1], self.hidden_features, 1), nn.Sigmoid)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        for _ in range(self.epochs):
            optimizer.zero_grad()
            f_reference = network(of_reference).clamp(max=LARGEST_EXPONENT)
            loss = weight * torch.expm1(f_reference).sum() - network(of_data).sum()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.clamp_(-self.largest_weight, self.largest_weight)
        with torch.no_grad():
            found = network(of_data)[:, 0], network(of_reference)[:, 0]
        return found[0].double().numpy(), found[1].double().numpy()
