"""Checks of the exercises on representations: width, safety, masses of pairs, moved energy."""

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite import kinematics
from hepml_lite.checks import Wrong, exercise
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.energy_flow_polynomials import energy_flow_polynomials
from hepml_lite.jet_physics.views.seven_views import VIEWS
from hepml_lite.statistics import metrics


def width(pt: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Mean distance from the axis (N,), weighted by pT, of particles pt, distance (N, P)."""
    return (pt * distance).sum(axis=1) / pt.sum(axis=1)


@exercise("1.1", reference=width)
def _(answer, reference, **context):
    rng = np.random.default_rng(0)
    n = rng.integers(3, 9, 20)
    real = np.arange(9) < n[:, None]  # (20, 9), the rest is padding
    pt, distance = rng.exponential(20, (20, 9)) * real, rng.uniform(0, 0.8, (20, 9)) * real
    found, right = np.asarray(answer(pt.copy(), distance.copy())), reference(pt, distance)
    if found.shape != right.shape:
        raise Wrong(f"20 jets gave an array of shape {found.shape}, not (20,): one width a jet")
    for mistake, why in (
        (
            (pt * distance).sum(1),
            "this is not divided by the jet's pT: a jet of twice the energy "
            "and the same shape would be twice as wide",
        ),
        (
            distance.sum(1) / n,
            "this counts every particle equally, however soft: one more particle "
            "of almost no energy changes it. Weight the distances by pT",
        ),
        (
            distance.mean(1),
            "the padding counts as particles at distance zero, and all real particles "
            "count equally: weight the distances by pT",
        ),
        ((pt * distance).mean(1), "divide by the sum of pT instead of the number of slots"),
        (
            (pt * distance**2).sum(1) / pt.sum(1),
            "the distance enters squared, and this is nearly "
            "m²/pT²: the width has the distance itself",
        ),
        (
            (pt**2 * distance).sum(1) / (pt**2).sum(1),
            "pT enters squared: a particle split into two "
            "halves at the same place would count half as much",
        ),
    ):
        if np.allclose(found, mistake, rtol=1e-6):
            raise Wrong(why)
    if not np.allclose(found, right, rtol=1e-4):
        ratio = np.median(found / right)
        raise Wrong(
            f"the widths are wrong by a factor of about {ratio:.3g}: compute Σ pT ΔR / Σ pT"
        )
    return "a split particle or an added soft one hardly changes the width: it is safe."


def pair_mass_squared(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """m² (P, P) of every pair of massless particles."""
    eta_gap, phi_gap = (x[:, None] - x[None, :] for x in (eta, phi))
    return 2 * np.outer(pt, pt) * (np.cosh(eta_gap) - np.cos(phi_gap))


@exercise("1.3", reference=pair_mass_squared)
def _(answer, reference, **context):
    rng = np.random.default_rng(1)
    pt, eta = rng.exponential(20, 6) + 1, rng.normal(0.5, 1.0, 6)
    phi = kinematics.wrap_phi(rng.normal(3.1, 1.0, 6))  # some lie on the other side of ±π
    found, right = np.asarray(answer(pt, eta, phi)), reference(pt, eta, phi)
    if found.shape != right.shape:
        raise Wrong(f"6 particles gave shape {found.shape}, not (6, 6): a number for every pair")
    off = ~np.eye(6, dtype=bool)
    eta_gap, phi_gap = (x[:, None] - x[None, :] for x in (eta, phi))
    product = np.outer(pt, pt)
    unwrapped = product * (eta_gap**2 + phi_gap**2)
    small = product * (eta_gap**2 + kinematics.wrap_phi(phi_gap) ** 2)
    for mistake, why in (
        (right / 2, "a factor 2 is missing: (p + q)² = 2 p·q for massless particles"),
        (np.sqrt(np.maximum(right, 0)), "these are masses m, but the exercise asks for m²"),
        (
            2 * product * (np.cos(eta_gap) - np.cos(phi_gap)),
            "pseudorapidity is no angle: it enters as cosh Δη, the azimuth as cos Δφ",
        ),
        (
            small,
            "this is the limit of small angles, pT pT' ΔR². It is good inside a jet, but wrong by "
            "tens of percent for particles this far apart",
        ),
        (
            unwrapped,
            "the difference in φ is not wrapped: two particles on the two sides of ±π are "
            "neighbours. The cosine wraps it for you",
        ),
        (2 * (1 - np.cos(phi_gap)) * product, "the difference in η is missing"),
    ):
        if np.allclose(found[off], mistake[off], rtol=1e-4):
            raise Wrong(why)
    if not np.allclose(found, right, rtol=1e-4, atol=1e-6 * right.max()):
        raise Wrong("compare with m² = 2 pT pT' (cosh Δη − cos Δφ) for a pair at Δη = 0")
    return "these numbers are the same after any boost: Lorentz-equivariant networks read them."


SAFE = {"mass": True, "width": True, "multiplicity": False, "pt_dispersion": False}
WHY = {
    "mass": "the mass comes from a sum of four-vectors: a split does not change the sum, and a "
    "soft particle adds almost nothing",
    "width": "the width is linear in pT: two halves at the same place count as the whole",
    "multiplicity": "every split and every soft particle adds one, however soft",
    "pt_dispersion": "a soft particle adds nothing to √(Σ z²), because its z² vanishes, but two "
    "halves give z²/4 + z²/4, half of the z² of the whole",
}


@exercise("1.2", reference=SAFE)
def _(answer, reference, **context):
    if not isinstance(answer, Mapping) or set(answer) != set(reference):
        raise Wrong(f"give a dictionary with True or False for each of {', '.join(reference)}")
    wrong = [name for name in reference if bool(answer[name]) != reference[name]]
    if wrong:
        says = "safe" if reference[wrong[0]] else "not safe"
        rest = f" ({len(wrong) - 1} more to think about)" if len(wrong) > 1 else ""
        raise Wrong(f"{wrong[0]} is {says}: {WHY[wrong[0]]}{rest}")
    return "perturbation theory can compute only the safe ones; a network may use both."


def emd_on_a_line(z: np.ndarray, x: np.ndarray, w: np.ndarray, y: np.ndarray) -> float:
    """The least energy times distance that turns energies z at x into w at y, with equal sums."""
    places = np.sort(np.concatenate([x, y]))
    left = [
        np.array([energy[where <= place].sum() for place in places[:-1]])
        for energy, where in ((z, x), (w, y))
    ]
    return float(np.sum(np.abs(left[0] - left[1]) * np.diff(places)))


@exercise("1.4", reference=emd_on_a_line)
def _(answer, reference, **context):
    rng = np.random.default_rng(2)
    z, w = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(6))
    x, y = rng.normal(0, 0.3, 4), rng.normal(0.1, 0.3, 6)
    found, right = float(answer(z, x, w, y)), reference(z, x, w, y)
    cost = np.abs(x[:, None] - y[None, :])
    for mistake, why in (
        (
            abs(z @ x - w @ y),
            "this is the distance between the centres: energy that goes left and "
            "energy that goes right must not cancel",
        ),
        (
            float(z @ cost @ w),
            "this sends a share of every particle to every other one. It "
            "works, but it is a most wasteful plan: look for the cheapest one",
        ),
        (
            float(z @ cost.min(axis=1)),
            "every particle went to its nearest neighbour, even if "
            "there was no room: the energies that arrive must be those of the second jet",
        ),
    ):
        if np.isclose(found, mistake, rtol=1e-6):
            raise Wrong(why)
    reverse = float(answer(w, y, z, x))
    if not np.isclose(found, reverse, rtol=1e-6):
        raise Wrong(
            f"the way there costs {found:.4g}, the way back {reverse:.4g}: a distance is symmetric"
        )
    if not np.isclose(found, right, rtol=1e-4):
        raise Wrong(f"the two example jets are {right:.4f} apart, but you find {found:.4g}")
    single = float(answer(np.ones(1), np.zeros(1), np.array([0.7, 0.3]), np.array([0.0, 0.5])))
    if not np.isclose(single, 0.15, rtol=1e-4):
        raise Wrong(f"30 % of the energy moved by 0.5 costs 0.15, but you find {single:.4g}")
    return "on a line the cheapest plan never lets two loads cross."


def many_numbers(jets: Jets) -> np.ndarray:
    """Observables, safe polynomials and the momentum of each jet, (N, 16)."""
    polynomials = energy_flow_polynomials(jets, degree=3)[:, 1:]
    return np.column_stack([VIEWS["observables"](jets), polynomials, jets.pt])


def is_z(jets: Jets) -> np.ndarray:
    """Which jets are of the class Z, (N,) bool."""
    return jets.label == jets.names.index("Z")


def trees(learn: Jets, **context) -> Callable[[Jets], np.ndarray]:
    """The score of boosted trees on many numbers, learned from these jets."""
    model = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.05, max_leaf_nodes=8)
    model.fit(many_numbers(learn), is_z(learn))
    return lambda jets: model.decision_function(many_numbers(jets))


@exercise("1.5", reference_from=trees)
def _(answer, reference, judge, **context):
    found = np.asarray(answer(judge), float)
    if found.shape != (len(judge),):
        raise Wrong(f"{len(judge)} jets gave shape {found.shape}: one number a jet, (N,)")
    if not np.isfinite(found).all():
        raise Wrong(f"{(~np.isfinite(found)).sum()} of the numbers are NaN or infinite")
    yours, plain = metrics.auc(is_z(judge), found), metrics.auc(is_z(judge), judge.mass)
    if 1 - yours > plain + 0.02:
        raise Wrong(
            f"an AUC of {yours:.3f}: your number is good but has the wrong sign. It should be "
            "larger for Z jets"
        )
    if yours <= plain + 0.02:
        raise Wrong(
            f"an AUC of {yours:.3f}, but the plain mass has {plain:.3f}. A jet much heavier than a "
            "Z can also be a W with particles from elsewhere, so more mass is not always more Z"
        )
    return f"an AUC of {yours:.3f} against {plain:.3f} of the plain mass."
