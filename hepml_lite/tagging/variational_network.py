"""A Bayesian network: a Gaussian for each weight instead of a number, found by variation.

C. Blundell et al., "Weight Uncertainty in Neural Networks", arXiv:1505.05424; for jets S. Bollweg
et al., "Deep-learning jets with uncertainties and more", arXiv:1904.10004. The posterior q of the
weights is a product of Gaussians (mean field). The loss of one jet, of N in the training, is

    E_q[ cross entropy ] + KL(q || prior) / N.

In training, each jet draws its own output instead of its own weights (local reparametrisation,
D. P. Kingma et al., arXiv:1506.02557): with x fixed, the output of a layer is Gaussian, too,

    mean = W x + b,   variance = sigma_W^2 x^2 + sigma_b^2.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

FIRST_LOG_SIGMA = -4.0  # of all weights before the training


class VariationalLinear(nn.Module):
    """A linear layer whose weights and biases have independent Gaussians.

    In training, it draws an output for each row. In evaluation, it uses the weights of the last
    `draw`, the same for all rows, or the means if there was none.

    Args:
        n_in: numbers of a row.
        n_out: outputs.
        prior_sigma: of the Gaussian prior around zero of each weight and bias.
    """

    def __init__(self, n_in: int, n_out: int, prior_sigma: float = 1.0):
        super().__init__()
        self.prior_sigma = prior_sigma
        first = nn.Linear(n_in, n_out)  # with its usual random weights
        start = torch.cat([first.weight.detach(), first.bias.detach()[:, None]], 1)
        self.mean = nn.Parameter(start)  # (n_out, n_in + 1), the bias last
        self.log_sigma = nn.Parameter(torch.full_like(start, FIRST_LOG_SIGMA))
        self.drawn: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_in) → (N, n_out)."""
        x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
        if not self.training:
            return x @ (self.mean if self.drawn is None else self.drawn).T
        mean = x @ self.mean.T
        variance = x.square() @ (2 * self.log_sigma).exp().T
        return mean + variance.sqrt() * torch.randn_like(mean)

    def draw(self, generator: torch.Generator | None = None) -> None:
        """Draw weights from the posterior, which evaluation uses from now on."""
        noise = torch.randn(self.mean.shape, generator=generator)
        self.drawn = (self.mean + self.log_sigma.exp() * noise).detach()

    def kl(self) -> Tensor:
        """KL(q || prior) in nats, summed over all weights."""
        mean, sigma = self.mean / self.prior_sigma, self.log_sigma.exp() / self.prior_sigma
        return (0.5 * (mean.square() + sigma.square() - 1) - sigma.log()).sum()


class VariationalMLP(nn.Module):
    """A multi-layer perceptron of `VariationalLinear` layers, with ReLU between them.

    Args:
        sizes: width of every layer, input and output included.
        prior_sigma: see `VariationalLinear`.

    Raises:
        ValueError: fewer than two sizes, or a width of the prior that is not positive.
    """

    def __init__(self, sizes: Sequence[int], prior_sigma: float = 1.0):
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(f"sizes={tuple(sizes)}: give input and output, as (7, 64, 2)")
        if not prior_sigma > 0:
            raise ValueError(f"prior_sigma={prior_sigma}: give a positive width, as 1.0")
        self.linear = nn.ModuleList(
            VariationalLinear(n_in, n_out, prior_sigma) for n_in, n_out in pairwise(sizes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, sizes[0]) → (N, sizes[-1])."""
        *hidden, last = self.linear
        for layer in hidden:
            x = torch.relu(layer(x))
        return last(x)

    def layers(self) -> list[VariationalLinear]:
        """The layers, first to last."""
        return [layer for layer in self.linear if isinstance(layer, VariationalLinear)]

    def kl(self) -> Tensor:
        """KL(q || prior) in nats, of all layers."""
        return torch.stack([layer.kl() for layer in self.layers()]).sum()


def variational_loss(n_jets: int) -> Callable[..., Tensor]:
    """Cross entropy + KL / N, a loss for `training.fit` on (x, labels).

    Args:
        n_jets: N, the number of jets in the training.

    Raises:
        ValueError: no jets.
    """
    if n_jets < 1:
        raise ValueError(f"n_jets={n_jets}: give the number of jets in the training")

    def loss(model: VariationalMLP, x: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.cross_entropy(model(x), labels.long()) + model.kl() / n_jets

    return loss


@torch.no_grad()
def log_odds_draws(
    model: VariationalMLP, x: np.ndarray, n_draws: int = 30, seed: int = 0
) -> np.ndarray:
    """ln p(1)/p(0) of N jets from draws of all weights, (n_draws, N).

    Their mean over the draws is the score, and their standard deviation its error.

    Args:
        model: trained, with two outputs.
        x: (N, D).
        n_draws: sets of weights.
        seed: of the draws.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = torch.as_tensor(np.asarray(x), dtype=torch.float32)
    found = []
    model.eval()
    for _ in range(n_draws):
        for layer in model.layers():
            layer.draw(generator)
        logits = model(rows)
        found.append((logits[:, 1] - logits[:, 0]).numpy())
    for layer in model.layers():
        layer.drawn = None
    return np.stack(found)
