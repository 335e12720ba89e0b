"""What networks refuse: wrong shapes, types and NaN, named; and batches without jets."""

import numpy as np
import pytest
import torch
from torch import nn

from hepml_lite import containers, training
from hepml_lite.networks.deep_sets import EnergyFlowNetwork, ParticleFlowNetwork
from hepml_lite.networks.image_networks import ImageResNet
from hepml_lite.networks.inputs import (
    OnFourVectors,
    kinematic_inputs,
    network_inputs,
    particle_inputs,
)
from hepml_lite.networks.l_gatr import LGATrSlim
from hepml_lite.networks.lbn import LorentzBoostNetwork
from hepml_lite.networks.lola import LoLa
from hepml_lite.networks.lorentz_net import LorentzNet
from hepml_lite.networks.p_cnn import PCNN
from hepml_lite.networks.particle_net import ParticleNet
from hepml_lite.networks.particle_transformer import ParticleTransformer
from hepml_lite.networks.pelican import PELICAN
from hepml_lite.networks.topo_dnn import TopoDNN
from hepml_lite.networks.transformer import TransformerEncoder
from hepml_lite.networks.tree_nin import TreeNiN

SETS = {
    "PFN": (ParticleFlowNetwork, 3),
    "EFN": (EnergyFlowNetwork, 3),
    "transformer": (TransformerEncoder, 3),
    "TopoDNN": (TopoDNN, 3),
    "P-CNN": (PCNN, 3),
    "ParticleNet": (ParticleNet, 3),
    "ParT": (ParticleTransformer, 3),
    "LoLa": (LoLa, 4),
    "LBN": (LorentzBoostNetwork, 4),
    "L-GATr": (LGATrSlim, 4),
    "LorentzNet": (LorentzNet, 4),
    "PELICAN": (PELICAN, 4),
    "on four-vectors": (lambda: OnFourVectors(PELICAN()), 3),
}


@pytest.fixture(params=SETS)
def given(request):
    make, n_features = SETS[request.param]
    torch.manual_seed(0)
    particles = torch.rand(4, 6, n_features)
    particles[..., 0] += 2  # E > |p|
    mask = torch.ones(4, 6, dtype=torch.bool)
    mask[:, 4:] = False
    return make().eval(), particles, mask


@torch.no_grad()
def test_wrong_shapes_and_types_are_named(given):
    model, particles, mask = given
    for wrong, message in (
        ((particles, mask[:, :5]), r"mask is torch.bool of shape \(4, 5\)"),
        ((particles, mask.float()), "mask is torch.float32"),
        ((particles[..., :2], mask), r"(shape \(4, 6, 2\)|2 columns): .* takes"),
        ((torch.rand(4, 6, 9), mask), r"(shape \(4, 6, 9\)|9 columns): .* takes"),
        ((particles[0], mask[0]), r"takes \(N, P, F\)"),
        ((particles.long(), mask), "holds torch.int64"),
        ((particles.half(), mask), "holds torch.float16"),
    ):
        with pytest.raises(ValueError, match=message):
            model(*wrong)
    with pytest.raises(TypeError, match="mask is NoneType, not a tensor"):
        model(particles, None)
    with pytest.raises(TypeError, match=r"is ndarray, not a tensor.*training.predict"):
        model(particles.numpy(), mask)


@torch.no_grad()
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_named_in_a_particle_and_nothing_in_padding(given, value):
    model, particles, mask = given
    expected = model(particles, mask)
    particles[1, 5] = value
    torch.testing.assert_close(model(particles, mask), expected)
    particles[2, 3, 1] = value
    with pytest.raises(FloatingPointError, match="particle 3 of jet 2"):
        model(particles, mask)
    with pytest.raises(ValueError, match=r"inputs\[0\] holds .* the first in row 2"):
        training.predict(model, (particles, mask))


@torch.no_grad()
def test_a_batch_without_jets_gives_no_logits(given):
    model, particles, mask = given
    assert model(particles[:0], mask[:0]).shape == (0, *model(particles, mask).shape[1:])


@torch.no_grad()
def test_large_finite_numbers_are_no_infinity():
    """Their sum overflows, which is not the fault of a particle."""
    particles = torch.full((1, 2, 3), 3e38)
    ParticleFlowNetwork()(particles, torch.ones(1, 2, dtype=torch.bool))


