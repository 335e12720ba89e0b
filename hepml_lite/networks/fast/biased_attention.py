"""Blocks of the Particle Transformer, faster: jets in slices of similar size, little padding.

H. Qu, C. Li, S. Qian, arXiv:2202.03772; the readable form is `ParticleAttentionBlock` and
`ClassAttentionBlock` of `hepml_lite.networks.particle_transformer`, whose layers are used here.
Particles are rows (R, D), slice after slice. Only attention itself works slice by slice.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import gelu, scaled_dot_product_attention

from hepml_lite.networks.fast.linear import fast_linear, linear_layer

if TYPE_CHECKING:
    from hepml_lite.networks.particle_transformer import (
        Attention,
        AttentionBlock,
        ClassAttentionBlock,
        ParticleAttentionBlock,
    )


def attend(attention: "Attention", x: Tensor, context: Tensor, biases: Sequence[Tensor]) -> Tensor:
    """Attention of rows x (R, D) to rows of context (S, D), slice by slice: (R, D).

    Each bias (H or 1, n, Q or 1, P) belongs to n jets with Q rows in x and P in the context.
    """
    asking = [bias.shape[1] * bias.shape[2] for bias in biases]
    seen = [bias.shape[1] * bias.shape[3] for bias in biases]
    q = linear_layer(attention.query, x).split(asking)
    k = linear_layer(attention.key, context).split(seen)
    v = linear_layer(attention.value, context).split(seen)
    parts = zip(q, k, v, biases, strict=True)
    return torch.cat([_attend_in_slice(attention, *part) for part in parts])


def _attend_in_slice(
    attention: "Attention", q: Tensor, k: Tensor, v: Tensor, bias: Tensor
) -> Tensor:
    """Rows q (n Q, D), k and v (n P, D), bias (H or 1, n, Q or 1, P) → (n Q, D)."""
    n_jets = bias.shape[1]
    width = q.shape[1] // attention.n_heads

    def heads(rows: Tensor, p: int) -> Tensor:  # (n P, D) → (H, n, P, d)
        return rows.view(n_jets, p, attention.n_heads, width).permute(2, 0, 1, 3)

    q = heads(q, bias.shape[2])
    k = heads(k, bias.shape[3])
    v = heads(v, bias.shape[3])
    if q.is_cuda:
        p = attention.dropout.p if attention.training else 0.0
        seen = scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=p)
    else:  # if U learns, this form is faster on a CPU and needs less memory
        logits = (q * width**-0.5 @ k.mT).add_(bias)  # (H, n, Q, P)
        seen = attention.dropout(logits.softmax(-1)) @ v
    return seen.permute(1, 2, 0, 3).flatten(2).flatten(0, 1)  # (H, n, Q, d) → (n Q, D)


def through_particle_block(
    block: "ParticleAttentionBlock", x: Tensor, biases: Sequence[Tensor]
) -> Tensor:
    """Rows of particles x (R, D) → (R, D); `biases` of slices of jets are those of `attend`."""
    normed = block.attention_norm(x)
    return _after_attention(block, x, attend(block.attention, normed, normed, biases))


def through_class_block(
    block: "ClassAttentionBlock", tokens: Tensor, particles: Tensor, biases: Sequence[Tensor]
) -> Tensor:
    """Tokens (N, D), rows of particles (R, D) → tokens (N, D); a token precedes its particles."""
    context = block.attention_norm(_token_first(tokens, particles, biases))
    return _after_attention(block, tokens, attend(block.attention, tokens, context, biases))


def _after_attention(block: "AttentionBlock", x: Tensor, heads: Tensor) -> Tensor:
    """Rows (R, D) and the outputs of their heads (R, D) → (R, D)."""
    scale = block.head_scale.repeat_interleave(len(block.residual_scale) // len(block.head_scale))
    out = block.attention.out  # scaling its weights is less work than scaling its output
    seen = fast_linear(heads, scale.unsqueeze(1) * out.weight, scale * out.bias)
    x = x + block.dropout(block.attention_out_norm(seen))
    hidden = block.dropout(gelu(linear_layer(block.hidden, block.mlp_norm(x))))  # (R, 4D)
    hidden = block.dropout(linear_layer(block.out, block.hidden_norm(hidden)))
    return torch.addcmul(hidden, block.residual_scale, x)


def _token_first(tokens: Tensor, x: Tensor, biases: Sequence[Tensor]) -> Tensor:
    """Tokens (N, D) and rows of particles (R, D) of all slices, one token before each jet."""
    n_jets = [bias.shape[1] for bias in biases]
    n_slots = [bias.shape[3] - 1 for bias in biases]
    parts = x.split([n * p for n, p in zip(n_jets, n_slots, strict=True)])
    both = []
    for token, part, p in zip(tokens.split(n_jets), parts, n_slots, strict=True):
        particles = part.view(len(token), p, x.shape[1])  # (n, p, D)
        both.append(torch.cat([token.unsqueeze(1), particles], 1).flatten(0, 1))
    return torch.cat(both)  # (N + R, D)
