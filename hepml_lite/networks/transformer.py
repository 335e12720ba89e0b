"""A small transformer encoder for sets of particles, without positions.

A. Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, here without positions and with
the normalisation before each step (R. Xiong et al., arXiv:2002.04745).
"""

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from hepml_lite.networks.inputs import check_heads, check_particles
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import clean


class SelfAttention(nn.Module):
    """softmax(Q Kᵀ / √d) V in `n_heads` heads (eq. 1 of arXiv:1706.03762) among real particles.

    Args:
        width: numbers per particle, D.
        n_heads: heads of width d = D / n_heads each.

    Raises:
        ValueError: the width is not a multiple of the heads.
    """

    def __init__(self, width: int, n_heads: int):
        super().__init__()
        check_heads(width, n_heads)
        self.n_heads = n_heads
        # Without bias: a bias of K would have no effect, because softmax ignores a constant.
        self.queries_keys_values = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Particles x (N, P, D), mask (N, P) → (N, P, D)."""
        n, p, width = x.shape
        qkv = self.queries_keys_values(x).view(n, p, 3, self.n_heads, width // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (N, H, P, d)
        # A jet without particles attends to its padding, because an empty softmax would be NaN.
        visible = mask | ~mask.any(1, keepdim=True)
        heads = scaled_dot_product_attention(q, k, v, attn_mask=visible[:, None, None, :])
        return self.out(heads.transpose(1, 2).reshape(n, p, width))  # (N, H, P, d) → (N, P, D)


class Block(nn.Module):
    """x + Attention(norm(x)), then x + MLP(norm(x)): first all particles, then each alone."""

    def __init__(self, width: int, n_heads: int, expansion: int = 2, dropout: float = 0.0):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.mlp_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, n_heads)
        self.mlp = MLP((width, expansion * width, width), nn.GELU)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Particles x (N, P, D), mask (N, P) → (N, P, D)."""
        x = x + self.dropout(self.attention(self.attention_norm(x), mask))
        return x + self.dropout(self.mlp(self.mlp_norm(x)))


class TransformerEncoder(nn.Module):
    """New features of each particle, given all others; permuted particles give permuted outputs.

    Args:
        n_features: numbers per particle, e.g. 3.
        width: numbers per particle inside and in the output, D.
        n_heads: attention heads in each block.
        n_layers: number of blocks.
        expansion: hidden width of each block's MLP over D.
        dropout: probability to drop an activation in training.

    Raises:
        ValueError: a size below 1, or a width that is not a multiple of the heads.
    """

    def __init__(
        self,
        n_features: int = 3,
        width: int = 32,
        n_heads: int = 4,
        n_layers: int = 2,
        expansion: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        if min(n_layers, expansion) < 1:
            raise ValueError(f"n_layers={n_layers}, expansion={expansion}: give 1 or more.")
        self.width = width
        self.n_heads = n_heads
        self.embedding = MLP((n_features, width, width), nn.GELU)
        self.blocks = nn.ModuleList(
            Block(width, n_heads, expansion, dropout) for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Features (N, P, F), mask (N, P), True where real → (N, P, D), zero where padded.

        Values in padded slots have no effect, even NaN.
        """
        check_particles(self, features, mask, self.embedding.sizes[0])
        return self.attend(self.embedding(clean(features, mask)), mask)

    def attend(self, x: Tensor, mask: Tensor) -> Tensor:
        """Only the blocks, for embedded particles (N, P, D) → (N, P, D)."""
        for block in self.blocks:
            x = block(x, mask)
        return clean(self.norm(x), mask)

    def __repr__(self) -> str:
        heads = self.n_heads
        return (
            f"{type(self).__name__}({len(self.blocks)} blocks of width {self.width} and {heads} "
            f"heads; {sum(p.numel() for p in self.parameters()):,} parameters)"
        )
