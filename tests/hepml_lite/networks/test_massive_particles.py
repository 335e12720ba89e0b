"""Networks that read momenta use the energies and pair masses of massive particles.

Expected numbers are from `vector` in double precision. Networks have random weights.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
import vector

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.networks.fast import choice
from hepml_lite.networks.inputs import OnFourVectors, particle_inputs
from hepml_lite.networks.l_gatr import LGATrSlim
from hepml_lite.networks.layers.kinematic_features import (
    in_rapidity,
    kinematic_features,
    momenta_and_extra,
)
from hepml_lite.networks.lorentz_net import LorentzNet
from hepml_lite.networks.particle_net import ParticleNet
from hepml_lite.networks.particle_transformer import ParticleTransformer, pair_features
from hepml_lite.networks.pelican import PELICAN
from hepml_lite.tagging.trained import trained_tagger
from hepml_lite.tagging.training_recipes import TRAINING_RECIPES

PION, PROTON = 0.1396, 0.9383
READ_ENERGIES = [
    name for name, recipe in TRAINING_RECIPES.items()
    if recipe.inputs is particle_inputs and name != "ParT, IRC safe"
]  # fmt: skip


@pytest.fixture(scope="module")
def jets():
    """Jets of soft pions and protons at η = 1, where masses matter."""
    rng = np.random.default_rng(5)
    shape = (30, 8)
    pt = rng.exponential(2, shape) + 0.3
    eta = rng.normal(1, 0.3, shape)
    phi = rng.normal(0.5, 0.3, shape)
    mask = np.arange(8) < rng.integers(3, 9, 30)[:, None]
    mass = rng.choice([0, PION, PROTON], shape)
    return Jets(np.stack([pt, eta, phi], -1), mask=mask, constituent_mass=mass)


@pytest.fixture
def particles(jets):
    """The same as tensors (N, P, 4) in double precision, mask (N, P), and as `vector` arrays."""
    columns, mask = particle_inputs(jets)
    momenta = torch.tensor(columns, dtype=torch.float64)
    pt, eta, phi, mass = momenta.numpy().transpose(2, 0, 1)
    return momenta, torch.tensor(mask), vector.array({"pt": pt, "eta": eta, "phi": phi, "m": mass})


def test_energies_and_the_axis_are_those_of_four_vectors(particles):
    momenta, mask, p4 = particles
    features = kinematic_features(momenta, mask).numpy()
    for jet, real in enumerate(mask.numpy()):
        expected = p4[jet][real]
        total = vector.obj(px=0, py=0, pz=0, E=0)
        for one in expected:
            total = total + one
        seen = features[jet][real]
        np.testing.assert_allclose(seen[:, 3], np.log(expected.E), rtol=1e-9)
        np.testing.assert_allclose(seen[:, 5], np.log(expected.E / total.E), rtol=1e-9)
        np.testing.assert_allclose(seen[:, 0], expected.eta - total.eta, atol=1e-9)


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 2e-5)])
def test_pairs_are_those_of_four_vectors(particles, kind, tolerance):
    momenta, mask, p4 = particles
    rows = in_rapidity(momenta.to(kind))
    ln_kt, ln_z, ln_delta, ln_m2 = (
        pair_features(rows[:, :1], rows[:, 1:]).numpy().transpose(2, 0, 1)
    )
    first, others = p4[:, :1], p4[:, 1:]
    d_y = first.rapidity - others.rapidity
    delta = np.hypot(d_y, first.deltaphi(others))
    softer = np.minimum(first.pt, others.pt)
    real = mask.numpy()[:, 1:]

    def assert_logs(seen, expected):
        np.testing.assert_allclose(seen[real], np.log(expected[real]), atol=tolerance)

    assert_logs(ln_delta, delta)
    assert_logs(ln_kt, softer * delta)
    assert_logs(ln_z, softer / (first.pt + others.pt))
    assert_logs(ln_m2, (first + others).m2)


def test_two_protons_at_a_right_angle():
    """Three GeV each: E = sqrt(3^2 + 0.9383^2), and the mass of the pair is 4.639, not 4.243."""
    momenta = torch.tensor([[3.0, 0, 0, PROTON], [3.0, 0, torch.pi / 2, PROTON]])
    mass = (pair_features(*momenta)[3] / 2).exp()
    torch.testing.assert_close(mass.item(), 4.6390, atol=1e-3, rtol=0)
    massless = (pair_features(*momenta[:, :3])[3] / 2).exp()
    torch.testing.assert_close(massless.item(), 4.2426, atol=1e-3, rtol=0)


@pytest.mark.parametrize("make", [ParticleNet, ParticleTransformer])
@pytest.mark.parametrize("n_extra", [0, 2])
@torch.no_grad()
def test_masses_of_zero_are_no_masses_bit_for_bit(make, n_extra, jets):
    model = make(n_extra).eval()
    momenta, mask = map(torch.tensor, particle_inputs(jets.massless()))
    extra = torch.rand(*mask.shape, n_extra)
    without = model(torch.cat([momenta, extra], -1), mask)
    zero = torch.zeros(*mask.shape, 1)
    assert (model(torch.cat([momenta, zero, extra], -1), mask) == without).all()
    heavy = model(torch.cat([momenta, zero + PROTON, extra], -1), mask)
    assert (heavy - without).abs().max() > 1e-3


@pytest.mark.parametrize("name", READ_ENERGIES)
@torch.no_grad()
def test_trained_networks_score_massive_jets_by_their_masses(name, jets):
    """Stored weights load; all jets change, by less than jets differ; both code paths agree."""
    tagger = trained_tagger(name)
    massive = tagger.score(jets)
    massless = tagger.score(jets.massless())
    assert np.isfinite(massive).all()
    assert np.median(np.abs(massive - massless)) > 1e-4
    with choice.readable():
        np.testing.assert_allclose(tagger.score(jets), massive, atol=2e-4 * np.ptp(massive))


@pytest.mark.parametrize("name", READ_ENERGIES)
@torch.no_grad()
def test_padding_after_massive_particles_means_nothing(name, jets):
    network = TRAINING_RECIPES[name].lesson().eval()
    columns, mask = map(torch.tensor, particle_inputs(jets))
    expected = network(columns, mask)
    garbage = columns.masked_fill(~mask[..., None], torch.nan)
    torch.testing.assert_close(network(garbage, mask), expected)


@pytest.mark.parametrize("network", [LorentzNet, PELICAN, LGATrSlim])
@torch.no_grad()
def test_lorentz_transformations_of_massive_jets_mean_nothing(network, jets):
    """And the same transformation of massless momenta, with masses forgotten, is seen."""
    torch.manual_seed(0)
    model = OnFourVectors(network()).eval()
    moved = change.lorentz_boosted(jets, np.array([0.3, 0.2, 0.1]))
    forgotten = replace(moved, constituent_mass=None)

    def logits(some):
        return model(*map(torch.tensor, particle_inputs(some)))

    before = logits(jets)
    spread = before.std(0)
    assert ((logits(moved) - before).abs() / spread).max() < 1e-3  # jets are stored in float32
    assert ((logits(forgotten) - before).abs() / spread).median() > 1e-2


@pytest.mark.parametrize("model", [ParticleNet(), ParticleTransformer(), OnFourVectors(PELICAN())])
def test_a_negative_mass_is_refused(model):
    """It may be a charge."""
    particles = torch.ones(2, 3, 4)
    particles[1, 2, 3] = -1
    mask = torch.ones(2, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match="mass of particle 2 of jet 1 is -1 GeV"):
        model(particles, mask)
    mask[1, 2] = False
    assert model(particles, mask).isfinite().all()


def test_columns_are_momenta_and_extra():
    mask = torch.ones(1, 2, dtype=torch.bool)
    for n_columns, n_momenta in ((5, 3), (6, 4)):
        momenta, extra = momenta_and_extra(torch.ones(1, 2, n_columns), mask, 2)
        assert momenta.shape[-1] == n_momenta
        assert extra.shape[-1] == 2
    with pytest.raises(ValueError, match=r"4 columns: .* takes 5, .* or 6 with the mass"):
        momenta_and_extra(torch.ones(1, 2, 4), mask, 2)
