"""What the network of the demo reads of a jet."""

import numpy as np

from hepml_lite.jets import Jets

# Typical pT share and angles of a particle: a network learns far faster from numbers of order one.
TYPICAL = np.array([0.05, 0.3, 0.3], dtype=np.float32)


def network_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, P, 3), the jet's relative coordinates over typical sizes, and mask (N, P)."""
    return jets.relative() / TYPICAL, jets.mask
