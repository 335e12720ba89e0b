"""Generators of jets: shapes, masks, permutations, causality, and the numbers they measure."""

import numpy as np
import pytest
import torch

from data_fetch import load
from hepml_lite.densities import SetFlowMatching, TrainingPlan
from hepml_lite.generation.jets import AdversarialSets, CloudMatching, NextToken, clouds
from hepml_lite.generation.jets.adversarial_sets import SetDiscriminator, SetGenerator
from hepml_lite.generation.jets.next_token import ParticleWriter, next_particle_loss

PLAN = TrainingPlan(epochs=2, batch_size=128, patience=None, progress=False)


@pytest.fixture(scope="module")
def cloud():
    return clouds.cloud_of(load("top_tagging", split="train")[:600].dequantised(), 12)


def small(kind):
    if kind == "matching":
        density = SetFlowMatching(width=16, n_layers=1, n_steps=4, plan=PLAN)
        return CloudMatching(density)
    if kind == "next_token":
        return NextToken(width=16, n_heads=2, n_blocks=1, plan=PLAN)
    return AdversarialSets(width=16, n_heads=2, n_blocks=1, n_steps=10)


@pytest.mark.parametrize("kind", ["matching", "next_token", "adversarial"])
def test_jets_have_particles_and_clean_padding(kind, cloud):
    model = small(kind).fit(cloud, rng=1)
    made = model.sample(50, rng=2)
    assert made.mask.any(1).all()
    assert (made.particles[..., 0][made.mask] > 0).all()
    assert (made.particles[~made.mask] == 0).all()
    assert (np.diff(made.mask.astype(int), axis=1) <= 0).all()  # real particles come first
    again = model.sample(50, rng=2)
    assert np.array_equal(made.particles, again.particles)


def test_features_are_inverted(cloud):
    back = clouds.from_features(clouds.to_features(cloud), cloud.mask)
    assert back.particles == pytest.approx(cloud.particles, abs=1e-5)


def test_mass_by_hand():
    particles = np.array([[[0.5, 0.2, 0.0], [0.5, -0.2, 0.0], [0.0, 0.0, 0.0]]])
    cloud = clouds.Cloud(particles, np.array([[True, True, False]]))
    # E = cosh 0.2, pT = 1 and pz = 0
    assert clouds.relative_mass(cloud)[0] == pytest.approx(np.sqrt(np.cosh(0.2) ** 2 - 1))


def test_distances_see_a_wider_jet(cloud):
    wide = clouds.Cloud(cloud.particles * np.array([1, 1.2, 1.2]), cloud.mask)
    same = clouds.in_batches(clouds.w1_mass, cloud, cloud)
    different = clouds.in_batches(clouds.w1_mass, cloud, wide)
    assert different.value > same.value + 0.02
    assert clouds.w1_number(cloud, wide) == 0


def test_players_do_not_see_the_order():
    mask = torch.ones(3, 5, dtype=torch.bool)
    order = torch.randperm(5)
    with torch.random.fork_rng():
        generator = SetGenerator(8, 2, 2)
        judge = SetDiscriminator(8, 2, 2)
    noise = torch.randn(3, 5, 8)
    made = generator(noise, mask)
    assert torch.allclose(generator(noise[:, order], mask), made[:, order], atol=1e-5)
    assert torch.allclose(judge(made[:, order], mask)[0], judge(made, mask)[0], atol=1e-5)


def test_a_particle_does_not_see_later_ones():
    with torch.random.fork_rng():
        network = ParticleWriter(5, 6, 8, 2, 2)
    cells = torch.randint(5, (4, 6, 3))
    other = cells.clone()
    other[:, 3:] = torch.randint(5, (4, 3, 3))
    before = network.contexts(cells)[:, :4]  # what is known before particles 0 to 3
    assert torch.allclose(network.contexts(other)[:, :4], before, atol=1e-6)
    assert not torch.allclose(network.contexts(other)[:, 4:], network.contexts(cells)[:, 4:])


def test_padding_does_not_change_the_loss():
    with torch.random.fork_rng():
        network = ParticleWriter(5, 6, 8, 2, 1)
    cells = torch.randint(5, (4, 6, 3))
    mask = torch.arange(6) < torch.tensor([[2], [6], [4], [1]])
    other = torch.where(mask.unsqueeze(2), cells, 4)
    assert next_particle_loss(network, other, mask).item() == pytest.approx(
        next_particle_loss(network, cells, mask).item()
    )
