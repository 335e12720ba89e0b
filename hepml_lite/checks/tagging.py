"""Checks of the tagging tutorial: rejection, sets, attention, invariants, sculpting."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from hepml_lite.checks import Wrong, exercise
from hepml_lite.statistics.thresholds import threshold_at

Mistakes = Iterable[tuple[np.ndarray, str]]


def _compare(found: object, right: np.ndarray, mistakes: Mistakes, shape: str) -> None:
    """Raise `Wrong` with the reason of the first mistake that gives the same numbers."""
    try:
        found = np.asarray(found, dtype=float)
    except (TypeError, ValueError) as error:
        raise Wrong(f"this is not an array of numbers ({error}): give {shape}") from error
    if found.shape != right.shape:
        raise Wrong(f"the shape is {found.shape}, not {right.shape}: give {shape}")
    if np.allclose(found, right, rtol=1e-4, atol=1e-6):
        return
    for mistake, why in mistakes:
        if np.shape(mistake) == found.shape and np.allclose(found, mistake, rtol=1e-4, atol=1e-6):
            raise Wrong(why)
    if not np.isfinite(found).all():
        raise Wrong("some of the numbers are NaN or infinite: was something divided by zero?")
    off = np.abs(found - right).max()
    raise Wrong(f"the numbers differ from the right ones by up to {off:.3g}")


def rejection(labels: np.ndarray, scores: np.ndarray, efficiency: float) -> tuple[float, float]:
    """Background rejection at a signal efficiency and its binomial error."""
    background = scores[labels == 0]
    passed = np.mean(background >= threshold_at(scores[labels == 1], efficiency))
    return 1 / passed, np.sqrt(passed * (1 - passed) / len(background)) / passed**2


@exercise("2.1", reference=rejection)
def _(answer, reference, **context):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [6000, 3000])
    scores = rng.normal(1.2 * labels)
    found = np.asarray(answer(labels.copy(), scores.copy(), 0.4), dtype=float)
    if found.shape != (2,):
        raise Wrong(f"return two numbers, the rejection and its error, not {found.shape}")
    value, error = reference(labels, scores, 0.4)
    background, signal = scores[labels == 0], scores[labels == 1]
    share = np.mean(background >= np.quantile(signal, 0.4))
    for mistake, why in (
        (1 / value, "this is the background efficiency ε_B: the rejection is 1/ε_B"),
        (1 / share, "this threshold keeps 60 % of the tops: 40 % pass above the quantile 1 - 0.4"),
        (1 / np.mean(background >= np.quantile(background, 0.6)),
         "the threshold must come from the tops' scores: this one keeps 40 % of the QCD jets"),
        (1 / np.mean(scores >= np.quantile(signal, 0.6)), "count QCD jets only, without the tops"),
        (1 / (1 - 1 / value), "this counts the QCD jets that are rejected, not those that pass"),
    ):  # fmt: skip
        if abs(found[0] / mistake - 1) < 2e-3:
            raise Wrong(why)
    if abs(found[0] / value - 1) > 0.01:
        raise Wrong(f"a rejection of {found[0]:.3g}, but {value:.3g} is right at 40 % of the tops")
    for mistake, why in (
        (error / value**2, "this is the error of ε_B: for 1/ε_B divide it by ε_B²"),
        (error * np.sqrt(6000 / 9000), "n is the number of QCD jets, not of all jets"),
        (error * np.sqrt(2), "n is the number of QCD jets, 6000, not the number of tops"),
        (error * np.sqrt(6000), "divide by n under the root: more jets give a smaller error"),
    ):
        if abs(found[1] / mistake - 1) < 0.01:
            raise Wrong(f"the rejection is right, its error is not: {why}")
    if abs(found[1] / error - 1) > 0.03:
        raise Wrong(f"the rejection is right; its error is {error:.2g}, not {found[1]:.2g}")
    return f"one QCD jet in {value:.1f} ± {error:.1f} passes."


def add_up(seen: Tensor, mask: Tensor) -> Tensor:
    """Sum over real particles: (N, P, L), (N, P) → (N, L)."""
    return (seen * mask.unsqueeze(-1)).sum(dim=1)


@exercise("2.2", reference=add_up)
def _(answer, reference, **context):
    generator = torch.Generator().manual_seed(0)
    seen = 1 + torch.rand(5, 7, 3, generator=generator)  # Φ(0) in the padding is not zero either
    mask = torch.arange(7) < torch.tensor([[2], [3], [5], [6], [7]])
    right = reference(seen, mask)
    found = answer(seen.clone(), mask.clone())
    if not isinstance(found, Tensor):
        raise Wrong(f"this returns a {type(found).__name__}: a network needs a tensor")
    real = mask.unsqueeze(-1)
    mistakes = (
        (seen.sum(1), "the empty slots are counted, too: the result depends on the length of the "
         "padding. Multiply by the mask first"),
        (right / mask.sum(1, keepdim=True), "this is the mean: it loses the number of particles, "
         "which is one of the best numbers to separate top from QCD"),
        (seen.mean(1), "this is a mean, and empty slots count in it"),
        (right / 7, "this divides by the number of slots: it depends on the padding"),
        (torch.where(real, seen, -1e9).amax(1), "this is the maximum, not the sum"),
    )  # fmt: skip
    _compare(found.detach(), right.numpy(), [(m.numpy(), why) for m, why in mistakes], "(N, L)")
    return "the sum is the same for any order and any padding."


def attention(q: np.ndarray, k: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """softmax_j(q_i·k_j / √d + U_ij) over real particles j, (P, P)."""
    logits = np.where(mask[None, :], q @ k.T / np.sqrt(q.shape[1]) + bias, -np.inf)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _softmax(logits: np.ndarray, axis: int = 1) -> np.ndarray:
    weights = np.exp(logits)
    return weights / weights.sum(axis=axis, keepdims=True)


@exercise("2.3", reference=attention)
def _(answer, reference, **context):
    rng = np.random.default_rng(0)
    q, k, bias = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.normal(size=(6, 6))
    mask = np.arange(6) < 4
    inner = q @ k.T
    masked = np.where(mask[None, :], inner / 2 + bias, -np.inf)
    by_column = np.exp(masked) / np.maximum(np.exp(masked).sum(0, keepdims=True), 1e-12)
    plain = _softmax(inner / 2 + bias)
    mistakes = (
        (plain, "empty slots get a weight: set their exponent to -∞"),
        (plain * mask, "the empty slots have no weight, but then a row no longer adds up to one: "
         "remove them before you normalise"),
        (_softmax(np.where(mask[None, :], inner / 2 + bias, 0)), "an exponent of zero gives the "
         "weight e⁰ = 1: an empty slot needs -∞"),
        (reference(2 * q, k, bias, mask), "divide by √d: without it the softmax of wide heads is "
         "nearly a maximum and hardly learns"),
        (reference(q / 2, k, bias, mask), "this divides by d, not by √d"),
        (reference(q, k, 0 * bias, mask), "the bias of the pair is missing"),
        (reference(q, k, bias.T, mask), "the bias is transposed: row i holds the weights that i "
         "gives"),
        (by_column, "the columns add up to one: normalise over the particles that receive the "
         "weights, axis=1"),
        (masked, "these are the exponents: the softmax is missing"),
    )  # fmt: skip
    _compare(answer(q, k, bias, mask), reference(q, k, bias, mask), mistakes, "weights (P, P)")
    return "each row is a probability over the real particles."


METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def products(p4: np.ndarray) -> np.ndarray:
    """Minkowski products (P, P) of four-vectors (P, 4)."""
    return p4 @ METRIC @ p4.T


@exercise("2.4", reference=products)
def _(answer, reference, **context):
    p4 = np.random.default_rng(0).normal(size=(5, 4))
    p4[:, 0] = np.sqrt((p4[:, 1:] ** 2).sum(1) + 1)
    right = reference(p4)
    mistakes = (
        (p4 @ p4.T, "all signs are plus: observers in motion disagree about this number. The "
         "invariant is energy squared *minus* momentum squared"),
        (-right, "this is the sign of the other convention: here E² - p² = m² is positive"),
        (p4[:, 1:] @ p4[:, 1:].T, "the energy is missing: rotations do not change this number, "
         "but boosts do"),
        (2 * right + 2, "this is the squared mass of the pair, (p_i + p_j)². It is invariant, "
         "too, but the exercise asks for p_i·p_j"),
        (np.diag(right), "this is only the diagonal, the squared masses: give all pairs"),
    )  # fmt: skip
    _compare(answer(p4.copy()), right, mistakes, "one product a pair, (P, P)")
    return "these products are the same for every observer."


def divergence(before: np.ndarray, after: np.ndarray) -> float:
    """Jensen-Shannon divergence in bits of two histograms (B,)."""
    p, q = before / before.sum(), after / after.sum()
    middle = (p + q) / 2
    terms = [np.sum(x[x > 0] * np.log2(x[x > 0] / middle[x > 0])) for x in (p, q)]
    return float(sum(terms) / 2)


def _kullback_leibler(p: np.ndarray, q: np.ndarray, log: Callable = np.log2) -> float:
    return float(np.sum(p[p > 0] * log(p[p > 0] / q[p > 0])))


@exercise("2.5", reference=divergence)
def _(answer, reference, **context):
    before, after = np.array([40.0, 30, 20, 10, 0]), np.array([2.0, 3, 9, 5, 1])
    right = reference(before, after)
    p, q = before / before.sum(), after / after.sum()
    middle = (p + q) / 2
    for mistake, why in (
        (right * np.log(2), "this is in nats, with the natural logarithm: bits need log2"),
        (2 * right, "take half of the sum: two samples without overlap are one bit apart"),
        (_kullback_leibler(p, middle), "this is only one of the two terms: it changes if you swap "
         "before and after"),
        (_kullback_leibler(q, middle), "this is only one of the two terms: it changes if you swap "
         "before and after"),
        (np.abs(p - q).sum() / 2, "this is the total variation, not the divergence"),
    ):  # fmt: skip
        if np.isclose(float(answer(before, after)), mistake, rtol=1e-3):
            raise Wrong(why)
    found = float(answer(before, after))
    if not np.isfinite(found):
        raise Wrong("empty bins give NaN or infinity: leave them out, because 0 log 0 is 0")
    if not np.isclose(float(answer(3 * before, after)), found, rtol=1e-6):
        raise Wrong(
            "normalise the histograms: three times as many jets of the same shape change nothing"
        )
    if not np.isclose(found, right, rtol=1e-3):
        raise Wrong(f"{found:.3f} for the two test histograms, but {right:.3f} bits are right")
    if abs(float(answer(before, before))) > 1e-9:
        raise Wrong("the divergence of a histogram from itself must be zero")
    return "0 bits for equal shapes, 1 bit for shapes without overlap."
