"""Contrastive learning: the loss term by term, and what training changes."""

import math
from dataclasses import replace

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

from data_fetch import load
from hepml_lite.jet_physics.variations.augmentations import JETCLR, drop_particles, widen
from hepml_lite.jet_physics.variations.transformations import permuted
from hepml_lite.networks.particle_net import ParticleNet
from hepml_lite.self_supervised.contrastive import (
    ContrastiveEncoder,
    contrastive_loss,
    embed,
    nt_xent,
    train_contrastive,
)


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", "smoke", split="val")[:700]


def trained(jets, seed=0, **settings):
    return train_contrastive(
        jets, n_particles=15, seed=seed, device="cpu", progress=False,
        **({"epochs": 3, "batch_size": 128} | settings),
    )  # fmt: skip


def slow_nt_xent(first, second, temperature, negatives=()):
    """The equation, term by term."""
    z = [v / v.norm() for v in (*first, *second, *negatives)]
    n, losses = len(first), []
    for i in range(2 * n):
        terms = {j: math.exp(float(z[i] @ z[j]) / temperature) for j in range(len(z)) if j != i}
        losses.append(-math.log(terms[(i + n) % (2 * n)] / sum(terms.values())))
    return np.mean(losses)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_nt_xent_is_its_equation(temperature):
    first, second = torch.randn(2, 5, 7, dtype=torch.float64)
    expected = slow_nt_xent(first, second, temperature)
    assert nt_xent(first, second, temperature).item() == pytest.approx(expected, rel=1e-10)
    assert nt_xent(3 * second, first, temperature).item() == pytest.approx(expected, rel=1e-10)


def test_nt_xent_with_negatives_is_its_equation():
    first, second, negatives = torch.randn(3, 5, 7, dtype=torch.float64)
    expected = slow_nt_xent(first, second, 0.3, negatives[:4])
    got = nt_xent(first, second, 0.3, negatives[:4]).item()
    assert got == pytest.approx(expected, rel=1e-10)
    assert got > nt_xent(first, second, 0.3).item()


def test_nt_xent_of_collapsed_and_of_perfect_views():
    one = torch.ones(8, 4)
    assert nt_xent(one, one).item() == pytest.approx(math.log(15), rel=1e-5)
    axes = torch.eye(8)
    assert nt_xent(axes, axes, 0.05).item() < 1e-6
    assert nt_xent(axes, axes.roll(1, 0), 0.05).item() > 10


def test_nt_xent_says_what_it_needs():
    with pytest.raises(ValueError, match="2 or more"):
        nt_xent(torch.ones(1, 3), torch.ones(1, 3))
    with pytest.raises(ValueError, match="temperature=0"):
        nt_xent(torch.eye(3), torch.eye(3), 0)


@pytest.mark.parametrize("body", [None, "ParticleNet"])
def test_encoders_know_neither_order_nor_padding(body):
    model = ContrastiveEncoder(body and ParticleNet(n_classes=128))
    assert_permutation_invariant(model, *particles())
    assert_padding_invariant(model, *particles())
    assert_padding_invariant(model, *particles(), garbage=float("nan"))


class Projected(nn.Module):
    """The encoder with its head, as the loss sees it."""

    def __init__(self):
        super().__init__()
        self.encoder = ContrastiveEncoder()

    def forward(self, jets, mask):
        return self.encoder.project(jets, mask)


def test_every_parameter_learns_and_projections_lie_on_the_sphere():
    assert_gradients_reach_every_parameter(Projected(), *particles(64))
    assert torch.allclose(Projected()(*particles()).norm(dim=1), torch.ones(6))


@torch.no_grad()
def test_the_loss_is_nt_xent_of_two_different_views():
    jets, mask = particles(16)
    seen = []

    class Spy(ContrastiveEncoder):
        def project(self, jets, mask):
            seen.append(super().project(jets, mask))
            return seen[-1]

    value = contrastive_loss(JETCLR, 0.3)(Spy(), jets, mask)
    assert len(seen) == 2
    assert (seen[0] - seen[1]).abs().max() > 1e-3
    assert torch.equal(value, nt_xent(*seen, 0.3))


@torch.no_grad()
def test_negatives_make_the_task_harder():
    jets, mask = particles(32)
    model, values = ContrastiveEncoder(), []
    for anomalous in ((), (drop_particles, widen)):
        torch.manual_seed(0)
        values.append(contrastive_loss(anomalous=anomalous)(model, jets, mask).item())
    assert values[1] > values[0]


def test_a_last_batch_of_one_jet_does_no_harm(jets):
    model, history = trained(jets[:129], epochs=1)
    assert np.isfinite(history.train_loss).all()
    assert all(p.isfinite().all() for p in model.parameters())


def test_loss_falls_on_real_jets_and_labels_are_not_read(jets):
    model, history = trained(jets)
    assert history.train_loss[-1] < history.train_loss[0] - 0.3
    flipped, _ = trained(replace(jets, label=1 - jets.label))
    assert np.array_equal(embed(model, jets), embed(flipped, jets))


def test_seeds_decide(jets):
    first, again, other = (trained(jets[:200], seed=s, epochs=1)[0] for s in (1, 1, 2))
    values = [embed(m, jets[:50], device="cpu") for m in (first, again, other)]
    assert np.array_equal(values[0], values[1])
    assert not np.allclose(values[0], values[2])


def test_embedding_of_permuted_and_padded_jets(jets):
    model = ContrastiveEncoder(n_particles=100).eval()
    few = jets[:50]
    expected = embed(model, few, device="cpu")  # all of them: equal pT may swap the last two
    assert expected.shape == (50, 128)
    shuffled = permuted(few.padded(120), np.random.default_rng(0))
    assert np.allclose(embed(model, shuffled, device="cpu"), expected, atol=1e-4)