@torch.no_grad()
def test_images_are_checked():
    network = ImageResNet().eval()
    with pytest.raises(ValueError, match=r"images of shape \(2, 3, 16, 16\)"):
        network(torch.zeros(2, 3, 16, 16))
    with pytest.raises(ValueError, match=r"images of 1 jets are NaN or infinite.*jet 1"):
        network(torch.stack([torch.zeros(1, 16, 16), torch.full((1, 16, 16), torch.nan)]))


@torch.no_grad()
def test_trees_are_checked():
    network = TreeNiN().eval()
    features = torch.zeros(1, 3, 7)
    depth = torch.tensor([[0, 1, 1]])
    children = torch.tensor([[[1, 2], [-1, -1], [-1, -1]]])
    assert network(features, children, depth).shape == (1, 2)
    with pytest.raises(ValueError, match=r"children is .* shape \(1, 3\)"):
        network(features, children[..., 0], depth)
    with pytest.raises(ValueError, match="particle 1 of jet 0"):
        network(features.index_fill(1, torch.tensor(1), torch.nan), children, depth)
    assert network(features[:0], children[:0], depth[:0]).shape == (0, 2)


def test_nan_weights_give_no_scores():
    model = ParticleFlowNetwork()
    with torch.no_grad():
        model.phi.layers[0].weight[0, 0] = torch.nan
    particles = np.ones((2, 3, 3), np.float32)
    with pytest.raises(FloatingPointError, match=r"phi\.layers\.0\.weight"):
        training.predict(model, (particles, np.ones((2, 3), bool)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_wrong_weights_give_no_scores_in_a_direct_call(given, value):
    """oneDNN's ReLU would turn NaN into 0, and scores would be plausible."""
    model, particles, mask = given
    name, weights = next(iter(model.named_parameters()))
    with torch.no_grad():
        weights.view(-1)[0] = value
    for mode in (True, False):
        with pytest.raises(FloatingPointError, match=f"the weights {name} of"):
            model.train(mode)(particles, mask)


def test_wrong_running_averages_give_no_scores():
    model = ParticleNet().eval()
    model.input_norm.running_mean[2] = torch.nan
    with pytest.raises(FloatingPointError, match=r"input_norm\.running_mean"):
        model(torch.ones(1, 3, 3), torch.ones(1, 3, dtype=torch.bool))


def test_an_infinite_buffer_is_no_wrong_weight():
    """It may be the mask of an attention."""
    model = ParticleFlowNetwork()
    model.register_buffer("visible", torch.tensor([0.0, -torch.inf]))
    assert model(torch.ones(1, 3, 3), torch.ones(1, 3, dtype=torch.bool)).isfinite().all()


def test_nan_inputs_of_any_network_give_no_scores():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    with pytest.raises(ValueError, match=r"inputs\[0\] holds 1 NaN or infinite"):
        training.predict(model, (np.array([[0.1, np.nan]]),))


@pytest.mark.parametrize("inputs", [network_inputs, particle_inputs, kinematic_inputs])
def test_an_array_is_no_jets(inputs):
    jets = containers.Jets(np.ones((2, 3, 3)))
    assert len(inputs(jets)[0]) == 2
    with pytest.raises(TypeError, match=r"jets is ndarray of shape \(2, 3, 3\), not Jets"):
        inputs(jets.constituents)


def test_energies_of_the_seven_features_are_those_of_massive_particles():
    """A proton at rest in y: E = sqrt(3^2 + 0.938^2); massless jets give the same as before."""
    constituents = np.array([[[3.0, 0, 0], [3.0, 0, np.pi / 2], [0, 0, 0]]])
    mass = np.array([[0.938, 0.938, 0]])
    features, _ = kinematic_inputs(containers.Jets(constituents, constituent_mass=mass))
    energy = np.hypot(3, 0.938)
    np.testing.assert_allclose(features[0, :2, 3], np.log(energy), rtol=1e-6)
    np.testing.assert_allclose(features[0, :2, 5], np.log(0.5), rtol=1e-6)
    assert (features[0, 2] == 0).all()
    zero = kinematic_inputs(containers.Jets(constituents, constituent_mass=0 * mass))[0]
    np.testing.assert_array_equal(zero, kinematic_inputs(containers.Jets(constituents))[0])
