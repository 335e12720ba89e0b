"""The next particle: causality, exact targets, an exact loss, and a grammar that is learned."""

import math

import numpy as np
import pytest
import torch
from laws import assert_padding_invariant, assert_permutation_invariant, particles

from data_fetch import load
from hepml_lite.jet_physics.variations.augmentations import relative_particles
from hepml_lite.networks.causal_transformer import CausalBlock, CausalTransformer
from hepml_lite.self_supervised.contrastive import embed
from hepml_lite.self_supervised.next_token import (
    NOTHING,
    NextTokenModel,
    next_targets,
    next_token_loss,
    surprises,
    surprises_by_frequency,
    train_next_token,
)
from hepml_lite.self_supervised.tokenisation import Tokeniser

SIZES = {"width": 16, "n_heads": 2, "n_blocks": 1}
QUIET = {"device": "cpu", "progress": False}


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", "smoke", split="val")[:400]


@pytest.fixture(scope="module")
def tokeniser(jets):
    words = Tokeniser(32, 12, width=16)
    words.fit(jets, epochs=4, **QUIET)
    return words


def with_codes(n_codes=16, n_particles=9):
    """A tokeniser that was not trained, but has codes."""
    words = Tokeniser(n_codes, n_particles, width=16)
    words.model.codebook.codes.normal_()
    return words


@pytest.fixture(params=[True, False], ids=["reads tokens", "reads particles"])
def model(request):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return NextTokenModel(with_codes(), request.param, **SIZES).eval()


def test_neither_order_nor_padding_is_known(model):
    assert_permutation_invariant(model, *particles())
    assert_padding_invariant(model, *particles())
    assert_padding_invariant(model, *particles(), garbage=float("nan"))


def test_a_particle_does_not_see_later_ones(model):
    rows, mask = particles()
    other = rows.clone()
    other[:, 5:] = 0.5
    full = torch.ones_like(mask)
    before, after = model.contexts(rows, full), model.contexts(other, full)
    assert torch.allclose(before[:, :6], after[:, :6], atol=1e-6)
    assert not torch.allclose(before[:, 6:], after[:, 6:], atol=1e-3)


def test_targets_by_hand():
    tokens = torch.tensor([[4, 2, -1], [1, 1, 3], [-1, -1, -1]])
    found = next_targets(tokens, tokens >= 0, end=9)
    expected = [[4, 2, 9, NOTHING], [1, 1, 3, NOTHING], [9, NOTHING, NOTHING, NOTHING]]
    assert found.tolist() == expected


def test_a_model_without_preference_pays_for_all_codes(model):
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
    rows, mask = particles()
    tokens = model.words.encode(rows, mask)
    loss = next_token_loss(model, rows, mask, tokens)
    assert loss.item() == pytest.approx(math.log(16 + 1))  # 16 codes, and the end


def test_a_loss_does_not_see_padding(model):
    rows, mask = particles()
    tokens = model.words.encode(rows, mask)
    dirty = torch.where(mask.unsqueeze(-1), rows, 7.0)
    other = torch.where(mask, tokens, 3)
    expected = next_token_loss(model, rows, mask, tokens).item()
    assert next_token_loss(model, dirty, mask, other).item() == pytest.approx(expected)


def test_the_tokeniser_is_not_trained(jets, tokeniser):
    before = [p.clone() for p in tokeniser.model.parameters()]
    model, history = train_next_token(jets, tokeniser, sizes=SIZES, epochs=2, **QUIET)
    assert history.train_loss[-1] < history.train_loss[0]
    for old, kept, copied in zip(
        before, tokeniser.model.parameters(), model.words.parameters(), strict=True
    ):
        assert torch.equal(old, kept)
        assert torch.equal(old, copied)


def test_a_grammar_is_learned_down_to_its_entropy():
    """After token k comes k or k + 1, each with probability one half: log 2 a particle."""
    rng = np.random.default_rng(0)
    n, p, n_codes = 500, 4, 4
    steps = rng.integers(2, size=(n, p))
    steps[:, 0] = rng.integers(n_codes, size=n)
    tokens = torch.as_tensor(np.cumsum(steps, axis=1) % n_codes)
    rows, mask = torch.zeros(n, p, 3), torch.ones(n, p, dtype=torch.bool)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = NextTokenModel(with_codes(n_codes, p), **SIZES)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(100):
            optimizer.zero_grad()
            loss = next_token_loss(model, rows, mask, tokens)
            loss.backward()
            optimizer.step()
    expected = (math.log(n_codes) + (p - 1) * math.log(2)) / p
    assert loss.item() == pytest.approx(expected, abs=0.02)


def test_surprises_are_the_loss(jets, tokeniser):
    model, _ = train_next_token(jets, tokeniser, sizes=SIZES, epochs=1, **QUIET)
    rows, mask = (torch.as_tensor(a) for a in relative_particles(jets, 12))
    loss = next_token_loss(model, rows, mask, model.words.encode(rows, mask)).item()
    paid = surprises(model, jets)
    assert np.nanmean(paid) == pytest.approx(loss, rel=1e-5)
    number = mask.sum(1).numpy()
    assert np.array_equal((~np.isnan(paid)).sum(1), number + (number < 12))


def test_frequencies_by_hand():
    class Words:
        n_codes = 2

        def encode(self, jets):
            return np.array(jets)

    training = [[0, 1, -1], [0, 0, 1], [1, -1, -1]]  # then: end; cut; end
    paid = surprises_by_frequency(Words(), training, [[0, -1, -1]])
    first = -math.log(2.1 / 3.3)
    second = -math.log(1.1 / 3.3)  # one of three ends after its first token
    assert paid[0] == pytest.approx([first, second, np.nan, np.nan], nan_ok=True)


def test_same_seed_same_representation(jets, tokeniser):
    one, two = (
        embed(train_next_token(jets, tokeniser, sizes=SIZES, epochs=1, seed=3, **QUIET)[0], jets)
        for _ in range(2)
    )
    assert one.shape == (len(jets), SIZES["width"])
    assert np.array_equal(one, two)


def test_refusals(jets):
    with pytest.raises(ValueError, match="no codebook yet"):
        train_next_token(jets, Tokeniser(8, 5))
    with pytest.raises(ValueError, match="multiple of the heads"):
        CausalBlock(10, 4)
    with pytest.raises(ValueError, match=r"6 pieces, but this transformer has 5 places"):
        CausalTransformer(5, 8, 2, 1)(torch.zeros(2, 6, 8))
