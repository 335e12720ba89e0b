"""Autoencoders with a critic or with words: gradients, limits, and modes without bridges."""

import numpy as np
import pytest
import torch

from hepml_lite.densities import TrainingPlan
from hepml_lite.generation.events.critic_autoencoder import BottleneckAutoencoder, Reversed
from hepml_lite.generation.events.vae import VariationalAutoencoder
from hepml_lite.generation.events.vector_quantised import (
    VectorQuantised,
    VectorQuantisedAutoencoder,
)

PLAN = TrainingPlan(epochs=40, batch_size=128, learning_rate=3e-3, patience=None, progress=False)


def two_humps(n, seed):
    """Humps at ± (3 + condition), each of width 0.3."""
    rng = np.random.default_rng(seed)
    condition = rng.uniform(0, 2, (n, 1))
    side = rng.choice([-1, 1], (n, 1))
    x = np.hstack([side * (3 + condition), side * condition])
    return x + 0.3 * rng.normal(size=(n, 2)), condition


def test_gradients_are_turned_around():
    x = torch.tensor([2.0, -1.0], requires_grad=True)
    (Reversed.apply(x, 0.5) ** 2).sum().backward()
    assert x.grad.tolist() == [-2.0, 1.0]  # -0.5 times 2 x


def test_the_decoder_climbs_where_the_critic_descends():
    """The gradient of the decoder is that of a VAE, less that of the critic's loss."""
    z, c = torch.randn(64, 2), torch.randn(64, 1)
    gradients = []
    for weight in (0.0, 1.0, 2.0):
        model = BottleneckAutoencoder(critic_weight=weight)
        torch.manual_seed(0)
        network = model.make_network(2, 1)
        torch.manual_seed(1)
        model.loss_of_rows(network, z, c).mean().backward()
        gradients.append([p.grad.clone() for p in network.parameters()])
    names = [name for name, _ in network.named_parameters()]
    for name, none, once, twice in zip(names, *gradients, strict=True):
        if name.startswith("critic"):
            assert torch.equal(none, twice)
        else:
            assert torch.allclose(twice - once, once - none, atol=1e-4)
            assert name.startswith("encoder") or not torch.allclose(none, once)


def test_words_are_the_nearest_entries_and_see_no_later_ones():
    torch.manual_seed(0)
    network = VectorQuantised(2, 1, (3, 5, 2), 8)
    vectors, words = network.encode(torch.randn(20, 2), torch.randn(20, 1))
    chosen = (vectors - network.entries(words)).square().sum(2)
    for entry in range(5):
        other = (vectors - network.entries(torch.full_like(words, entry))).square().sum(2)
        assert (chosen <= other + 1e-6).all()
    changed = words.clone()
    changed[:, 1] = (words[:, 1] + 1) % 5
    before, after = (network.next_words(w[:, :2], torch.zeros(20, 1)) for w in (words, changed))
    assert torch.allclose(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2], after[:, 2])


@pytest.mark.parametrize("kind", ["words", "critic"])
def test_humps_follow_the_condition(kind):
    """Bounds: three times the largest error of five seeds."""
    x, condition = two_humps(3000, 1)
    if kind == "words":
        model = VectorQuantisedAutoencoder(n_words=2, width=64, plan=PLAN)
    else:
        model = BottleneckAutoencoder(n_codes=2, hidden_features=(64, 64), plan=PLAN)
    model.fit(x, condition, rng=2)
    made = model.sample(1500, [[0.2], [1.8]], rng=3)[:, :, 0]  # (n, 2)
    found = np.median(np.abs(made), axis=0)
    assert found == pytest.approx([3.2, 4.8], abs=0.25)
    assert (made > 0).mean() == pytest.approx(0.5, abs=0.1)
    assert np.array_equal(model.sample(3, [[0.2]], rng=4), model.sample(3, [[0.2]], rng=4))


def test_words_make_no_bridge_between_the_humps():
    """Rows in the empty middle: a VAE of the same time makes several times as many."""
    x, condition = two_humps(3000, 1)
    between = {}
    for name, model in (
        ("words", VectorQuantisedAutoencoder(n_words=2, width=64, plan=PLAN)),
        ("vae", VariationalAutoencoder(n_codes=2, hidden_features=(64, 64), plan=PLAN)),
    ):
        made = model.fit(x, condition, rng=2).sample(4000, [[0.5]], rng=3)[:, 0]
        between[name] = float((np.abs(made[:, 0]) < 2).mean())
    assert between["words"] < 0.01
    assert between["vae"] > 2 * between["words"]
