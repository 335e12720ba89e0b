"""Checks of the exercises of the first notebook: the mass of a jet, background rejection."""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers, compare
from hepml_lite.statistics import metrics
from hepml_lite.statistics.thresholds import threshold_at


def invariant_mass(p4: np.ndarray) -> np.ndarray:
    """Mass (N,) of jets whose constituents are p4 (N, P, 4): E, px, py, pz."""
    energy, *momentum = p4.sum(axis=1).T
    return np.sqrt(np.maximum(energy**2 - sum(p**2 for p in momentum), 0))


def five_jets() -> np.ndarray:
    """Four-vectors (5, 8, 4) of massless particles, the last of them padding."""
    rng = np.random.default_rng(0)
    pt = rng.exponential(20, (5, 8))
    eta = rng.normal(1, 0.3, (5, 8))
    phi = rng.normal(0, 0.3, (5, 8))
    p4 = kinematics.four_vectors(pt, eta, phi)
    p4[:, 6:] = 0
    return p4


@exercise("0.1", reference=invariant_mass)
def _(answer, reference, **context):
    p4 = five_jets()
    right = reference(p4)
    jet = p4.sum(axis=1)
    energy, px, py, pz = jet.T
    momenta = np.linalg.norm(p4[..., 1:], axis=-1).sum(axis=1)  # of the particles, added as numbers
    shape = "one mass a jet, (N,)"
    with np.errstate(invalid="ignore"):
        mistakes = (
            (right**2, "these are squared masses, in GeV²: take the root"),
            (np.sqrt((jet**2).sum(axis=1)), "the metric has a minus sign: m² = E² − p², not "
             "E² + p²"),
            (np.sqrt(energy**2 - px**2 - py**2), "the momentum along the beam is missing: "
             "p² = px² + py² + pz²"),
            (np.sqrt(energy**2 - pz**2), "only pz is subtracted: p² = px² + py² + pz²"),
            (np.sqrt(energy**2 - (p4[..., 1:] ** 2).sum(axis=(1, 2))), "the momenta are squared "
             "before they are added: add the particles as vectors first, then square"),
            (np.sqrt((p4[..., 0] ** 2).sum(axis=1)), "these are squared energies of the particles, "
             "added: add the four-vectors first, then compute the mass of the sum"),
            (np.zeros(5), "all masses are zero. Each particle is massless, but their sum has a "
             "mass: add the four-vectors before you compute it"),
            (np.sqrt(np.maximum(energy**2 - momenta**2, 0)), "all masses are nearly zero: the "
             "lengths of the momenta are added. Momenta add as vectors, and opposite ones cancel"),
            (energy - np.linalg.norm(jet[:, 1:], axis=1), "this is E − p: square both first, "
             "m² = E² − p²"),
            (energy, "this is the energy of the jet, not its mass: subtract the momentum"),
            (np.hypot(px, py), "this is the transverse momentum of the jet"),
            (reference(p4 / 8), "this is the mass of the average particle: the jet is the sum of "
             "its particles, padding or not"),
            (np.sqrt(np.maximum(p4[..., 0]**2 - (p4[..., 1:]**2).sum(-1), 0)), "this is the mass "
             "of each particle, which is zero: sum over the particles, axis=1, before you square"),
            (reference(p4.transpose(1, 0, 2)), "this sums over the jets: sum over the particles, "
             "axis=1"),
            (reference(p4.reshape(1, -1, 4))[0], "this is the mass of all jets together: sum over "
             "the particles of each jet, axis=1"),
        )  # fmt: skip
        found = as_numbers(answer(p4.copy()), shape)
        if found.shape == (5, 8) or found.shape == (5, 4):
            raise Wrong(
                f"5 jets of 8 particles gave an array of shape {found.shape}: give {shape}. "
                "Sum over the particles, axis=1, and combine the four components"
            )
        compare(answer(p4.copy()), right, mistakes, shape, rtol=1e-3, atol=1e-2)
        _mass_of_one_particle(answer)
    return "massless particles that fly apart make a heavy jet."


