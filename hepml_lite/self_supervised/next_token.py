"""Guess the next particle: a jet is read from its hardest particle on, as a language model reads.

p(jet) = Π_i p(token_i | token_1 ... token_{i-1}), with the tokens of a `Tokeniser` in falling pT,
and a token of its own for the end. This is the first step of OmniJet-α, J. Birk et al.,
arXiv:2403.05618. The model may also read the particles themselves and only guess tokens, J. Birk et
al., arXiv:2512.04149. It uses no labels.
"""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations.augmentations import relative_particles, scaled
from hepml_lite.networks.causal_transformer import CausalTransformer
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import leading, mean_pooled
from hepml_lite.self_supervised.tokenisation import CHUNK, PADDING, Tokeniser
from hepml_lite.training import cosine, fit
from hepml_lite.training.history import History

NOTHING = -1  # target in padding, which no loss looks at


class NextTokenModel(nn.Module):
    """A causal transformer that guesses the token of the next particle, or the end of the jet.

    Args:
        tokeniser: a fitted one; the model keeps a copy of it and does not train it.
        reads_tokens: True: each particle enters as its token. False: as its three numbers.
        width: numbers of a particle inside and of the representation, W.
        n_heads: attention heads.
        n_blocks: number of blocks.
    """

    def __init__(
        self,
        tokeniser: Tokeniser,
        reads_tokens: bool = True,
        width: int = 32,
        n_heads: int = 4,
        n_blocks: int = 2,
    ):
        super().__init__()
        self.n_particles = tokeniser.n_particles
        self.n_codes = tokeniser.n_codes
        self.words = deepcopy(tokeniser.model).requires_grad_(False)
        self.embedding: nn.Module
        if reads_tokens:
            self.embedding = nn.Embedding(self.n_codes, width)
        else:
            self.embedding = MLP((3, width, width), nn.GELU)
        self.reads_tokens = reads_tokens
        self.transformer = CausalTransformer(self.n_particles, width, n_heads, n_blocks)
        self.head = nn.Linear(width, self.n_codes + 1)  # the last output: the jet ends

    def forward(self, jets: Tensor, mask: Tensor) -> Tensor:
        """Representation (N, W) of jets (N, P, 3): mean of what is known after each particle.

        The leading particles are read in falling pT, so their order in `jets` does not matter.
        """
        jets, mask = leading(jets, mask, self.n_particles, jets[..., 0])
        return mean_pooled(self.contexts(jets, mask)[:, 1:], mask)

    def contexts(self, jets: Tensor, mask: Tensor, tokens: Tensor | None = None) -> Tensor:
        """What is known before each particle, and after the last, (N, P + 1, W).

        Args:
            jets: (N, P, 3) in falling pT, relative to the jet; padding comes last.
            mask: (N, P), True where real.
            tokens: (N, P) of these particles; None: they are made here.
        """
        if not self.reads_tokens:
            return self.transformer(self.embedding(scaled(jets, mask)))
        if tokens is None:
            tokens = self.words.encode(jets, mask)
        return self.transformer(self.embedding(tokens.clamp(min=0)))


def next_targets(tokens: Tensor, mask: Tensor, end: int) -> Tensor:
    """The token of each particle, `end` after the last one, `NOTHING` after it, (N, P + 1).

    A jet that fills all places has no end: the list was cut there.

    Args:
        tokens: (N, P).
        mask: (N, P); real particles come first.
        end: the token of the end.
    """
    n, p = mask.shape
    target = torch.full((n, p + 1), NOTHING, device=mask.device)
    target[:, :p] = torch.where(mask, tokens, NOTHING)
    number = mask.sum(1)
    ends = number < p
    target[ends, number[ends]] = end
    return target


def next_token_loss(model: NextTokenModel, jets: Tensor, mask: Tensor, tokens: Tensor) -> Tensor:
    """Mean of -log p(token | tokens before it), the end included, in nats.

    Args:
        model: the model.
        jets: (N, P, 3) in falling pT.
        mask: (N, P).
        tokens: (N, P).
    """
    logits = model.head(model.contexts(jets, mask, tokens))  # (N, P + 1, K + 1)
    target = next_targets(tokens, mask, model.n_codes)
    return cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=NOTHING)


@torch.no_grad()
def surprises(model: NextTokenModel, jets: Jets) -> np.ndarray:
    """-log p of each token, given those before it, and of the end, (N, P + 1); NaN in padding.

    The sum over a row is -log p(jet).
    """
    rows = [torch.as_tensor(a) for a in relative_particles(jets, model.n_particles)]
    found = []
    for part, mask in zip(*(r.split(CHUNK) for r in rows), strict=True):
        tokens = model.words.encode(part, mask)
        logits = model.head(model.contexts(part, mask, tokens))  # (N, P + 1, K + 1)
        target = next_targets(tokens, mask, model.n_codes)
        paid = cross_entropy(logits.mT, target, ignore_index=NOTHING, reduction="none")
        found.append(paid.masked_fill(target == NOTHING, torch.nan))
    return torch.cat(found).numpy()


def surprises_by_frequency(tokeniser: Tokeniser, training: Jets, jets: Jets) -> np.ndarray:
    """The floor of `surprises`: -log of how often each token stands at its place, (N, P + 1).

    Args:
        tokeniser: a fitted one.
        training: jets whose tokens are counted; no count is below 0.1.
        jets: jets to judge.
    """
    counted, judged = (_targets(tokeniser, sample) for sample in (training, jets))
    places = np.arange(judged.shape[1])
    counts = np.full((tokeniser.n_codes + 1, len(places)), 0.1)
    np.add.at(counts, (counted, places), counted != NOTHING)  # NOTHING adds zero to the last row
    paid = -np.log(counts / counts.sum(axis=0))
    return np.where(judged == NOTHING, np.nan, paid[judged, places])


def _targets(tokeniser: Tokeniser, jets: Jets) -> np.ndarray:
    tokens = torch.as_tensor(tokeniser.encode(jets))
    return next_targets(tokens, tokens != PADDING, tokeniser.n_codes).numpy()


def train_next_token(
    jets: Jets,
    tokeniser: Tokeniser,
    reads_tokens: bool = True,
    seed: int = 0,
    sizes: dict[str, int] | None = None,
    **settings: Any,
) -> tuple[NextTokenModel, History]:
    """Train without labels on the leading particles of each jet, as many as the tokeniser reads.

    Args:
        jets: training jets; labels are not used.
        tokeniser: a fitted one.
        reads_tokens: see `NextTokenModel`.
        seed: of the weights and of the training.
        sizes: of the `NextTokenModel`: width, n_heads, n_blocks.
        settings: given to `hepml_lite.training.fit`, e.g. epochs, batch_size, callbacks.

    Raises:
        ValueError: a tokeniser that was not fitted, or as `fit`.
    """
    data = (*relative_particles(jets, tokeniser.n_particles), tokeniser.encode(jets))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = NextTokenModel(tokeniser, reads_tokens, **(sizes or {}))
    chosen: dict[str, Any] = {"epochs": 5, "batch_size": 128}
    chosen |= {"schedule": cosine, "learning_rate": 2e-3} | settings
    return model, fit(model, data, next_token_loss, seed=seed, **chosen)
