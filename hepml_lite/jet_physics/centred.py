"""Jets relative to their centre of transverse momentum, wherever they are in the detector."""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets, require_jets


def centred(jets: Jets) -> np.ndarray:
    """Constituents as (N, P, 3) float64: z = pT / sum pT, eta and phi from the centre of pT.

    The centre is the mean direction, weighted with pT, in the eta-phi plane. It agrees with the
    jet axis of `Jets.relative()` to second order in the angles, and turns exactly with the jet. The
    jet is massive, so a boost along the beam does not shift its pseudorapidity exactly. For massive
    constituents rapidity takes the place of eta: Delta R is defined with it, and a boost along the
    beam shifts it. Zero where padded.
    """
    require_jets(jets)
    pt, eta, phi = np.moveaxis(jets.in_rapidity(), -1, 0)  # each (N, P)
    total = pt.sum(axis=1, keepdims=True)
    z = np.divide(pt, total, out=np.zeros_like(pt), where=total > 0)
    hardest = pt.argmax(axis=1)[:, None]  # relative to it no azimuth jumps by 2 pi
    d_eta = eta - np.take_along_axis(eta, hardest, 1)
    d_phi = kinematics.delta_phi(phi, np.take_along_axis(phi, hardest, 1))
    plane = np.stack([d_eta, d_phi], axis=-1)  # (N, P, 2)
    plane -= (z[..., None] * plane).sum(axis=1, keepdims=True)
    return np.concatenate([z[..., None], plane], axis=-1) * jets.mask[..., None]
