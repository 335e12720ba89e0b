"""Network architectures, one a file, each in the shape of its paper."""

from hepml_lite.networks import (
    conditional_mlp,
    deep_sets,
    geometric_algebra,
    image_networks,
    inputs,
    l_gatr,
    lbn,
    lola,
    lorentz_net,
    p_cnn,
    particle_net,
    particle_transformer,
    pelican,
    topo_dnn,
    transformer,
    tree_nin,
)

__all__ = [
    "conditional_mlp",
    "deep_sets",
    "geometric_algebra",
    "image_networks",
    "inputs",
    "l_gatr",
    "lbn",
    "lola",
    "lorentz_net",
    "p_cnn",
    "particle_net",
    "particle_transformer",
    "pelican",
    "topo_dnn",
    "transformer",
    "tree_nin",
]