def _mass_of_one_particle(answer) -> None:
    """Refuse NaN where rounding makes m² of a single massless particle negative."""
    rng = np.random.default_rng(1)
    one = kinematics.four_vectors(rng.exponential(100, 200), rng.normal(0, 2, 200), np.ones(200))
    if not np.isfinite(as_numbers(answer(one[:, None]), "one mass a jet, (N,)")).all():
        raise Wrong(
            "right, but jets of one massless particle get NaN: rounding makes their m² a little "
            "negative. Use np.maximum(m2, 0) before the root"
        )


def rejection(labels: np.ndarray, scores: np.ndarray, signal_efficiency: float) -> float:
    """1/eps_B at the threshold that keeps the wanted share of the signal."""
    threshold = threshold_at(scores[labels == 1], signal_efficiency)
    return 1 / np.mean(scores[labels == 0] >= threshold)


@exercise("0.2", reference=rejection)
def _(answer, reference, **context):
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], [30_000, 20_000])
    scores = rng.normal(labels * 2.0, 1)
    background, signal = scores[labels == 0], scores[labels == 1]
    right = metrics.background_rejection(labels, scores, 0.3)
    eps_b = 1 / right
    threshold = np.quantile(signal, 0.7)
    mistakes = (
        (eps_b, "this is ε_B, the share that passes; the rejection is 1/ε_B"),
        (1 - eps_b, "this is 1 − ε_B, the share of the background that is removed; we want 1/ε_B"),
        (1 / (1 - eps_b), "this is 1/(1 − ε_B): count the background above the threshold, not "
         "below it"),
        (0.3 / eps_b, "this is ε_S/ε_B: the rejection is 1/ε_B alone"),
        (0.3 / np.sqrt(eps_b), "this is ε_S/√ε_B, the significance improvement: the rejection is "
         "1/ε_B"),
        (1 / 0.3, "the threshold keeps 30 % of the background: it must keep 30 % of the signal"),
        (1 / np.mean(background > np.quantile(signal, 0.3)), "your threshold keeps 70 % of the "
         "signal: the upper 30 % start at the quantile 1 − ε_S"),
        (1 / np.mean(background > np.quantile(scores, 0.7)), "your threshold keeps 30 % of all "
         "jets: it must keep 30 % of the signal, labels == 1"),
        (1 / np.mean(scores > threshold), "you counted the jets of both classes: ε_B is a share "
         "of the background only"),
        (len(scores) / np.sum(background > threshold), "the number of background jets that pass is "
         "divided by all jets: divide by the number of background jets"),
        (1 / np.sum(background > threshold), "this is one over a number of jets: ε_B is the share "
         "of the background that passes, np.mean instead of np.sum"),
        (1 / np.mean(signal > np.quantile(background, 0.7)), "signal and background are swapped: "
         "label 1 is the signal"),
        (1 / np.mean(background > 0.3), "this uses the efficiency as a threshold on the score: "
         "find the score that 30 % of the signal exceed"),
        (threshold, "this is the threshold: now count the background above it"),
    )  # fmt: skip
    found = answer(labels.copy(), scores.copy(), 0.3)
    number = as_numbers(found, "one number")
    if number.shape == () and np.isclose(number, right, rtol=0.05):
        number = np.float64(right)  # any convention for a threshold between two jets
    compare(number, right, mistakes, "one number", rtol=0.01)
    at_half = as_numbers(answer(labels.copy(), scores.copy(), 0.5), "one number")
    if not np.isclose(at_half, reference(labels, scores, 0.5), rtol=0.05):
        raise Wrong("right at ε_S = 30 %, but not at 50 %: use the argument signal_efficiency")
    order = rng.permutation(len(labels))
    shuffled = as_numbers(answer(labels[order], scores[order], 0.3), "one number")
    if not np.isclose(shuffled, right, rtol=0.05):
        raise Wrong(
            "right where the labels are sorted, but not where signal and background are mixed: "
            "choose jets by their label, not by their position"
        )
    return f"one background jet in {right:.0f} passes; without a tagger, all of them would."
