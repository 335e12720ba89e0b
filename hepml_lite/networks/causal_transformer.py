"""A transformer that looks back only: the decoder of GPT, for what is written piece by piece.

A. Radford et al., "Improving language understanding by generative pre-training" (2018), with the
normalisation before each step as in GPT-2. Of jets: J. Birk et al., "OmniJet-α",
arXiv:2403.05618; A. Butter et al., "JetGPT", arXiv:2305.10475.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from hepml_lite.networks.inputs import check_heads
from hepml_lite.networks.layers.mlp import MLP


class CausalBlock(nn.Module):
    """x + Attention(norm(x)), then x + MLP(norm(x)); a place sees itself and earlier ones.

    Raises:
        ValueError: the width is not a multiple of the heads.
    """

    def __init__(self, width: int, n_heads: int):
        super().__init__()
        check_heads(width, n_heads)
        self.n_heads = n_heads
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = MLP((width, 2 * width, width), nn.GELU)

    def forward(self, x: Tensor) -> Tensor:
        """Places x (N, P, W) → (N, P, W)."""
        n, p, width = x.shape
        qkv = self.queries_keys_values(self.attention_norm(x))
        q, k, v = qkv.view(n, p, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)  # (N, H, P, d)
        heads = scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(heads.transpose(1, 2).reshape(n, p, width))
        return x + self.mlp(self.mlp_norm(x))


class CausalTransformer(nn.Module):
    """What is known before each piece of a sequence, and after the last.

    No mask is needed where padding comes last: what is real never sees it.

    Args:
        n_places: longest sequence.
        width: numbers of a place, W.
        n_heads: attention heads.
        n_blocks: number of blocks.
    """

    def __init__(self, n_places: int, width: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(width))
        self.position = nn.Parameter(0.1 * torch.randn(n_places + 1, width))
        self.blocks = nn.ModuleList(CausalBlock(width, n_heads) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(width)

    def forward(self, embedded: Tensor) -> Tensor:
        """Embedded pieces (N, P, W) → contexts (N, P + 1, W); context i sees the first i pieces.

        Raises:
            ValueError: a sequence longer than `n_places`.
        """
        longest = len(self.position) - 1
        if embedded.shape[1] > longest:
            raise ValueError(
                f"{embedded.shape[1]} pieces, but this transformer has {longest} places: "
                "shorten the sequences, or build it with more places."
            )
        start = self.start.expand(len(embedded), 1, -1)
        x = torch.cat([start, embedded], 1) + self.position[: embedded.shape[1] + 1]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)
