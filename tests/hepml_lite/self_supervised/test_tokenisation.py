"""Tokens: the nearest code, codes that follow the data, and jets that come back."""

import numpy as np
import pytest
import torch
from laws import assert_gradients_reach_every_parameter, particles
from sklearn.cluster import KMeans
from torch import nn

from data_fetch import load
from hepml_lite.jet_physics.variations.augmentations import relative_particles
from hepml_lite.self_supervised.tokenisation import (
    PADDING,
    Codebook,
    Tokeniser,
    VectorQuantisedAutoencoder,
    codebook_usage,
    quantised_loss,
)

N_CODES = 64


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", "smoke", split="val")[:700]


def fitted(jets, n_codes=N_CODES, seed=0, **settings):
    tokeniser = Tokeniser(n_codes, 15, seed=seed, width=32)
    tokeniser.history = tokeniser.fit(
        jets, device="cpu", progress=False, **({"epochs": 8, "batch_size": 16} | settings)
    )
    return tokeniser


@pytest.fixture(scope="module")
def tokeniser(jets):
    return fitted(jets)


def autoencoder(context=False):
    model = VectorQuantisedAutoencoder(16, context=context, width=16).eval()
    model.codebook.codes.copy_(torch.randn(16, 4))
    return model


def positive():
    jets, mask = particles()
    return jets, mask


def test_token_is_the_nearest_code():
    codebook, z = Codebook(20, 3), torch.randn(4, 7, 3)
    codebook.codes.copy_(torch.randn(20, 3))
    assert torch.equal(codebook.nearest(z), torch.cdist(z, codebook.codes).argmin(-1))


def test_codes_do_nearly_as_well_as_k_means():
    z, codebook = torch.randn(4000, 2), Codebook(32, 2)
    for _ in range(30):
        for batch in z.split(400):
            codebook.follow(batch)
    ours = (codebook.codes[codebook.nearest(z)] - z).square().sum()
    reference = KMeans(32, n_init=2, random_state=0).fit(z.numpy()).inertia_
    assert 0.95 * reference < ours < 1.2 * reference


def test_dead_codes_move_to_where_the_data_are():
    codebook, z = Codebook(8, 3), torch.randn(500, 3)
    codebook.counts += 1
    codebook.codes += 1000 * torch.arange(1.0, 9.0)[:, None]  # the first takes everything
    codebook.sums += codebook.codes
    for _ in range(150):
        codebook.follow(z)
    assert len(codebook.nearest(z).unique()) == 8
    assert codebook.codes.abs().max() < 5


def test_codes_are_running_means():
    codebook, z = Codebook(1, 2, decay=0.9), torch.randn(2, 50, 2)
    for batch in z:
        codebook.follow(batch)
    weights = torch.tensor([0.1 * 0.9, 0.1]) * 50  # of the two batches; the first vector: 0.81
    first = codebook.sums[0] - (weights[:, None] * z.mean(1)).sum(0)
    assert codebook.counts.item() == pytest.approx(0.81 + float(weights.sum()), rel=1e-5)
    assert (first / 0.81 - z[0]).abs().sum(1).min() < 1e-4  # the code was born on a vector
    assert torch.allclose(codebook.codes, codebook.sums / codebook.counts)


@pytest.mark.parametrize("context", [False, True])
def test_gradients_pass_the_choice_to_every_parameter(context):
    class Rebuilt(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = autoencoder(context)

        def forward(self, jets, mask):
            return quantised_loss()(self.model, jets, mask)

    assert_gradients_reach_every_parameter(Rebuilt(), *positive())


@pytest.mark.parametrize("context", [False, True])
@torch.no_grad()
def test_tokens_follow_permuted_particles_and_ignore_padding(context):
    model, (jets, mask) = autoencoder(context).double(), positive()
    jets = jets.double()
    tokens, order = model.encode(jets, mask), torch.randperm(mask.shape[1])
    assert torch.equal(model.encode(jets[:, order], mask[:, order]), tokens[:, order])
    assert torch.allclose(model.decode(tokens[:, order]), model.decode(tokens)[:, order])
    dirty = torch.where(mask.unsqueeze(-1), jets, float("nan"))
    assert torch.equal(model.encode(dirty, mask), tokens)
    more = torch.cat([tokens, torch.full_like(tokens, PADDING)], 1)
    decoded = model.decode(more)
    assert torch.allclose(decoded[:, : mask.shape[1]], model.decode(tokens))
    assert not decoded[more == PADDING].any()


def test_context_makes_tokens_depend_on_the_other_particles():
    jets, mask = particles(64)
    moved = jets.clone()
    moved[:, 0, 1:] += 2
    changed = {}
    for context in (False, True):
        model = autoencoder(context)
        changed[context] = (model.encode(jets, mask) != model.encode(moved, mask))[:, 1:].any()
    assert changed == {False: False, True: True}


def test_shapes_padding_and_range(tokeniser, jets):
    tokens = tokeniser.encode(jets)
    _, mask = relative_particles(jets, 15)
    assert tokens.shape == mask.shape
    assert tokens.dtype == np.int64
    assert ((tokens == PADDING) == ~mask).all()
    assert tokens.max() < N_CODES
    decoded = tokeniser.decode(tokens)
    assert decoded.shape == (*mask.shape, 3)
    assert not decoded[~mask].any()
    assert (decoded[mask][:, 0] > 0).all()
    with pytest.raises(ValueError, match=f"to {N_CODES}"):
        tokeniser.decode(np.full((1, 2), N_CODES))


def test_a_decoded_particle_has_its_token_again(tokeniser, jets):
    tokens = tokeniser.encode(jets)
    real = tokens != PADDING
    particles = torch.as_tensor(tokeniser.decode(tokens))
    with torch.no_grad():
        again = tokeniser.model.encode(particles, torch.as_tensor(real)).numpy()
    assert (again == tokens)[real].mean() > 0.97


def test_codebook_is_used_and_the_loss_falls(tokeniser, jets):
    used, perplexity = codebook_usage(tokeniser.encode(jets), N_CODES)
    assert used > 0.9
    assert 0.5 * N_CODES < perplexity <= N_CODES
    losses = tokeniser.history.train_loss
    assert losses[-1] < 0.5 * losses[0]


def test_error_falls_with_the_size_of_the_codebook(tokeniser, jets):
    coarse, fine = fitted(jets, 8).resolution(jets), tokeniser.resolution(jets)
    for small, large in zip(fine, coarse, strict=True):
        assert small < 0.8 * large
    assert fine.eta == pytest.approx(fine.phi, rel=0.4)


def test_tokens_in_context_train_too(jets):
    tokeniser = Tokeniser(16, 10, context=True, width=16)
    history = tokeniser.fit(jets[:300], epochs=4, batch_size=32, device="cpu", progress=False)
    assert history.train_loss[-1] < history.train_loss[0]
    assert codebook_usage(tokeniser.encode(jets), 16)[0] > 0.5


def test_seeds_decide(jets):
    first, again, other = (fitted(jets[:200], seed=s, epochs=1).encode(jets) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_usage_of_known_tokens():
    assert codebook_usage(np.array([[0, 1, 2, 3, PADDING]]), 4) == pytest.approx((1, 4))
    assert codebook_usage(np.array([[2, 2], [2, PADDING]]), 4) == pytest.approx((0.25, 1))


def test_a_tokeniser_must_be_fitted(jets):
    with pytest.raises(ValueError, match="call fit"):
        Tokeniser(16).encode(jets)


def test_impossible_sizes_are_named():
    with pytest.raises(ValueError, match="n_codes=1"):
        Tokeniser(1)
