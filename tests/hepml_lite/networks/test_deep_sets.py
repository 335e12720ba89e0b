"""Deep sets: the fast sum over particles is the readable one."""

import pytest
import torch
from fast_paths import assert_readable_is_fast
from laws import particles

from hepml_lite.networks.deep_sets import EnergyFlowNetwork, ParticleFlowNetwork


@pytest.mark.parametrize("make", [ParticleFlowNetwork, EnergyFlowNetwork])
@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
def test_the_readable_path_gives_the_same(make, kind):
    """Also in oneDNN's own layout, which needs many particles; one jet has none."""
    features, mask = particles(200, 8)
    mask[0] = False
    mask[1] = torch.arange(8) == 3
    assert_readable_is_fast(lambda: make(3, (20, 24), (16,)).to(kind), features.to(kind), mask)
