"""Drell-Yan events from noise: methods, coordinates, and what the exact density says of them."""

from hepml_lite.generation.events import (
    amplitude,
    autoregressive,
    coordinates,
    generator,
    methods,
    off_shell,
    results,
    vae,
    vector_quantised,
    wasserstein_gan,
)
from hepml_lite.generation.events.amplitude import AmplitudeSurrogate, log_amplitude
from hepml_lite.generation.events.autoregressive import AutoregressiveTransformer
from hepml_lite.generation.events.coordinates import FourMomenta, Momenta, PeakShares
from hepml_lite.generation.events.generator import EventGenerator
from hepml_lite.generation.events.off_shell import DirectDiffusion
from hepml_lite.generation.events.vae import VariationalAutoencoder
from hepml_lite.generation.events.vector_quantised import VectorQuantisedAutoencoder
from hepml_lite.generation.events.wasserstein_gan import WassersteinGAN

__all__ = [
    "AmplitudeSurrogate",
    "AutoregressiveTransformer",
    "DirectDiffusion",
    "EventGenerator",
    "FourMomenta",
    "Momenta",
    "PeakShares",
    "VariationalAutoencoder",
    "VectorQuantisedAutoencoder",
    "WassersteinGAN",
    "amplitude",
    "autoregressive",
    "coordinates",
    "generator",
    "log_amplitude",
    "methods",
    "off_shell",
    "results",
    "vae",
    "vector_quantised",
    "wasserstein_gan",
]
