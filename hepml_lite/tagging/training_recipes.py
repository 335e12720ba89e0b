"""The taggers of the top tagging landscape, and the training of each."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from hepml_lite import profiles
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.views.images import flipped, images, upright
from hepml_lite.jet_physics.views.trees import tree_inputs
from hepml_lite.networks.deep_sets import EnergyFlowNetwork, ParticleFlowNetwork
from hepml_lite.networks.image_networks import ImageCNN, ImageResNet
from hepml_lite.networks.inputs import (
    TYPICAL,
    OnFourVectors,
    kinematic_inputs,
    particle_inputs,
)
from hepml_lite.networks.l_gatr import LGATrSlim
from hepml_lite.networks.lbn import LorentzBoostNetwork
from hepml_lite.networks.lola import LoLa
from hepml_lite.networks.lorentz_net import LorentzNet
from hepml_lite.networks.lund_net import LundNet, lund_inputs
from hepml_lite.networks.p_cnn import PCNN
from hepml_lite.networks.particle_net import ParticleNet
from hepml_lite.networks.particle_transformer import ParticleTransformer
from hepml_lite.networks.pelican import PELICAN
from hepml_lite.networks.topo_dnn import TopoDNN
from hepml_lite.networks.tree_nin import TreeNiN
from hepml_lite.tagging.latent_dirichlet import LatentDirichlet
from hepml_lite.tagging.network_tagger import NetworkTagger, TrainingRecipe
from hepml_lite.tagging.observable_taggers import (
    BoostedTrees,
    EnergyFlowLinear,
    MassTagger,
    NSubjettinessMLP,
)
from hepml_lite.tagging.tagger import Tagger


def image_inputs(jets: Jets, pixels: int = 41) -> tuple[np.ndarray]:
    """Images (N, 1, pixels, pixels) of the root of the momentum share: faint pixels count more."""
    return (np.sqrt(images(jets, pixels)),)


def upright_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, P, 3) of centred, upright and flipped jets, and mask (N, P)."""
    points = flipped(upright(centred(jets))) * jets.mask[..., None]
    return (points / TYPICAL).astype(np.float32), jets.mask


def exact(make: Callable[..., nn.Module], **sizes: Any) -> OnFourVectors:
    """A network of constituents that multiplies four-vectors; it needs double precision."""
    return OnFourVectors(make(**sizes))


def single(make: Callable[..., nn.Module]) -> OnFourVectors:
    """A network of constituents that only adds four-vectors; single precision is enough."""
    return OnFourVectors(make(), torch.float32)


small_transformer = partial(
    ParticleTransformer,
    embedding=(32, 64, 32),
    pair_embedding=(16, 16),
    n_heads=4,
    n_layers=2,
)
TRAINING_RECIPES: dict[str, TrainingRecipe] = {
    "TopoDNN": TrainingRecipe(TopoDNN.paper, TopoDNN.paper, upright_inputs),
    "P-CNN": TrainingRecipe(partial(PCNN, 7), PCNN.paper, kinematic_inputs),
    "CNN": TrainingRecipe(ImageCNN, ImageCNN.paper, image_inputs, learning_rate=1e-3),
    "ResNet": TrainingRecipe(ImageResNet, ImageResNet.paper, image_inputs),
    "LoLa": TrainingRecipe(partial(single, LoLa), partial(single, LoLa.paper), particle_inputs),
    "LBN": TrainingRecipe(
        partial(single, LorentzBoostNetwork),
        partial(single, LorentzBoostNetwork.paper),
        particle_inputs,
    ),
    "TreeNiN": TrainingRecipe(TreeNiN.paper, TreeNiN.paper, tree_inputs, learning_rate=5e-3),
    "LundNet": TrainingRecipe(LundNet, LundNet.paper, lund_inputs),
    "EFN": TrainingRecipe(EnergyFlowNetwork, EnergyFlowNetwork),
    "PFN": TrainingRecipe(ParticleFlowNetwork, ParticleFlowNetwork),
    "ParticleNet": TrainingRecipe(ParticleNet, ParticleNet.paper, particle_inputs, particles=60),
    "ParT": TrainingRecipe(
        small_transformer,
        ParticleTransformer.paper,
        particle_inputs,
        particles=60,
    ),
    "ParT, IRC safe": TrainingRecipe(
        partial(small_transformer, irc_safe=True),
        partial(ParticleTransformer.paper, irc_safe=True),
        particle_inputs,
        learning_rate=1e-3,  # without normalisation 2e-3 is unstable
        particles=60,
    ),
    "L-GATr-slim": TrainingRecipe(
        partial(exact, LGATrSlim, reference=("time", "beams")),
        partial(exact, LGATrSlim.paper),
        particle_inputs,
        learning_rate=5e-3,
        particles=60,
    ),
    "LorentzNet": TrainingRecipe(
        partial(exact, LorentzNet, reference=("beams",)),
        partial(exact, LorentzNet.paper),
        particle_inputs,
        learning_rate=4e-3,
        particles=60,
    ),
    "PELICAN": TrainingRecipe(
        partial(exact, PELICAN, reference=("beams",)),
        partial(exact, PELICAN.paper),
        particle_inputs,
        learning_rate=5e-3,
        particles=60,
    ),
}


def observable(make: Callable[..., Tagger], **paper: Any) -> Callable[..., Tagger]:
    """A function that makes the tagger for a profile; `paper` are the settings of the paper."""

    def build(profile: str = "lesson") -> Tagger:
        return make(**(paper if profiles.require(profile) == "paper" else {}))

    return build


TAGGERS: dict[str, Callable[..., Any]] = {
    "mass": observable(MassTagger),
    "trees": observable(BoostedTrees),
    "N-subjettiness 6": observable(partial(NSubjettinessMLP, 6)),
    "N-subjettiness 8": observable(partial(NSubjettinessMLP, 8)),
    "EFP": observable(EnergyFlowLinear, degree=7),
    "LDA": observable(LatentDirichlet),
} | {name: partial(NetworkTagger, recipe) for name, recipe in TRAINING_RECIPES.items()}
