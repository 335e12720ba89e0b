"""VQ-VAE in small: a row becomes a few words of a learned vocabulary; a network writes new ones.

A. van den Oord et al., arXiv:1711.00937; for showers Calo-VQ, arXiv:2405.06605. The encoder gives G
vectors, each is replaced by the nearest of K entries of a codebook, and the decoder sees only
these. A recurrent network learns p(word g | words before, condition), from which new rows are
drawn. Words are discrete: there are fewer codes between two classes of events than a VAE has.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.generation.events.vae import LOWEST_LOG_WIDTH, log_gaussian
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_count

COMMITMENT = 0.25  # of the encoder to its entries, as in the paper


class VectorQuantised(nn.Module):
    """Encoder, codebook, decoder, and the writer of words."""

    def __init__(self, n_features: int, n_conditions: int, shape: tuple[int, int, int], width: int):
        super().__init__()
        self.n_words, self.n_entries, self.n_numbers = shape
        n_codes = self.n_words * self.n_numbers
        self.encoder = MLP((n_features + n_conditions, width, width, n_codes), nn.SiLU)
        self.decoder = MLP((n_codes + n_conditions, width, width, 2 * n_features), nn.SiLU)
        self.codebook = nn.Parameter(torch.randn(self.n_words, self.n_entries, self.n_numbers))
        self.words = nn.Embedding(self.n_entries + 1, width)  # the last one is the beginning
        self.start = nn.Linear(max(n_conditions, 1), width)
        self.writer = nn.GRU(width, width, batch_first=True)
        self.outputs = nn.Linear(width, self.n_entries)

    def encode(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (N, G, E), and the numbers of their nearest entries (N, G)."""
        vectors = self.encoder(torch.cat([z, c], 1)).view(len(z), self.n_words, -1)
        distance = (vectors.unsqueeze(2) - self.codebook).square().sum(3)  # (N, G, K)
        return vectors, distance.argmin(2)

    def entries(self, words: Tensor) -> Tensor:
        """Entries (N, G, E) of words (N, G)."""
        return self.codebook[torch.arange(self.n_words), words]

    def decode(self, entries: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log width (N, D) of rows with these entries (N, G, E)."""
        mean, log_width = self.decoder(torch.cat([entries.flatten(1), c], 1)).chunk(2, 1)
        return mean, log_width.clamp(min=LOWEST_LOG_WIDTH)

    def next_words(self, words: Tensor, c: Tensor) -> Tensor:
        """Logits (N, G', K) of each word given those before it; words (N, G' - 1)."""
        first = words.new_full((len(c), 1), self.n_entries)
        given = c if c.shape[1] else c.new_zeros(len(c), 1)
        hidden = self.start(given).unsqueeze(0)  # (1, N, W)
        return self.outputs(self.writer(self.words(torch.cat([first, words], 1)), hidden)[0])


@dataclass(kw_only=True)
class VectorQuantisedAutoencoder(TrainedDensity):
    """A density with samples, but without `log_prob`.

    Attributes:
        n_words: words of a row, G.
        n_entries: of the codebook of each word, K.
        n_numbers: of an entry, E.
        width: hidden numbers of all networks.

    Raises:
        ValueError: a size below 1.
    """

    n_words: int = 4
    n_entries: int = 16
    n_numbers: int = 4
    width: int = 128
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=60, learning_rate=3e-3, patience=None)
    )

    def __post_init__(self) -> None:
        for name in ("n_words", "n_entries", "n_numbers", "width"):
            setattr(self, name, checked_count(name, getattr(self, name)))

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """Encoder, codebook, decoder and writer."""
        shape = (self.n_words, self.n_entries, self.n_numbers)
        return VectorQuantised(n_features, n_conditions, shape, self.width)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Reconstruction, codebook and commitment (eq. 3), and the words (N,)."""
        model = _checked(network)
        vectors, words = model.encode(z, c)
        entries = model.entries(words)
        book = (entries - vectors.detach()).square().sum((1, 2))
        commitment = (vectors - entries.detach()).square().sum((1, 2))
        passed = vectors + (entries - vectors).detach()  # the gradient goes straight through
        log_likelihood = log_gaussian(z, *model.decode(passed, c))
        logits = model.next_words(words[:, :-1], c)
        written = cross_entropy(logits.transpose(1, 2), words, reduction="none").sum(1)
        return book + COMMITMENT * commitment + written - log_likelihood

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each of the conditions c (M, C): write words, decode, smear."""
        model = _checked(network)
        words = torch.zeros(len(c), 0, dtype=torch.long)
        for _ in range(self.n_words):
            chance = model.next_words(words, c)[:, -1].softmax(1)
            words = torch.cat([words, torch.multinomial(chance, 1)], 1)
        mean, log_width = model.decode(model.entries(words), c)
        return mean + log_width.exp() * torch.randn_like(mean)


def _checked(network: nn.Module) -> VectorQuantised:
    """The network as what it is.

    Raises:
        TypeError: another network.
    """
    if not isinstance(network, VectorQuantised):
        raise TypeError(f"this is a {type(network).__name__}: a VectorQuantised is needed")
    return network
