"""The six methods in the sizes of the lesson, and the three sets of numbers that they are given."""

from collections.abc import Callable

from hepml_lite.densities import Diffusion, Flow, FlowMatching, TrainingPlan
from hepml_lite.densities.change_of_variables import (
    ChangeOfVariables,
    Logit,
    Standardise,
    chain,
)
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.generation.events.autoregressive import AutoregressiveTransformer
from hepml_lite.generation.events.coordinates import (
    Coordinates,
    FourMomenta,
    Momenta,
    PeakShares,
)
from hepml_lite.generation.events.generator import EventGenerator
from hepml_lite.generation.events.vae import VariationalAutoencoder
from hepml_lite.generation.events.wasserstein_gan import WassersteinGAN

COORDINATES: dict[str, Callable[[], Coordinates]] = {
    "8 momenta": FourMomenta,
    "4 momenta": Momenta,
    "3 shares": PeakShares,
}


def _plan(epochs: int, learning_rate: float) -> TrainingPlan:
    return TrainingPlan(
        epochs=epochs,
        batch_size=512,
        learning_rate=learning_rate,
        patience=None,
        progress=False,
    )


def _flow(change: ChangeOfVariables, epochs: int) -> TrainedDensity:
    return Flow(change=change, n_layers=2, plan=_plan(epochs, 1e-2))


def _flow_matching(change: ChangeOfVariables, epochs: int) -> TrainedDensity:
    return FlowMatching(change=change, width=96, plan=_plan(epochs, 4e-3))


def _diffusion(change: ChangeOfVariables, epochs: int) -> TrainedDensity:
    return Diffusion(change=change, width=96, plan=_plan(epochs, 4e-3))


def _transformer(change: ChangeOfVariables, epochs: int) -> TrainedDensity:
    return AutoregressiveTransformer(change=change, plan=_plan(epochs, 3e-3))


def _autoencoder(change: ChangeOfVariables, epochs: int) -> TrainedDensity:
    return VariationalAutoencoder(change=change, plan=_plan(epochs, 3e-3))


def _gan(change: ChangeOfVariables, epochs: int) -> TrainedDensity:
    """As many steps of the generator as other methods take in that many epochs of 20 000 rows."""
    plan = TrainingPlan(batch_size=256, learning_rate=2e-3)
    return WassersteinGAN(change=change, n_steps=40 * epochs, plan=plan)


METHODS: dict[str, tuple[Callable[[ChangeOfVariables, int], TrainedDensity], int]] = {
    "VAE": (_autoencoder, 30),
    "Wasserstein GAN": (_gan, 40),
    "flow": (_flow, 25),
    "autoregressive": (_transformer, 20),
    "diffusion": (_diffusion, 40),
    "flow matching": (_flow_matching, 40),
}


def make(method: str, coordinates: str, epochs: int | None = None) -> EventGenerator:
    """An untrained generator in the size of the lesson.

    Args:
        method: one of `METHODS`.
        coordinates: one of `COORDINATES`.
        epochs: of the training; None: those that the lesson gives the method for 20 000 events.

    Raises:
        ValueError: another method or other coordinates.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are: {', '.join(METHODS)}")
    if coordinates not in COORDINATES:
        raise ValueError(f"no coordinates {coordinates!r}; there are: {', '.join(COORDINATES)}")
    make_density, usual_epochs = METHODS[method]
    change: ChangeOfVariables = Standardise()
    if coordinates == "3 shares":
        change = chain(Logit(), Standardise())  # bounded numbers get the whole line
    density = make_density(change, usual_epochs if epochs is None else epochs)
    return EventGenerator(density, COORDINATES[coordinates]())
