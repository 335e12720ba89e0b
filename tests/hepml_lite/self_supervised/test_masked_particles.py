"""Masked particles: what is hidden, what the loss compares, and what is learned."""

import math

import numpy as np
import pytest
import torch
from laws import (
    assert_gradients_reach_every_parameter,
    assert_padding_invariant,
    assert_permutation_invariant,
    particles,
)
from torch import nn
from torch.nn.functional import smooth_l1_loss

from data_fetch import load
from hepml_lite.jet_physics.variations.augmentations import relative_particles, scaled
from hepml_lite.self_supervised.contrastive import embed
from hepml_lite.self_supervised.masked_particles import (
    MaskedParticleModel,
    hide,
    masked_loss,
    pt_rank,
    train_masked,
)
from hepml_lite.self_supervised.tokenisation import Tokeniser

SIZES = {"width": 16, "n_heads": 2, "n_layers": 1}


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", "smoke", split="val")[:500]


def small(**changes):
    return MaskedParticleModel(**({"n_particles": 18} | SIZES | changes))


def trained(jets, seed=0, **settings):
    return train_masked(
        jets, 12, seed=seed, sizes=SIZES, device="cpu", progress=False,
        **({"epochs": 3, "batch_size": 64} | settings),
    )  # fmt: skip


class Filled(nn.Module):
    """What the model predicts with the hardest particle hidden: one row a jet."""

    def __init__(self):
        super().__init__()
        self.model = small(n_particles=36)

    def forward(self, jets, mask):
        hidden = mask & (pt_rank(jets, mask) == 0)
        return self.model.reconstruct(jets, mask, hidden)[hidden]


@pytest.mark.parametrize("make", [small, Filled])
def test_neither_order_nor_padding_is_known(make):
    assert_permutation_invariant(make(), *particles())
    assert_padding_invariant(make(), *particles())
    assert_padding_invariant(make(), *particles(), garbage=float("nan"))


def test_every_parameter_learns():
    class Predicted(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = small(n_particles=9)

        def forward(self, jets, mask):
            return self.model.reconstruct(jets, mask, hide(mask, 0.5))[mask]

    assert_gradients_reach_every_parameter(Predicted(), *particles(128))


def test_hiding_takes_its_share_and_leaves_something():
    mask = torch.arange(20) < torch.arange(21)[:, None]  # jets of 0 to 20 particles
    mask = mask[:, torch.randperm(20)]
    hidden = hide(mask, 0.3, torch.Generator().manual_seed(0))
    assert not (hidden & ~mask).any()
    number = hidden.sum(1)
    assert number[:3].tolist() == [0, 0, 1]
    assert torch.equal(number[2:], (0.3 * torch.arange(2, 21)).round().clamp(min=1).long())
    again = hide(mask, 0.3, torch.Generator().manual_seed(0))
    assert torch.equal(hidden, again)
    assert (hide(mask, 0.999).sum(1) == (mask.sum(1) - 1).clamp(min=0)).all()


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_impossible_shares_are_named(share):
    with pytest.raises(ValueError, match=f"share={share}"):
        hide(torch.ones(2, 3, dtype=torch.bool), share)


def test_every_particle_is_hidden_equally_often():
    mask = torch.ones(4000, 10, dtype=torch.bool)
    assert hide(mask, 0.3).float().mean(0).sub(0.3).abs().max() < 0.04


def test_rank_follows_pt_not_the_slot():
    jets = torch.tensor([[[0.1, 0, 0], [0.0, 0, 0], [0.6, 0, 0], [0.3, 0, 0]]])
    mask = torch.tensor([[True, False, True, True]])
    assert pt_rank(jets, mask).tolist() == [[2, 3, 0, 1]]


@torch.no_grad()
def test_hidden_particles_do_not_leak():
    model, (jets, mask) = small().eval(), particles()
    hidden = hide(mask)
    other = torch.where(
        hidden.unsqueeze(-1), torch.cat([jets[..., :1], jets[..., 1:] + 1], -1), jets
    )
    assert not torch.equal(other, jets)
    assert torch.equal(
        model.reconstruct(jets, mask, hidden), model.reconstruct(other, mask, hidden)
    )


@torch.no_grad()
def test_loss_reads_hidden_particles_only():
    model, (jets, mask) = small(n_outputs=7).eval(), particles()
    torch.manual_seed(5)
    hidden = hide(mask, 0.3)

    def loss(tokens):
        torch.manual_seed(5)
        return masked_loss(0.3)(model, jets, mask, tokens).item()

    tokens = torch.randint(7, mask.shape)
    shifted = (tokens + 3) % 7
    assert loss(torch.where(hidden, tokens, -1)) == loss(tokens)
    assert loss(torch.where(hidden, shifted, tokens)) != loss(tokens)


@torch.no_grad()
def test_regression_loss_is_the_mean_over_hidden_numbers():
    model, (jets, mask) = small().eval(), particles()
    torch.manual_seed(5)
    value = masked_loss(0.3)(model, jets, mask).item()
    torch.manual_seed(5)
    hidden = hide(mask, 0.3)
    predicted, true = model.reconstruct(jets, mask, hidden), scaled(jets, mask)
    terms = [
        smooth_l1_loss(predicted[i, p, f], true[i, p, f]).item()
        for i, p in hidden.nonzero().tolist()
        for f in range(3)
    ]
    assert value == pytest.approx(np.mean(terms), rel=1e-5)


def test_jets_of_one_particle_have_no_loss_but_a_gradient_of_zero():
    jets, mask = torch.rand(4, 3, 3), torch.arange(3).expand(4, 3) < 1
    model = small()
    loss = masked_loss()(model, jets, mask)
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())


def test_too_many_particles_are_named():
    jets, mask = particles(n_slots=19)
    with pytest.raises(ValueError, match="18 ranks"):
        small().reconstruct(jets, mask, hide(mask))


def test_a_tokeniser_of_other_particles_is_named(jets):
    with pytest.raises(ValueError, match="tokeniser reads 9"):
        trained(jets, tokeniser=Tokeniser(16, 9))


def test_loss_falls_on_real_jets(jets):
    model, history = trained(jets)
    assert history.train_loss[-1] < 0.9 * history.train_loss[0]
    assert embed(model, jets[:20]).shape == (20, 16)


def test_tokens_are_predicted_better_than_by_chance(jets):
    tokeniser = Tokeniser(16, 12, width=16)
    tokeniser.fit(jets, epochs=2, device="cpu", progress=False)
    model, history = trained(jets, tokeniser=tokeniser, epochs=2)
    assert history.train_loss[-1] < math.log(16)
    jets, mask = map(torch.as_tensor, relative_particles(jets[:5], 12))
    assert model.reconstruct(jets, mask, hide(mask)).shape == (5, 12, 16)


def test_seeds_decide(jets):
    first, again, other = (trained(jets[:100], seed=s, epochs=1)[0] for s in (1, 1, 2))
    values = [embed(m, jets[:20], device="cpu") for m in (first, again, other)]
    assert np.array_equal(values[0], values[1])
    assert not np.allclose(values[0], values[2])
