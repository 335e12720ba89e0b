"""Faster equivalents of the readable networks, equal to them by test."""

from hepml_lite.networks.fast import (
    biased_attention,
    choice,
    deep_sets,
    eq2to2,
    l_gatr,
    linear,
    lorentz_messages,
    lorentz_net,
    pairs,
    particle_transformer,
    pelican,
)

__all__ = [
    "biased_attention",
    "choice",
    "deep_sets",
    "eq2to2",
    "l_gatr",
    "linear",
    "lorentz_messages",
    "lorentz_net",
    "pairs",
    "particle_transformer",
    "pelican",
]
