"""Jets as small sets for a chip: few constituents, whole steps, and a short training.

The inputs are those of the firmware studies of P. Odagiu et al. (arXiv:2402.01876): the hardest
constituents of a jet with pT, eta and phi, relative to the jet.
"""

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.containers.validation import integers
from hepml_lite.densities import TrainingPlan
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.trigger.quantised.quantised_sets import SharedLayers

SCALE = (8.0, 10.0, 10.0)  # of pT / pT of the jet, and of the angles, so that they are of order one


def jet_inputs(jets: Jets, n_particles: int = 8) -> np.ndarray:
    """The hardest constituents side by side, (N, 3 n) float32; zeros where there are fewer.

    Raises:
        ValueError: for other than jets, or a number of constituents that is not positive.
    """
    require_jets(jets)
    few = checked_count("n_particles", n_particles)
    relative = jets.relative()
    falling = np.argsort(-relative[..., 0], axis=1, kind="stable")[:, :few]
    chosen = np.take_along_axis(relative, falling[..., None], axis=1) * np.array(SCALE, np.float32)
    inputs = np.zeros((len(jets), few, 3), np.float32)
    inputs[:, : chosen.shape[1]] = chosen
    return inputs.reshape(len(jets), -1)


def train_on_jets(
    network: SharedLayers, inputs: np.ndarray, label: np.ndarray, *, epochs: int = 15, seed: int = 0
) -> SharedLayers:
    """Train a set network of `quantised_sets` to tell classes apart; returns it.

    Args:
        network: with one result a class.
        inputs: (N, 3 n) of `jet_inputs`.
        label: (N,) classes from 0.
        epochs, seed: of the training.

    Raises:
        ValueError: for inputs and labels of different lengths.
    """
    x = checked_finite("inputs", inputs, 2).astype(np.float32)
    truth = integers("label", label)
    if truth.shape != (len(x),):
        raise ValueError(f"{len(x)} inputs and labels {truth.shape}: give one each, (N,)")

    def loss(model: nn.Module, some: Tensor, wanted: Tensor) -> Tensor:
        return nn.functional.cross_entropy(model(some), wanted)

    with torch.random.fork_rng(devices=[]):
        plan = TrainingPlan(epochs, batch_size=128, learning_rate=1e-2, progress=False)
        plan.train(network, (x, truth), loss, seed=seed)
    return network
