"""Checks of the tagging tutorial: rejection, sets, attention, invariants, sculpting."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers, compare
from hepml_lite.statistics.thresholds import threshold_at

CLOSE = dict(rtol=1e-4, atol=1e-6)  # float32 answers


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
    found = as_numbers(answer(labels.copy(), scores.copy(), 0.4), "two numbers")
    if found.shape != (2,):
        raise Wrong(f"return two numbers, the rejection and its error, not {found.shape}")
    value, error = reference(labels, scores, 0.4)
    background, signal = scores[labels == 0], scores[labels == 1]
    threshold = np.quantile(signal, 0.6)
    share = 1 / value
    for mistake, why in (
        (share, "this is the background efficiency ε_B: the rejection is 1/ε_B"),
        (1 / np.mean(background >= np.quantile(signal, 0.4)), "this threshold keeps 60 % of the "
         "tops: 40 % pass above the quantile 1 - 0.4"),
        (1 / np.mean(background >= np.quantile(background, 0.6)), "the threshold must come from "
         "the tops' scores: this one keeps 40 % of the QCD jets"),
        (1 / np.mean(background >= np.quantile(scores, 0.6)), "the threshold must come from the "
         "tops' scores: this one keeps 40 % of all jets"),
        (1 / np.mean(scores >= threshold), "count QCD jets only, without the tops"),
        (9000 / np.sum(background >= threshold), "divide by the number of QCD jets, not of all "
         "jets"),
        (1 / np.mean(signal >= np.quantile(background, 0.6)), "tops and QCD jets are swapped: "
         "label 1 is the top"),
        (1 / (1 - share), "this counts the QCD jets that are rejected, not those that pass"),
        (1 - share, "this is the share of the QCD jets that is rejected: the rejection is 1/ε_B"),
    ):  # fmt: skip
        if abs(found[0] / mistake - 1) < 2e-3:
            raise Wrong(why)
    if abs(found[0] / value - 1) > 0.01:
        raise Wrong(f"a rejection of {found[0]:.3g}, but {value:.3g} is right at 40 % of the tops")
    for mistake, why in (
        (error / value**2, "this is the error of ε_B: for 1/ε_B divide it by ε_B²"),
        (error / value, "this is the relative error: multiply it by the rejection"),
        (error**2, "this is the variance: take the root"),
        (error * np.sqrt(6000 / 9000), "n is the number of QCD jets, not of all jets"),
        (error * np.sqrt(2), "n is the number of QCD jets, 6000, not the number of tops"),
        (error * np.sqrt(6000), "divide by n under the root: more jets give a smaller error"),
        (error / np.sqrt(6000), "n enters twice: divide by n once, under the root"),
        (np.sqrt(value), "this is the root of the rejection: only numbers of jets have the root "
         "as their error"),
    ):  # fmt: skip
        if abs(found[1] / mistake - 1) < 0.01:
            raise Wrong(f"the rejection is right, its error is not: {why}")
    # a bootstrap or a Poisson error is right as well
    if not 0.85 < found[1] / error < 1.15:
        raise Wrong(f"the rejection is right; its error is {error:.2g}, not {found[1]:.2g}")
    return f"one QCD jet in {value:.1f} ± {error:.1f} passes."


def add_up(seen: Tensor, mask: Tensor) -> Tensor:
    """Sum over real particles: (N, P, L), (N, P) → (N, L)."""
    return (seen * mask.unsqueeze(-1)).sum(dim=1)


@exercise("2.2", reference=add_up)
def _(answer, reference, **context):
    generator = torch.Generator().manual_seed(0)
    raw = torch.rand(5, 7, 3, generator=generator, requires_grad=True)
    mask = torch.arange(7) < torch.tensor([[2], [3], [5], [6], [7]])
    seen = raw.exp()  # Φ(0) in the padding is not zero either
    given = seen.detach().clone()
    right = reference(given, mask)
    found = answer(seen, mask.clone())
    if not isinstance(found, Tensor):
        raise Wrong(f"this returns a {type(found).__name__}: a network needs a tensor")
    real = mask.unsqueeze(-1)
    mistakes = (
        (given.sum(1), "the empty slots are counted, too: the result depends on the length of the "
         "padding. Multiply by the mask first"),
        (right / mask.sum(1, keepdim=True), "this is the mean: it loses the number of particles, "
         "which is one of the best numbers to separate top from QCD"),
        (given.mean(1), "this is a mean, and empty slots count in it"),
        (right / 7, "this divides by the number of slots: it depends on the padding"),
        (torch.where(real, given, -1e9).amax(1), "this is the maximum, not the sum"),
        ((given * ~real).sum(1), "this sums over the empty slots: the mask is True where a "
         "particle is real"),
        (given.sum(1) * mask.sum(1, keepdim=True), "the mask must be multiplied before the sum, "
         "not after it"),
        (right.sum(0), "this also sums over the jets: give one row a jet, dim=1"),
        (right.sum(1), "this also sums over the outputs of Φ: sum over the particles only, dim=1"),
        ((given * real).sum(2), "this sums over the outputs of Φ, the last axis: sum over the "
         "particles, dim=1"),
        ((given * real).sum(0), "this sums over the jets: sum over the particles, dim=1"),
        (given * real, "the empty slots are removed: now sum over the particles, dim=1"),
    )  # fmt: skip
    numbers = [(mistake.numpy(), why) for mistake, why in mistakes]
    compare(found.detach(), right.numpy(), numbers, "(N, L)", **CLOSE)
    _require_gradient(found, raw, seen, mask)
    return "the sum is the same for any order and any padding."


def _require_gradient(found: Tensor, raw: Tensor, seen: Tensor, mask: Tensor) -> None:
    """Refuse a right sum through which a network cannot learn."""
    if not found.requires_grad:
        raise Wrong(
            "the sum is right, but without a gradient Φ never learns: leave out detach, .data, "
            "numpy and no_grad"
        )
    try:
        found.sum().backward()
    except RuntimeError as error:
        raise Wrong(
            "the sum is right, but `seen` was changed in place, and the training then fails. "
            "Make a new tensor, seen * mask.unsqueeze(-1)"
        ) from error
    expected = seen.detach() * mask.unsqueeze(-1)
    if raw.grad is None or not torch.allclose(raw.grad, expected):
        raise Wrong("the sum is right, but its gradient is not: use tensor operations only")


def attention(q: np.ndarray, k: np.ndarray, bias: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """softmax_j(q_i·k_j / √d + U_ij) over real particles j, (P, P)."""
    logits = np.where(mask[None, :], q @ k.T / np.sqrt(q.shape[1]) + bias, -np.inf)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


@exercise("2.3", reference=attention)
def _(answer, reference, **context):
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    bias = rng.normal(size=(6, 6))
    mask = np.arange(6) < 4
    inner = q @ k.T
    masked = np.where(mask[None, :], inner / 2 + bias, -np.inf)
    by_column = np.exp(masked) / np.maximum(np.exp(masked).sum(0, keepdims=True), 1e-12)
    plain = _softmax(inner / 2 + bias)
    without_bias = np.where(mask[None, :], inner / 2, -np.inf)
    bias_after = _softmax(without_bias) + bias
    mistakes = (
        (plain, "empty slots get a weight: set their exponent to -∞"),
        (plain * mask, "the empty slots have no weight, but then a row no longer adds up to one: "
         "remove them before you normalise"),
        (_softmax(np.where(mask[None, :], inner / 2 + bias, 0)), "an exponent of zero gives the "
         "weight e⁰ = 1: an empty slot needs -∞"),
        (_softmax(np.where(mask[:, None], inner / 2 + bias, -1e9)), "the mask is on the rows, the "
         "particles that give: it belongs to the columns, mask[None, :]"),
        (reference(2 * q, k, bias, mask), "divide by √d: without it the softmax of wide heads is "
         "nearly a maximum and hardly learns"),
        (reference(q / 2, k, bias, mask), "this divides by d, not by √d"),
        (reference(2 * q / np.sqrt(6), k, bias, mask), "this divides by the root of the number "
         "of particles: d is the length of a query, q.shape[1]"),
        (reference(q, k, 2 * bias, mask), "the bias enters twice"),
        (reference(q, k, bias / 2, mask), "the bias is "
         "divided by √d, too: add it after the division"),
        (reference(q, k, 0 * bias, mask), "the bias of the pair is missing"),
        (bias_after, "the bias is added to the weights: add it to the exponents, before the "
         "softmax"),
        (reference(q, k, bias.T, mask), "the bias is transposed: row i holds the weights that i "
         "gives"),
        (reference(k, q, bias, mask), "queries and keys are swapped: row i holds q_i · k_j"),
        (reference(k, q, bias.T, mask), "queries and keys are swapped, and the bias is "
         "transposed: row i holds q_i · k_j + U_ij"),
        (by_column, "the columns add up to one: normalise over the particles that receive the "
         "weights, axis=1"),
        (masked, "these are the exponents: the softmax is missing"),
        (np.exp(masked), "these weights are not normalised: divide each row by its sum"),
        (np.exp(masked) / np.exp(masked).sum(), "all weights together add up to one: normalise "
         "each row, axis=1"),
    )  # fmt: skip
    right = reference(q, k, bias, mask)
    found = as_numbers(_of_arrays_or_tensors(answer, q, k, bias, mask), "weights (P, P)")
    if found.shape == right.shape:
        if np.isnan(found[mask]).any():
            raise Wrong(
                "some weights are NaN, 0/0: does a row or a column without any real particle get "
                "normalised? Mask the columns only, and normalise each row, axis=1"
            )
        # what an empty slot gives to others is never used
        found = np.where(mask[:, None], found, right)
        mistakes = [(np.where(mask[:, None], m, right), why) for m, why in mistakes]
    compare(found, right, mistakes, "weights (P, P)", **CLOSE)
    return "each row is a probability over the real particles."


def _of_arrays_or_tensors(answer: Callable, *arrays: np.ndarray) -> object:
    """The answer to arrays, or to tensors if it was written for those."""
    try:
        return answer(*(array.copy() for array in arrays))
    except (AttributeError, TypeError):
        found = answer(*(torch.from_numpy(array.copy()) for array in arrays))
        return found.detach().numpy() if isinstance(found, Tensor) else found


METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def products(p4: np.ndarray) -> np.ndarray:
    """Minkowski products (P, P) of four-vectors (P, 4)."""
    return p4 @ METRIC @ p4.T


@exercise("2.4", reference=products)
def _(answer, reference, **context):
    p4 = np.random.default_rng(0).normal(size=(5, 4))
    p4[:, 0] = np.sqrt((p4[:, 1:] ** 2).sum(1) + 1)
    right = reference(p4)
    energies = np.outer(p4[:, 0], p4[:, 0])
    momenta = p4[:, 1:] @ p4[:, 1:].T
    differences = p4[:, None] - p4[None, :]
    mistakes = (
        (p4 @ p4.T, "all signs are plus: observers in motion disagree about this number. The "
         "invariant is energy squared *minus* momentum squared"),
        (-right, "this is the sign of the other convention: here E² - p² = m² is positive"),
        (momenta, "the energy is missing: rotations do not change this number, but boosts do"),
        (energies, "the momentum is missing: subtract the product of the momenta"),
        (2 * right + 2, "this is the squared mass of the pair, (p_i + p_j)². It is invariant, "
         "too, but the exercise asks for p_i·p_j"),
        (2 - 2 * right, "this is (p_i - p_j)². It is invariant, too, but the exercise asks for "
         "p_i·p_j"),
        (np.sqrt(np.abs(2 * right + 2)), "this is the mass of the pair. It is invariant, too, but "
         "the exercise asks for p_i·p_j"),
        (2 * right, "the factor 2 belongs to the squared mass of a pair: the product has none"),
        ((differences**2).sum(-1), "this is a distance with plus signs only: observers in motion "
         "disagree about it"),
        (np.sqrt(np.abs(right)), "this is the root: give the products themselves"),
        (energies - momenta[0], "the momenta of one particle were taken for all: multiply those "
         "of every pair, p4[:, 1:] @ p4[:, 1:].T"),
        (np.diag(right), "this is only the diagonal, the squared masses: give all pairs"),
        (p4.T @ p4, "this sums over the particles: sum over the components, p4 @ metric @ p4.T"),
        (np.triu(right), "the lower half is zero: give all pairs, in both orders"),
        (p4[:, None] * p4 * np.diag(METRIC), "the products of the components are right: now sum "
         "over the components"),
    )  # fmt: skip
    compare(answer(p4.copy()), right, mistakes, "one product a pair, (P, P)", **CLOSE)
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
    of_p, of_q = _kullback_leibler(p, middle), _kullback_leibler(q, middle)
    one_term = "this is only one of the two terms: it changes if you swap before and after"
    with np.errstate(divide="ignore", invalid="ignore"):
        between = _kullback_leibler(p, q)
        raw = _without_normalisation(before, after)
    mistakes = (
        (right * np.log(2), "this is in nats, with the natural logarithm: bits need log2"),
        (right * np.log10(2), "this has the logarithm to base 10: bits need log2"),
        (2 * right, "take half of the sum: two samples without overlap are one bit apart"),
        (2 * right * np.log(2), "take half of the sum, and log2 for bits"),
        (right / 2, "this is half of it: the factor ½ enters once"),
        (of_p, one_term),
        (of_q, one_term),
        (of_p / 2, one_term),
        (of_q / 2, one_term),
        (np.sqrt(right), "this is the root, the Jensen–Shannon distance: the divergence is its "
         "square"),
        (right / 5, "this is a mean over bins: take the sum"),
        (-right, "the sign is wrong: compare p with the mean, log2(p/m)"),
        (between, "this compares p with q, the Kullback–Leibler divergence: compare both with "
         "their mean m"),
        (raw, "normalise the histograms: three times as many jets of the same shape change "
         "nothing"),
        (np.abs(p - q).sum() / 2, "this is the total variation, not the divergence"),
        (of_p - of_q, "the two terms are subtracted: take half of their sum"),
        ((of_p - of_q) / 2, "the two terms are subtracted: take half of their sum"),
    )  # fmt: skip
    found = as_numbers(answer(before.copy(), after.copy()), "one number")
    if found.shape == before.shape:
        raise Wrong("this is one number a bin: sum over the bins")
    if found.shape == () and not np.isfinite(found):
        raise Wrong(
            "empty bins give NaN or infinity: leave them out, because 0 log 0 is 0. If it is "
            "infinite although you did, compare p with the mean m, which is never empty"
        )
    compare(found, right, mistakes, "one number", rtol=1e-3)
    if not np.isclose(float(answer(3 * before, after)), right, rtol=1e-6):
        raise Wrong(
            "right here, but normalise the histograms: three times as many jets of the same shape "
            "change nothing"
        )
    if abs(float(answer(before, before))) > 1e-6:
        raise Wrong("the divergence of a histogram from itself must be zero")
    _require_no_pseudo_counts(answer, reference)
    return "0 bits for equal shapes, 1 bit for shapes without overlap."


def _without_normalisation(before: np.ndarray, after: np.ndarray) -> float:
    """The formula with counts in place of shares."""
    middle = (before + after) / 2
    return (_kullback_leibler(before, middle) + _kullback_leibler(after, middle)) / 2


def _require_no_pseudo_counts(answer: Callable, reference: Callable) -> None:
    """Refuse counts or a large number added to each bin against log 0."""
    few, others = np.array([3.0, 0, 1]), np.array([0.0, 2, 2])
    found = float(answer(few.copy(), others.copy()))
    if not np.isclose(found, reference(few, others), rtol=1e-3):
        raise Wrong(
            f"right for full histograms, but {found:.3f} instead of {reference(few, others):.3f} "
            "bits for few jets: was a number added to each bin? Leave empty bins out instead"
        )
