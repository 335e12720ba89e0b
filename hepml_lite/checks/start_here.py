"""Checks of the exercises of the first notebook: the mass of a jet, background rejection."""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.checks import Wrong, exercise
from hepml_lite.statistics import metrics
from hepml_lite.statistics.thresholds import threshold_at


def invariant_mass(p4: np.ndarray) -> np.ndarray:
    """Mass (N,) of jets whose constituents are p4 (N, P, 4): E, px, py, pz."""
    energy, *momentum = p4.sum(axis=1).T
    return np.sqrt(np.maximum(energy**2 - sum(p**2 for p in momentum), 0))


@exercise("0.1", reference=invariant_mass)
def _(answer, reference, **context):
    rng = np.random.default_rng(0)
    pt, eta, phi = (
        rng.exponential(20, (5, 8)),
        rng.normal(1, 0.3, (5, 8)),
        rng.normal(0, 0.3, (5, 8)),
    )
    p4 = kinematics.four_vectors(pt, eta, phi)
    found, right = np.asarray(answer(p4.copy())), reference(p4)
    if found.shape != right.shape:
        raise Wrong(
            f"5 jets of 8 particles gave an array of shape {found.shape}, not (5,): one mass a "
            "jet. Sum over the particles (axis 1), and not over the components"
        )
    for mistake, why in {
        "square": (right**2, "these are squared masses, in GeV²: take the root"),
        "plus": (
            np.sqrt((p4.sum(axis=1) ** 2).sum(axis=-1)),
            "the metric has a minus sign: m² = E² − p², not E² + p²",
        ),
        "transverse": (
            np.sqrt(np.maximum((p4.sum(axis=1)[:, :3] ** 2) @ [1, -1, -1], 0)),
            "the momentum along the beam is missing: p² = px² + py² + pz²",
        ),
        "scalar": (
            np.sqrt(np.maximum(p4[..., 0].sum(1) ** 2 - (pt**2).sum(1), 0)),
            "add the momenta as vectors first, then square",
        ),
    }.values():
        if np.allclose(found, mistake, rtol=1e-3):
            raise Wrong(why)
    if np.all(np.abs(found) < 1e-2):
        raise Wrong(
            "all masses are zero. Each particle is massless, but their sum has a mass: add the "
            "four-vectors before you compute it"
        )
    if not np.allclose(found, right, rtol=1e-3):
        ratio = np.median(found / right)
        raise Wrong(
            f"the masses are wrong by a factor of about {ratio:.3g}: m² = E² − p² of the sum"
        )
    return "massless particles that fly apart make a heavy jet."


def rejection(labels: np.ndarray, scores: np.ndarray, signal_efficiency: float) -> float:
    """1/eps_B at the threshold that keeps the wanted share of the signal."""
    threshold = threshold_at(scores[labels == 1], signal_efficiency)
    return 1 / np.mean(scores[labels == 0] >= threshold)


@exercise("0.2", reference=rejection)
def _(answer, reference, **context):
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 20_000)
    scores = rng.normal(labels * 2.0, 1)
    found, right = float(answer(labels, scores, 0.3)), metrics.background_rejection(labels, scores)
    eps_b = 1 / right
    background_threshold = np.quantile(scores[labels == 0], 0.7)
    all_threshold = np.quantile(scores, 0.7)
    for mistake, why in (
        (eps_b, "this is ε_B, the share that passes; the rejection is 1/ε_B"),
        (1 - eps_b, "this is 1 − ε_B, the share of the background that is removed; we want 1/ε_B"),
        (
            1 / 0.3,
            "the threshold keeps 30 % of the background: it must keep 30 % of the signal",
        ),
        (
            1 / np.mean(scores[labels == 0] > np.quantile(scores[labels == 1], 0.3)),
            "your threshold keeps 70 % of the signal: the upper 30 % start at the quantile 1 − ε_S",
        ),
        (
            1 / np.mean(scores[labels == 0] > all_threshold),
            "your threshold keeps 30 % of all jets: it must keep 30 % of the signal, labels == 1",
        ),
        (
            1 / np.mean(scores > np.quantile(scores[labels == 1], 0.7)),
            "you counted the jets of both classes: ε_B is a share of the background only",
        ),
        (
            1 / np.mean(scores[labels == 1] > background_threshold),
            "signal and background are swapped: label 1 is the signal",
        ),
    ):
        if np.isclose(found, mistake, rtol=0.01):
            raise Wrong(why)
    if not np.isclose(found, right, rtol=0.05):
        raise Wrong(
            f"two Gaussians 2 σ apart have a rejection of {right:.1f} at ε_S = 30 %, "
            f"but you find {found:.3g}"
        )
    at_half = float(answer(labels, scores, 0.5))
    if not np.isclose(at_half, reference(labels, scores, 0.5), rtol=0.05):
        raise Wrong("right at ε_S = 30 %, but not at 50 %: use the argument signal_efficiency")
    return f"one background jet in {right:.0f} passes; without a tagger, all of them would."
