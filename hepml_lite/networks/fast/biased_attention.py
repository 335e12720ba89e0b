"""Transformer blocks whose attention has a bias for each pair, jets in slices of similar size.

The blocks of the Particle Transformer, H. Qu, C. Li, S. Qian, arXiv:2202.03772. Particles are rows;
slices lie one behind the other, so that only attention itself is done slice by slice.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from hepml_lite.networks.fast.linear import FastLinear, fast_linear


class Attention(nn.Module):
    """softmax(Q Kᵀ / √d + U) V in `n_heads` heads: P-MHA of the paper, before its last layer."""

    def __init__(self, width: int, n_heads: int, dropout: float):
        super().__init__()
        self.n_heads, self.dropout = n_heads, nn.Dropout(dropout)
        self.query, self.value = FastLinear(width, width), FastLinear(width, width)
        self.key = FastLinear(width, width, bias=False)  # with one, softmax would not see it
        self.out = FastLinear(width, width)

    def forward(self, x: Tensor, context: Tensor, biases: Sequence[Tensor]) -> Tensor:
        """Rows x (R, D) look at rows of context (S, D), slice by slice: (R, D).

        Each bias (H or 1, n, Q or 1, P) belongs to n jets with Q rows in x and P in the context.
        """
        asking = [bias.shape[1] * bias.shape[2] for bias in biases]
        seen = [bias.shape[1] * bias.shape[3] for bias in biases]
        q = self.query(x).split(asking)
        k, v = self.key(context).split(seen), self.value(context).split(seen)
        return torch.cat([self._attend(*part) for part in zip(q, k, v, biases, strict=True)])

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        n, d = bias.shape[1], q.shape[1] // self.n_heads

        def heads(rows: Tensor, p: int) -> Tensor:  # (n P, D) → (H, n, P, d)
            return rows.view(n, p, self.n_heads, d).permute(2, 0, 1, 3)

        q, k, v = heads(q, bias.shape[2]), heads(k, bias.shape[3]), heads(v, bias.shape[3])
        if q.is_cuda:
            p = self.dropout.p if self.training else 0.0
            seen = scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=p)
        else:  # where U learns, written out it is faster on a processor and takes less memory
            logits = (q * d**-0.5 @ k.mT).add_(bias)  # (H, n, Q, P)
            seen = self.dropout(logits.softmax(-1)) @ v
        return seen.permute(1, 2, 0, 3).flatten(2).flatten(0, 1)  # (H, n, Q, d) → (n Q, D)


class Block(nn.Module):
    """Attention and an MLP, normalised before and after, in the manner of arXiv:2110.09456.

    Particles attend to one another; in a class attention block (arXiv:2103.17239) one token
    attends to itself and the particles.
    """

    def __init__(self, width: int, n_heads: int, dropout: float):
        super().__init__()
        self.attention_norm, self.attention_out_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, n_heads, dropout)
        self.head_scale = nn.Parameter(torch.ones(n_heads))
        self.mlp_norm, self.hidden_norm = nn.LayerNorm(width), nn.LayerNorm(4 * width)
        self.hidden, self.out = FastLinear(width, 4 * width), FastLinear(4 * width, width)
        self.residual_scale = nn.Parameter(torch.ones(width))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, biases: Sequence[Tensor], particles: Tensor | None = None
    ) -> Tensor:
        """Rows of particles x (R, D), or tokens x (N, D) and `particles`: what comes out is as x.

        `biases` of slices of jets are those of `Attention`; tokens stand in front of the particles.
        """
        if particles is None:
            query = context = self.attention_norm(x)
        else:
            query, context = x, self.attention_norm(_token_first(x, particles, biases))
        seen = self.attention(query, context, biases)
        scale = self.head_scale.repeat_interleave(len(self.residual_scale) // len(self.head_scale))
        out = self.attention.out  # scaled itself, which is less work than to scale what it gives
        seen = fast_linear(seen, scale.unsqueeze(1) * out.weight, scale * out.bias)
        x = x + self.dropout(self.attention_out_norm(seen))
        hidden = self.dropout(gelu(self.hidden(self.mlp_norm(x))))  # (R, 4D)
        hidden = self.dropout(self.out(self.hidden_norm(hidden)))
        return torch.addcmul(hidden, self.residual_scale, x)


def _token_first(tokens: Tensor, x: Tensor, biases: Sequence[Tensor]) -> Tensor:
    """Tokens (N, D) and rows of particles (R, D) of all slices, one token before each jet."""
    n_jets, slots = zip(*((bias.shape[1], bias.shape[3] - 1) for bias in biases), strict=True)
    parts = x.split([n * p for n, p in zip(n_jets, slots, strict=True)])
    both = [
        torch.cat([token.unsqueeze(1), part.view(len(token), p, x.shape[1])], 1).flatten(0, 1)
        for token, part, p in zip(tokens.split(n_jets), parts, slots, strict=True)
    ]
    return torch.cat(both)  # (N + R, D)
