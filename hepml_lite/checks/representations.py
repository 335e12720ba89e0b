"""Checks of the exercises on representations: width, safety, masses of pairs, moved energy."""

from collections.abc import Mapping

import numpy as np

from hepml_lite import kinematics
from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers, compare


def width(pt: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Mean distance from the axis (N,), weighted by pT, of particles pt, distance (N, P)."""
    return (pt * distance).sum(axis=1) / pt.sum(axis=1)


@exercise("1.1", reference=width)
def _(answer, reference, **context):
    rng = np.random.default_rng(0)
    n = rng.integers(3, 9, 20)
    real = np.arange(9) < n[:, None]  # (20, 9), the rest is padding
    pt = rng.exponential(20, (20, 9)) * real
    distance = rng.uniform(0, 0.8, (20, 9)) * real
    right = reference(pt, distance)
    mistakes = (
        ((pt * distance).sum(1), "this is not divided by the jet's pT: a jet of twice the energy "
         "and the same shape would be twice as wide"),
        (distance.sum(1) / n, "this counts every particle equally, however soft: one more "
         "particle of almost no energy changes it. Weight the distances by pT"),
        (distance.mean(1), "the padding counts as particles at distance zero, and all real "
         "particles count equally: weight the distances by pT"),
        ((pt * distance).mean(1), "divide by the sum of pT instead of the number of slots"),
        ((pt * distance).sum(1) / n, "divide by the sum of pT instead of the number of particles"),
        ((pt * distance**2).sum(1) / pt.sum(1), "the distance enters squared, and this is nearly "
         "m²/pT²: the width has the distance itself"),
        (np.sqrt((pt * distance**2).sum(1) / pt.sum(1)), "this is the root of the mean square: "
         "the width has the distance itself, without square and root"),
        ((pt**2 * distance).sum(1) / (pt**2).sum(1), "pT enters squared: a particle split into "
         "two halves at the same place would count half as much"),
        ((pt * distance).sum(1) / distance.sum(1), "this divides by the sum of the distances: it "
         "is a mean of pT. Divide by the sum of the weights, pT"),
        ((pt * distance).sum() / pt.sum(), "this sums over all jets: give one width a jet, axis=1"),
        ((pt * distance).sum(0) / np.maximum(pt.sum(0), 1e-9), "this sums over the jets: sum over "
         "the particles, axis=1"),
        (distance.max(1), "this is the distance of the farthest particle, which may be very "
         "soft: take the mean, weighted by pT"),
        (2 * right, "all widths are too large by the factor 2: the mean distance from the axis is "
         "a radius, not a diameter"),
    )  # fmt: skip
    found = answer(pt.copy(), distance.copy())
    compare(found, right, mistakes, "one width a jet, (N,)", rtol=1e-5)
    return "a split particle or an added soft one hardly changes the width: it is safe."


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
    for name, value in answer.items():
        if not isinstance(value, bool | np.bool_):
            raise Wrong(f"{name} is {value!r}: decide, True for safe or False for not safe")
    wrong = [name for name in reference if bool(answer[name]) != reference[name]]
    if len(wrong) == len(reference):
        raise Wrong(
            "all four are the other way round: True is for a number that neither a split nor a "
            f"soft particle changes. For example, {WHY['mass']}"
        )
    if wrong:
        says = "safe" if reference[wrong[0]] else "not safe"
        rest = f" ({len(wrong) - 1} more to think about)" if len(wrong) > 1 else ""
        raise Wrong(f"{wrong[0]} is {says}: {WHY[wrong[0]]}{rest}")
    return "perturbation theory can compute only the safe ones; a network may use both."


def pair_mass_squared(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """m² (P, P) of every pair of massless particles."""
    eta_gap, phi_gap = (x[:, None] - x[None, :] for x in (eta, phi))
    return 2 * np.outer(pt, pt) * (np.cosh(eta_gap) - np.cos(phi_gap))


@exercise("1.3", reference=pair_mass_squared)
def _(answer, reference, **context):
    rng = np.random.default_rng(1)
    pt = rng.exponential(20, 6) + 1
    eta = rng.normal(0.5, 1.0, 6)
    phi = kinematics.wrap_phi(rng.normal(3.1, 1.0, 6))  # some lie on the other side of ±π
    right = reference(pt, eta, phi)
    eta_gap = eta[:, None] - eta[None, :]
    phi_gap = phi[:, None] - phi[None, :]
    product = np.outer(pt, pt)
    unwrapped = product * (eta_gap**2 + phi_gap**2)
    pseudorapidity = "pseudorapidity is no angle: it enters as cosh Δη, the azimuth as cos Δφ"
    mistakes = (
        (right / 2, "a factor 2 is missing: (p + q)² = 2 p·q for massless particles"),
        (np.sqrt(np.maximum(right, 0)), "these are masses m, but the exercise asks for m²"),
        (np.sqrt(np.maximum(right / 2, 0)), "these are masses m without the factor 2: the "
         "exercise asks for m² = 2 p·q"),
        (2 * product * (np.cos(eta_gap) - np.cos(phi_gap)), pseudorapidity),
        (2 * product * (np.cosh(eta_gap) - np.cosh(phi_gap)), "the azimuth is an angle: it "
         "enters as cos Δφ"),
        (2 * product * (np.cosh(eta_gap) + np.cos(phi_gap)), "the sign of cos Δφ is wrong: two "
         "particles in the same direction have no mass"),
        (-right, "the sign is wrong: m² is positive"),
        (product * (eta_gap**2 + kinematics.wrap_phi(phi_gap) ** 2), "this is the limit of small "
         "angles, pT pT' ΔR². It is good inside a jet, but wrong by tens of percent for particles "
         "this far apart"),
        (unwrapped, "the difference in φ is not wrapped: two particles on the two sides of ±π are "
         "neighbours. The cosine wraps it for you"),
        (2 * (1 - np.cos(phi_gap)) * product, "the difference in η is missing"),
        (2 * (np.cosh(eta_gap) - 1) * product, "the difference in φ is missing"),
        (2 * (np.cosh(eta_gap) - np.cos(phi_gap)), "the momenta are missing: multiply by pT pT'"),
        (2 * product**2 * (np.cosh(eta_gap) - np.cos(phi_gap)), "the momenta enter squared: "
         "p·q has one pT of each particle"),
        (2 * pt**2 * (np.cosh(eta_gap) - np.cos(phi_gap)), "this has pT² of one particle: a pair "
         "has pT of both, np.outer(pt, pt)"),
        (np.triu(right), "the lower half is zero: give m² for every pair, in both orders"),
        (np.zeros(6), "this is the mass of each particle with itself: compare every particle with "
         "every other one, x[:, None] - x[None, :]"),
    )  # fmt: skip
    # of a particle with itself m² is zero but for rounding
    tolerance = 1e-6 * right.max()
    found = answer(pt.copy(), eta.copy(), phi.copy())
    compare(found, right, mistakes, "a number for every pair, (P, P)", 1e-4, tolerance)
    return "these numbers are the same after any boost: Lorentz-equivariant networks read them."


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
    right = reference(z, x, w, y)
    cost = np.abs(x[:, None] - y[None, :])
    places = np.sort(np.concatenate([x, y]))
    passing = np.array([z[x <= p].sum() - w[y <= p].sum() for p in places[:-1]])
    gaps = np.diff(places)
    mistakes = (
        (abs(z @ x - w @ y), "this is the distance between the centres: energy that goes left and "
         "energy that goes right must not cancel. Take the absolute value at each place"),
        (z @ x - w @ y, "this is the difference of the centres, with its sign: take the absolute "
         "value of what passes each place"),
        (passing @ gaps, "what passes to the left and what passes to the right cancels: take the "
         "absolute value at each place"),
        (z @ cost @ w, "this sends a share of every particle to every other one. It works, but it "
         "is a most wasteful plan: look for the cheapest one"),
        (z @ cost.min(axis=1), "every particle went to its nearest neighbour, even if there was "
         "no room: the energies that arrive must be those of the second jet"),
        (w @ cost.min(axis=0), "every particle of the second jet came from its nearest neighbour, "
         "even if there was no energy: the energies that leave must be those of the first jet"),
        (np.abs(passing).sum(), "the distances are missing: multiply what passes by the gap "
         "between neighbouring places, np.diff(places)"),
        (np.abs(passing).mean(), "this is a mean over places: multiply what passes by the gap "
         "between neighbouring places, and sum"),
        (passing**2 @ gaps, "what passes enters squared: the work is linear in the energy"),
        (np.sqrt(passing**2 @ gaps), "what passes enters squared: the work is linear in the "
         "energy"),
        (np.abs(passing).max(), "this is the largest energy that passes one place (the distance "
         "of Kolmogorov and Smirnov): add up over all places, times the gaps"),
        (right / 2, "this is half of the work: every unit of energy that leaves one place arrives "
         "at another, and is moved once"),
        (2 * right, "this is twice the work: every unit of energy is moved once"),
    )  # fmt: skip
    shape = "one number"
    found = as_numbers(answer(z.copy(), x.copy(), w.copy(), y.copy()), shape)
    if found.shape == (len(gaps),):
        raise Wrong("this is the work of each gap: add them up to one number")
    compare(found, right, mistakes, shape, rtol=1e-4)
    reverse = as_numbers(answer(w, y, z, x), shape)
    if not np.isclose(found, reverse, rtol=1e-6):
        raise Wrong(
            f"the way there costs {found:.4g}, the way back {reverse:.4g}: a distance is symmetric"
        )
    pair = (np.array([0.7, 0.3]), np.array([0.0, 0.5]))
    single = as_numbers(answer(np.ones(1), np.zeros(1), *pair), shape)
    if not np.isclose(single, 0.15, rtol=1e-4):
        raise Wrong(f"30 % of the energy moved by 0.5 costs 0.15, but you find {single:.4g}")
    return "on a line the cheapest plan never lets two loads cross."
