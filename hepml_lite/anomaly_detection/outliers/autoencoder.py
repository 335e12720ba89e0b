"""The autoencoder: what cannot be squeezed through a bottleneck and back is strange.

T. Heimel, G. Kasieczka, T. Plehn, J. Thompson, "QCD or What?", arXiv:1808.08979; M. Farina, Y.
Nakai, D. Shih, "Searching for New Physics with Deep Autoencoders", arXiv:1808.08992.

An encoder e maps an event x to a few numbers, a decoder d maps them back, and the score is the
reconstruction error |x - d(e(x))|². With linear maps it is the distance from the plane of the
leading principal components (P. Baldi, K. Hornik, Neural Networks 2 (1989) 53).

Assumption: what was not in the training cannot be reconstructed. Nothing in the loss asks for it.
A network that generalises reconstructs unseen events too, and simple events in particular: it
finds tops in QCD and hardly QCD in tops. One notices by exchanging the classes (`demonstrations.
complexity`), by a wider bottleneck (`demonstrations.bottleneck`), and by comparing with a score
that only counts how much there is in the event, such as the mass or the number of bright pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from hepml_lite.anomaly_detection.outliers.detector import OutlierDetector
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_count


class EncoderDecoder(nn.Module):
    """x (N, D) → e(x) (N, L) → d(e(x)) (N, D), with the hidden layers of e mirrored in d.

    Args:
        n_features: D.
        n_latent: L, width of the bottleneck.
        hidden: hidden layers of the encoder; () makes both maps linear.
        activation: makes the non-linearity.
    """

    def __init__(
        self,
        n_features: int,
        n_latent: int,
        hidden: tuple[int, ...] = (128, 64),
        activation: Callable[[], nn.Module] = nn.ReLU,
    ):
        super().__init__()
        n_latent = checked_count("n_latent", n_latent)
        self.encoder = MLP((n_features, *hidden, n_latent), activation)
        self.decoder = MLP((n_latent, *reversed(hidden), n_features), activation)

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction (N, D) of x (N, D)."""
        return self.decoder(self.encoder(x))


@dataclass(kw_only=True)
class Autoencoder(OutlierDetector):
    """An autoencoder; the score is the mean squared error of the reconstruction.

    Attributes:
        n_latent: width of the bottleneck.
        hidden: hidden layers of the encoder, mirrored in the decoder; () is a linear autoencoder.
    """

    n_latent: int = 6
    hidden: tuple[int, ...] = (128, 64)

    def make_network(self, n_features: int) -> nn.Module:
        """Encoder and decoder."""
        return EncoderDecoder(n_features, self.n_latent, self.hidden)

    def loss_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """Mean squared error over the features of each row, (N,)."""
        return (network(z) - z).square().mean(1)

    def score_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """The loss itself."""
        return self.loss_of_rows(network, z)
