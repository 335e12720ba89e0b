"""Jets as numbers physicists have thought of: mass, shapes, prongs, groomed quantities.

Every function takes `Jets` and returns one number a jet, (N,). Jets are worked through in chunks,
so that memory does not grow with their number.
"""

from collections.abc import Sequence
from dataclasses import replace

import awkward as ak
import numpy as np

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics import substructure
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.chunks import chunks, in_chunks
from hepml_lite.jet_physics.substructure import SoftDrop

RADIUS = 0.8  # R by which angles are divided, unless another one is given


def pt(jets: Jets) -> np.ndarray:
    """Transverse momentum of the jet [GeV], (N,)."""
    return in_chunks(lambda part: part.pt, jets)


def mass(jets: Jets) -> np.ndarray:
    """Invariant mass of the jet [GeV], (N,)."""
    return in_chunks(lambda part: part.mass, jets)


def multiplicity(jets: Jets) -> np.ndarray:
    """Number of constituents, (N,) int."""
    return jets.mask.sum(axis=1)


def width(jets: Jets, beta: float = 1.0, kappa: float = 1.0, radius: float = RADIUS) -> np.ndarray:
    """Angularity sum_i z_i^kappa (Delta R_i / R)^beta (arXiv:1408.3122), (N,).

    z = pT / sum pT, and angles are from the centre of pT. beta = 1 is the width, or girth;
    beta = 2 about m^2 / (pT R)^2. Infrared and collinear safe for kappa = 1 and beta > 0 only.
    One particle has 0.

    Raises:
        ValueError: if kappa or radius is not positive, or beta is negative.
    """
    if kappa <= 0 or radius <= 0 or beta < 0:
        raise ValueError(f"kappa = {kappa}, R = {radius}, beta = {beta}: need > 0, > 0 and >= 0")

    def angularity(part: Jets) -> np.ndarray:
        z, d_eta, d_phi = np.moveaxis(centred(part), -1, 0)  # each (N, P)
        return (z**kappa * (np.hypot(d_eta, d_phi) / radius) ** beta).sum(axis=1)

    return in_chunks(angularity, jets)


def pt_dispersion(jets: Jets) -> np.ndarray:
    """p_T^D = sqrt(sum pT^2) / sum pT (CMS-PAS-JME-13-002), (N,): 1 for one particle.

    Infrared safe, but a collinear split changes it: gluons, which split more, have less.
    """

    def dispersion(part: Jets) -> np.ndarray:
        momenta = part.constituents[..., 0].astype(float)  # (N, P)
        total = momenta.sum(axis=1)
        return np.divide(
            np.hypot.reduce(momenta, axis=1), total, out=np.zeros_like(total), where=total > 0
        )

    return in_chunks(dispersion, jets)


def n_subjettiness(
    jets: Jets, n: int | Sequence[int], beta: float = 1.0, radius: float = RADIUS
) -> np.ndarray:
    """tau_N^(beta) with one-pass winner-takes-all axes (arXiv:1011.2268), FastJet contrib.

    Returns (N,) for one n, or (N, len(n)) for several, which costs less than one by one. Jets of
    n constituents or fewer have 0.

    Raises:
        ValueError: if an n is below 1.
    """
    orders = list(n) if isinstance(n, Sequence | np.ndarray) else [n]
    taus = in_chunks(
        lambda part: substructure.n_subjettiness(_jagged(part), orders, radius, beta), jets
    )
    return taus if isinstance(n, Sequence | np.ndarray) else taus[:, 0]


def n_subjettiness_ratio(jets: Jets, n: int, beta: float = 1.0) -> np.ndarray:
    """tau_n / tau_(n-1), (N,): small for jets of n prongs. 0 for fewer than n constituents.

    Raises:
        ValueError: if n is below 2.
    """
    before, here = n_subjettiness(jets, (n - 1, n), beta).T
    return np.divide(here, before, out=np.zeros_like(here), where=before > 0)


def energy_correlation(
    jets: Jets, n: int, beta: float = 1.0, angles: int | None = None
) -> np.ndarray:
    """n-point correlation of momentum fractions and angles, FastJet contrib, (N,).

    e_n = sum over n particles of their z times the product of all their distances^beta
    (arXiv:1305.0007, divided by (sum pT)^n); with `angles` = v, the product of only the v
    smallest ones, _v e_n (arXiv:1609.07483). 0 for fewer than n constituents.

    Raises:
        ValueError: if n is not 1 to 5, or a set of n particles has not so many angles.
    """
    pairs = n * (n - 1) // 2
    if not 1 <= n <= 5 or not (angles is None or 1 <= angles <= pairs):
        raise ValueError(
            f"n = {n}, angles = {angles}: n is 1 to 5, with up to n (n - 1) / 2 angles"
        )
    v = -1 if angles in (None, pairs) else angles
    return _correlator(jets, beta, func="generalized", npoint=n, angles=v)


def c2(jets: Jets, beta: float = 1.0) -> np.ndarray:
    """C_2 = e_3 / e_2^2 (arXiv:1305.0007), (N,): small for two prongs; 0 below 3 constituents."""
    return _correlator(jets, beta, func="c2")


def d2(jets: Jets, beta: float = 1.0) -> np.ndarray:
    """D_2 = e_3 / e_2^3 (arXiv:1409.6298), (N,): small for two prongs; 0 below 3 constituents.

    Safe at a given e_2; where e_2 goes to 0, soft particles around a single one, it has no limit.
    """
    return _correlator(jets, beta, func="d2")


def n2(jets: Jets, beta: float = 1.0) -> np.ndarray:
    """N_2 = _2e_3 / (_1e_2)^2 (arXiv:1609.07483), (N,): like tau_21 but without axes; 0 below 3."""
    return _correlator(jets, beta, func="n2")


def m2(jets: Jets, beta: float = 1.0) -> np.ndarray:
    """M_2 = _1e_3 / _1e_2 (arXiv:1609.07483), (N,): for groomed jets; 0 below 3 constituents."""
    return _correlator(jets, beta, func="m2")


def soft_drop(
    jets: Jets, z_cut: float = 0.1, beta: float = 0.0, radius: float = RADIUS
) -> SoftDrop:
    """Groomed mass [GeV], z_g and R_g, each (N,), by soft drop (arXiv:1402.2657).

    A jet without a splitting that passes has z_g = R_g = 0; its mass is that of one particle.
    """
    parts = [substructure.soft_drop(_jagged(part), z_cut, beta, radius) for part in chunks(jets)]
    return SoftDrop(
        **{key: np.concatenate([getattr(p, key) for p in parts]) for key in ("mass", "zg", "rg")}
    )


def _jagged(jets: Jets) -> ak.Array:
    """Constituents for FastJet, without those of no momentum, which have no direction for it."""
    real = jets.mask & (jets.constituents[..., 0] > 0)
    same = real.sum() == jets.mask.sum()
    return (jets if same else replace(jets, mask=real)).to_awkward()


def _correlator(jets: Jets, beta: float, **which: str | int) -> np.ndarray:
    """What FastJet's EnergyCorrelator gives; ratios that are 0 / 0 there are 0 here."""
    if beta <= 0:
        raise ValueError(f"beta = {beta}: angles need a positive exponent")

    def correlator(part: Jets) -> np.ndarray:
        if not len(part):
            return np.zeros(0)
        clustered = substructure.reclustered(_jagged(part))
        found = ak.to_numpy(clustered.exclusive_jets_energy_correlator(1, beta=beta, **which))
        return np.where(np.isfinite(found), found, 0.0)

    return in_chunks(correlator, jets)
