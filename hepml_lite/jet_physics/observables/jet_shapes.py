"""Observables with a physical meaning: mass, shapes, prongs, groomed quantities.

Every function takes `Jets` and returns one number for each jet, (N,). Jets are processed in chunks,
so that temporary memory does not grow with their number.
"""

from collections.abc import Sequence
from dataclasses import replace

import awkward as ak
import numpy as np

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics import substructure
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.chunks import chunks, in_chunks
from hepml_lite.jet_physics.substructure import SoftDrop
from hepml_lite.statistics.settings_checks import checked_count, checked_number

RADIUS = 0.8  # default R, by which angles are divided


def pt(jets: Jets) -> np.ndarray:
    """Transverse momentum of the jet [GeV], (N,)."""
    return in_chunks(lambda part: part.pt, jets)


def mass(jets: Jets) -> np.ndarray:
    """Invariant mass of the jet [GeV], (N,)."""
    return in_chunks(lambda part: part.mass, jets)


def multiplicity(jets: Jets) -> np.ndarray:
    """Number of constituents, (N,) int."""
    require_jets(jets)
    return jets.mask.sum(axis=1)


def width(jets: Jets, beta: float = 1.0, kappa: float = 1.0, radius: float = RADIUS) -> np.ndarray:
    """Angularity sum_i z_i^kappa (Delta R_i / R)^beta (arXiv:1408.3122), (N,).

    z = pT / sum pT, and angles are measured from the centre of pT. beta = 1 is the width, or girth;
    beta = 2 is about m^2 / (pT R)^2. Infrared and collinear safe for kappa = 1 and beta > 0 only.
    A jet of one particle has 0.

    Raises:
        ValueError: if kappa or radius is not positive, or beta is negative.
    """
    kappa = checked_number("kappa", kappa, 0, np.inf, "()", "1")
    radius = checked_number("radius", radius, 0, np.inf, "()", "0.8")
    beta = checked_number("beta", beta, 0, np.inf, "[)", "1")

    def angularity(part: Jets) -> np.ndarray:
        z, d_eta, d_phi = np.moveaxis(centred(part), -1, 0)  # each (N, P)
        return (z**kappa * (np.hypot(d_eta, d_phi) / radius) ** beta).sum(axis=1)

    return in_chunks(angularity, jets)


def pt_dispersion(jets: Jets) -> np.ndarray:
    """p_T^D = sqrt(sum pT^2) / sum pT (CMS-PAS-JME-13-002), (N,); 1 for one particle.

    Infrared safe, but a collinear split changes it. Gluons split more and have smaller values.
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

    Returns (N,) for one n, or (N, len(n)) for several. One call for several n is faster than
    several calls. Jets of n constituents or fewer have 0.

    Raises:
        ValueError: if an n is no whole number or below 1, or beta or radius is not positive.
    """
    radius = checked_number("radius", radius, 0, np.inf, "()", "0.8")
    beta = checked_number("beta", beta, 0, np.inf, "()", "1")
    orders = [checked_count("n", one, why="axes are counted") for one in np.atleast_1d(n)]
    taus = in_chunks(
        lambda part: substructure.n_subjettiness(_jagged(part), orders, radius, beta), jets
    )
    return taus if isinstance(n, Sequence | np.ndarray) else taus[:, 0]


def n_subjettiness_ratio(jets: Jets, n: int, beta: float = 1.0) -> np.ndarray:
    """tau_n / tau_(n-1), (N,): small for jets of n prongs. 0 for fewer than n constituents.

    Raises:
        ValueError: if n is no whole number or below 2.
    """
    n = checked_count("n", n, 2, "the ratio is tau_n / tau_(n-1)")
    denominator, numerator = n_subjettiness(jets, (n - 1, n), beta).T
    ratio = np.zeros_like(numerator)
    return np.divide(numerator, denominator, out=ratio, where=denominator > 0)


def energy_correlation(
    jets: Jets, n: int, beta: float = 1.0, angles: int | None = None
) -> np.ndarray:
    """n-point correlation of momentum fractions and angles, FastJet contrib, (N,).

    e_n = sum over n particles of their z times the product of all their distances^beta
    (arXiv:1305.0007, divided by (sum pT)^n). With `angles` = v only the v smallest distances enter
    the product: _v e_n (arXiv:1609.07483). 0 for fewer than n constituents.

    Raises:
        ValueError: if n is not 1 to 5, or a set of n particles has fewer angles.
    """
    n = checked_count("n", n)
    if angles is not None:
        angles = checked_count("angles", angles)
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

    Safe at a fixed e_2. It has no limit for e_2 -> 0, which is a hard particle with soft ones
    around.
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

    Raises:
        ValueError: z_cut outside [0, 0.5), which is the largest share of a softer branch, a beta
            that is not finite, a radius that is not positive.
    """
    z_cut = checked_number("z_cut", z_cut, 0, 0.5, "[)", "0.1")
    beta = checked_number("beta", beta, -np.inf, np.inf, "()", "0")
    radius = checked_number("radius", radius, 0, np.inf, "()", "0.8")
    parts = [substructure.soft_drop(_jagged(part), z_cut, beta, radius) for part in chunks(jets)]
    return SoftDrop(
        **{key: np.concatenate([getattr(p, key) for p in parts]) for key in ("mass", "zg", "rg")}
    )


def _jagged(jets: Jets) -> ak.Array:
    """Constituents for FastJet, without those of zero momentum: they have no direction."""
    real = jets.mask & (jets.constituents[..., 0] > 0)
    same = real.sum() == jets.mask.sum()
    return (jets if same else replace(jets, mask=real)).to_awkward()


def _correlator(jets: Jets, beta: float, **which: str | int) -> np.ndarray:
    """The result of FastJet's EnergyCorrelator; ratios 0 / 0 are set to 0."""
    beta = checked_number("beta", beta, 0, np.inf, "()", "1")

    def correlator(part: Jets) -> np.ndarray:
        if not len(part):
            return np.zeros(0)
        clustered = substructure.reclustered(_jagged(part))
        found = ak.to_numpy(clustered.exclusive_jets_energy_correlator(1, beta=beta, **which))
        return np.where(np.isfinite(found), found, 0.0)

    return in_chunks(correlator, jets)
