"""The Particle Transformer, faster: without padding, and with each pair computed only once.

H. Qu, C. Li, S. Qian, arXiv:2202.03772; the readable form is
`hepml_lite.networks.particle_transformer.ParticleTransformer.forward`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast.biased_attention import through_class_block, through_particle_block
from hepml_lite.networks.fast.linear import through_layers
from hepml_lite.networks.fast.pairs import Slice, real_pairs, slices, symmetric
from hepml_lite.networks.layers.minkowski import by_size

if TYPE_CHECKING:
    from hepml_lite.networks.particle_transformer import (
        ClassAttentionBlock,
        ParticleAttentionBlock,
        ParticleTransformer,
    )

# With more attention weights in all blocks, activations are computed again to save memory.
RECOMPUTE_ABOVE = 20_000_000

choice.register("particle_transformer", lambda: None)  # public functions of PyTorch alone


def logits(model: "ParticleTransformer", constituents: Tensor, mask: Tensor) -> Tensor:
    """Logits (N, n_classes) of a `ParticleTransformer`; arguments as for its `forward`."""
    constituents, mask, back = by_size(constituents, mask)
    parts = slices(mask)  # from here on rows of particles, slice by slice: little padding
    features = model.particle_features(constituents, mask)[mask]  # (M, F)
    rows = through_layers(model.embedding, features)  # (M, D)
    real = torch.cat([mask[jets, :p].flatten() for jets, p in parts]).nonzero().squeeze(1)
    n_rows = sum((jets.stop - jets.start) * p for jets, p in parts)
    x = rows.new_zeros(n_rows, rows.shape[1]).index_copy(0, real, rows)  # (R, D)
    ln_z = model.ln_z(constituents, mask)[None, :, None]  # (1, N, 1, P)
    ln_z = [ln_z[:, jets, :, :p] for jets, p in parts]  # (1, n, 1, p) each
    biases = _biases(model, constituents, mask, parts, ln_z)  # (H, n, p, p) each
    # Activations of a large network are computed again, not kept: less memory, more time.
    n_weights = sum(bias.numel() for bias in biases) * len(model.blocks)
    again = model.training and not x.is_cuda and n_weights > RECOMPUTE_ABOVE
    for block in cast("list[ParticleAttentionBlock]", model.blocks):
        if again:
            x = checkpoint(through_particle_block, block, x, biases, use_reentrant=False)
        else:
            x = through_particle_block(block, x, biases)
    tokens = model.token[0].expand(len(mask), -1)  # (N, D)
    ln_z = [pad(some, (1, 0)) for some in ln_z]
    for block in cast("list[ClassAttentionBlock]", model.class_blocks):
        tokens = through_class_block(block, tokens, x, ln_z)
    return model.head(tokens)[back]  # (N, D) → (N, n_classes)


def _biases(
    model: "ParticleTransformer", constituents: Tensor, mask: Tensor, parts: Sequence[Slice],
    ln_z: Sequence[Tensor],
) -> list[Tensor]:  # fmt: skip
    """U + ln z (H, n, p, p) of every slice; all pairs are normalised together as one batch."""
    features = []
    places = []
    momenta = model.pair_momenta(constituents, mask)  # (N, P, 3 or 4)
    for jets, p in parts:
        some, where = real_pairs(model.pair_inputs, momenta[jets, :p], mask[jets, :p])
        features.append(some)
        places.append(where)
    u = through_layers(model.pair_embedding, torch.cat(features))  # (M, 4) → (M, H)
    u = u.T.contiguous().split([len(where) for where in places], 1)
    return [
        symmetric(some, where, bias.shape[1], bias.shape[3]) + bias
        for some, where, bias in zip(u, places, ln_z, strict=True)
    ]
