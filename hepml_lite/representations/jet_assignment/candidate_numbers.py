"""Numbers that describe an assignment: masses of W and tops, angles, momenta and b tags.

The neutrino's momentum along the beam is not measured. With the mass of the W, m_ℓν = 80.4 GeV, it
solves a quadratic equation; of two solutions the one is taken whose top is closest to 172.5 GeV,
and of a complex pair the real part.
"""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.representations.jet_assignment.top_pairs import ALL, TopPairs

W_MASS, TOP_MASS = 80.4, 172.5  # GeV
NAMES = (
    *("ln W mass", "ln hadronic top mass", "ln leptonic top mass", "ln lepton b mass"),
    *("distance in W", "distance of W and b", "distance of lepton and b"),
    *("ln W pT", "ln hadronic top pT", "balance of the tops", "ln softest pT"),
    *("tags in W", "tag of hadronic b", "tag of leptonic b"),
)
BLOCK = 2000  # events at a time: 180 candidates each


def masses(pairs: TopPairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masses [GeV] of W, hadronic and leptonic top of all assignments, (N, 180) each."""
    jets = pairs.momenta
    w = jets[:, ALL[:, 2]] + jets[:, ALL[:, 3]]  # (N, 180, 4)
    top = w + jets[:, ALL[:, 1]]
    return _mass(w), _mass(top), leptonic_top_mass(pairs)[:, ALL[:, 0]]


def leptonic_top_mass(pairs: TopPairs) -> np.ndarray:
    """Mass [GeV] of lepton, neutrino and each jet, (N, 6), with the better neutrino."""
    lepton = kinematics.four_vectors(*pairs.lepton.T)  # (N, 4)
    boson = lepton[:, None] + neutrinos(pairs)  # (N, 2, 4)
    both = _mass(boson[:, None] + pairs.momenta[:, :, None])  # (N, 6, 2)
    best = np.abs(both - TOP_MASS).argmin(axis=2)
    return np.take_along_axis(both, best[..., None], 2)[..., 0]


def neutrinos(pairs: TopPairs) -> np.ndarray:
    """Both neutrinos (N, 2, 4) that give lepton and missing momentum the mass of the W.

    With a = m_W²/2 + pT_ℓ·pT_ν: pz = [a pz_ℓ ± E_ℓ √(a² - pT_ℓ² pT_ν²)] / pT_ℓ².
    """
    energy, px, py, pz = kinematics.four_vectors(*pairs.lepton.T).T
    x, y = (pairs.missing[:, 0] * f(pairs.missing[:, 1]) for f in (np.cos, np.sin))
    pt2 = px**2 + py**2
    a = W_MASS**2 / 2 + px * x + py * y
    root = np.sqrt(np.maximum(a**2 - pt2 * (x**2 + y**2), 0))
    along = (a * pz)[:, None] + np.array([-1, 1]) * (energy * root)[:, None]
    along = along / pt2[:, None]  # (N, 2)
    x, y = np.broadcast_to(x[:, None], along.shape), np.broadcast_to(y[:, None], along.shape)
    return np.stack([np.sqrt(x**2 + y**2 + along**2), x, y, along], axis=-1)


def tags(pairs: TopPairs) -> np.ndarray:
    """Tags among the jets of the W (0 to 2), tag of both b jets: (N, 180, 3)."""
    tagged = pairs.tagged[:, ALL]  # (N, 180, 4)
    in_w = tagged[..., 2].astype(int) + tagged[..., 3]
    return np.stack([in_w, tagged[..., 1], tagged[..., 0]], axis=-1)


def candidate_numbers(pairs: TopPairs) -> np.ndarray:
    """`NAMES` of all assignments, (N, 180, 14) float32; zeros where a jet is absent."""
    blocks = [pairs[i : i + BLOCK] for i in range(0, len(pairs), BLOCK)]
    return np.concatenate([_numbers(block) for block in blocks])


def _numbers(pairs: TopPairs) -> np.ndarray:
    jets = pairs.momenta
    b_leptonic, b_hadronic, one, other = (jets[:, ALL[:, k]] for k in range(4))
    w = one + other
    top = w + b_hadronic
    lepton = kinematics.four_vectors(*pairs.lepton.T)[:, None]
    with_lepton = b_leptonic + lepton
    missing = np.stack([f(pairs.missing[:, 1]) for f in (np.cos, np.sin)], axis=-1)
    leptonic_pt = with_lepton[..., 1:3] + (pairs.missing[:, :1] * missing)[:, None]
    top_pt = np.hypot(top[..., 1], top[..., 2])
    softest = pairs.jets[:, :, 0][:, ALL].min(axis=2)
    numbers = [
        *(_log(m) for m in (_mass(w), _mass(top), leptonic_top_mass(pairs)[:, ALL[:, 0]])),
        _log(_mass(with_lepton)),
        *(_distance(*two) for two in ((one, other), (w, b_hadronic), (b_leptonic, lepton))),
        _log(np.hypot(w[..., 1], w[..., 2])),
        _log(top_pt),
        np.linalg.norm(leptonic_pt + top[..., 1:3], axis=-1) / (top_pt + 50),
        _log(softest),
        *np.moveaxis(tags(pairs), 2, 0),
    ]
    table = np.stack(numbers, axis=-1).astype(np.float32)
    return np.where(pairs.possible[..., None], table, 0)


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Delta R of four-vectors (..., 4)."""
    _, eta, phi, _ = kinematics.pt_eta_phi_mass(first)
    _, other_eta, other_phi, _ = kinematics.pt_eta_phi_mass(second)
    return kinematics.delta_r(eta, phi, other_eta, other_phi)


def _mass(p4: np.ndarray) -> np.ndarray:
    return kinematics.pt_eta_phi_mass(p4)[3]


def _log(x: np.ndarray) -> np.ndarray:
    """ln of GeV, from 1 GeV on."""
    return np.log(np.maximum(x, 1))
