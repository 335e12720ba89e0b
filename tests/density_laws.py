"""Laws of densities, one helper each: `from density_laws import assert_integrates_to_one`.

A law takes a fitted model. Models whose loss draws random numbers (flow matching, diffusion) pass
the laws of the loss within four standard errors of their mean over seeds; a loss without random
numbers must be equal.
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hepml_lite.densities import FewSteps, TrainedDensity
from hepml_lite.densities.protocol import DensityWithLikelihood
from hepml_lite.densities.rows import checked_rows
from hepml_lite.exact.densities import KnownDensity, LinearGaussian, PlaneDensity

Differentiable = Callable[[Tensor], tuple[Tensor, Tensor]]


def has_likelihood(model: TrainedDensity) -> bool:
    return type(model).log_density is not TrainedDensity.log_density


def learns_from_rows(model: TrainedDensity) -> bool:
    """A student learns from paths of its teacher, and has no loss of a row."""
    return not isinstance(model, FewSteps)


def assert_integrates_to_one(
    model: DensityWithLikelihood, known: PlaneDensity, n: int = 200, tolerance: float = 0.005
) -> None:
    """The integral over a square of twice the half width, on n x n points, is 1 within 0.5 %."""
    points, area = known.grid(n)
    total = 4 * area * np.exp(model.log_prob(2 * points)).sum()
    assert abs(total - 1) <= tolerance, f"the density integrates to {total:.4f}"


def assert_does_not_beat_the_truth(
    model: DensityWithLikelihood,
    known: KnownDensity,
    n: int = 20_000,
    largest_divergence: float = np.inf,
) -> None:
    """The mean of log q - log p on fresh events is not positive within three errors.

    The mean of log p is minus the entropy, so this is the law "mean log q <= -entropy" with the
    smaller error of a difference on the same events.
    """
    x, condition = known.events(n, rng=99)
    difference = model.log_prob(x, condition) - known.log_prob(x, condition)
    mean = difference.mean()
    error = difference.std() / np.sqrt(n)
    assert mean <= 3 * error, f"log q exceeds log p by {mean:.4f} ± {error:.4f}"
    assert -mean <= largest_divergence, f"the divergence is {-mean:.4f} ± {error:.4f}"


def assert_hardly_told_apart(
    model: DensityWithLikelihood,
    known: LinearGaussian,
    largest_accuracy: float,
    n: int = 2000,
    n_conditions: int = 5,
) -> None:
    """The best classifier of truth and samples, which compares log p and log q, is hardly right.

    No classifier two-sample test between rows of these conditions reaches a higher accuracy, but
    for its statistical error.
    """
    _, conditions = known.events(n_conditions, rng=98)
    accuracies = []
    for i, condition in enumerate(conditions):
        repeated = np.tile(condition, (n, 1))
        for x, of_truth in (
            (known.events_given(repeated, rng=i), True),
            (model.sample(n, condition, rng=i), False),
        ):
            more_likely_true = known.log_prob(x, repeated) > model.log_prob(x, condition)
            accuracies.append(np.mean(more_likely_true == of_truth))
    accuracy = np.mean(accuracies)
    assert accuracy <= largest_accuracy, f"the best classifier is right in {accuracy:.3f} of all"


def assert_finite_far_away(model: TrainedDensity) -> None:
    """At ±10 standard deviations, all rows outside any box: finite loss, gradients and log_prob."""
    z, c = _far_rows(model)
    network = _copy_of_network(model)
    z.requires_grad_()
    loss = model.loss_of_rows(network, z, c)
    assert torch.isfinite(loss).all(), "the loss is not finite"
    loss.mean().backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    for gradient in [z.grad, *gradients]:
        assert torch.isfinite(gradient).all(), "a gradient is not finite"
    if has_likelihood(model):
        x = model.change.inverse(z.detach().double()).numpy()
        condition = _original_condition(model, c)
        assert np.isfinite(model.log_prob(x, condition)).all(), "log_prob is not finite"


def assert_learns_from_every_row(model: TrainedDensity) -> None:
    """The loss of each single row, near or far away, has a gradient."""
    far_z, far_c = _far_rows(model)
    near_z = torch.randn(len(far_z), model.n_features)
    z = torch.cat([near_z, far_z])
    c = torch.cat([far_c, far_c])
    for i in range(len(z)):
        network = _copy_of_network(model)
        model.loss_of_rows(network, z, c)[i].backward()
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        assert any(g.abs().sum() > 0 for g in gradients), f"row {z[i].tolist()} teaches nothing"


def assert_samples_follow_rng(model: TrainedDensity) -> None:
    """A seed gives the same rows again, another seed others, and torch's generator stays."""
    condition = np.zeros(model.n_conditions) if model.n_conditions else None
    before = torch.random.get_rng_state()
    first = model.sample(20, condition, rng=1)
    again = model.sample(20, condition, rng=1)
    other = model.sample(20, condition, rng=2)
    assert np.array_equal(first, again), "the same seed gives other rows"
    assert not np.isin(first, other).any(), "another seed gives the same rows"
    assert torch.equal(before, torch.random.get_rng_state()), "torch's generator has moved"


def assert_order_does_not_matter(
    model: TrainedDensity, x: np.ndarray, condition: np.ndarray | None, n_seeds: int = 1
) -> None:
    """A permutation of the rows changes neither the loss nor its gradient."""
    weights = np.random.default_rng(0).exponential(size=len(x))
    order = np.random.default_rng(1).permutation(len(x))
    reordered = None if condition is None else condition[order]
    first = _losses_and_gradients(model, x, condition, weights, range(n_seeds))
    second = _losses_and_gradients(
        model, x[order], reordered, weights[order], range(n_seeds, 2 * n_seeds)
    )
    _assert_equal_means(first, second, "a permutation")


def assert_weight_two_is_the_row_twice(
    model: TrainedDensity, x: np.ndarray, condition: np.ndarray | None, n_seeds: int = 1
) -> None:
    """Half of the rows with weight 2, or twice in the sample: the same loss and gradient."""
    n_half = len(x) // 2
    weights = np.ones(len(x))
    weights[:n_half] = 2
    twice = np.concatenate([np.arange(len(x)), np.arange(n_half)])
    repeated = None if condition is None else condition[twice]
    first = _losses_and_gradients(model, x, condition, weights, range(n_seeds))
    second = _losses_and_gradients(
        model, x[twice], repeated, np.ones(len(twice)), range(n_seeds, 2 * n_seeds)
    )
    _assert_equal_means(first, second, "a row twice instead of weight 2")


def assert_weighted_is_resampled(
    make_model: Callable[[], TrainedDensity], n: int = 1500, tolerance: float = 0.15
) -> None:
    """Weights exp(x0 / 2) move a unit Gaussian by 0.5, and so does drawing rows by weight."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    weights = np.exp(x[:, 0] / 2)
    chosen = rng.choice(n, n, p=weights / weights.sum())
    weighted = make_model().fit(x, weights=weights).sample(n)
    resampled = make_model().fit(x[chosen]).sample(n)
    shift = np.abs(weighted.mean(0) - resampled.mean(0)).max()
    assert shift <= tolerance, f"the means differ by {shift:.3f}"
    expected = np.average(x, axis=0, weights=weights)
    shift = np.abs(weighted.mean(0) - expected).max()
    assert shift <= tolerance, f"the mean is {shift:.3f} from that of the weighted rows"


def assert_invertible_with_jacobian(
    forward: Differentiable, inverse: Callable[[Tensor], Tensor], x: Tensor, tolerance: float = 1e-6
) -> None:
    """inverse(forward(x)) is x, and the log-Jacobian is that of autograd; x (N, D) in float64."""
    u, log_jacobian = forward(x)
    distance = (inverse(u) - x).abs().max().item()
    assert distance <= tolerance, f"the inverse is {distance:.2g} away"
    for i in range(len(x)):
        jacobian = torch.autograd.functional.jacobian(lambda row: forward(row[None])[0][0], x[i])
        expected = torch.linalg.slogdet(jacobian).logabsdet
        difference = (log_jacobian[i] - expected).abs().item()
        assert difference <= tolerance, f"row {i}: the log-Jacobian differs by {difference:.2g}"


def _far_rows(model: TrainedDensity) -> tuple[Tensor, Tensor]:
    """z at ±10 in every feature alone, in all together, and c at 0 or ±10."""
    D = model.n_features
    z = 10 * torch.cat([torch.eye(D), -torch.eye(D), torch.ones(1, D), -torch.ones(1, D)])
    c = torch.zeros(len(z), model.n_conditions)
    c[-2:] = 10 * z[-2:, :1].sign()
    return z, c


def _original_condition(model: TrainedDensity, c: Tensor) -> np.ndarray | None:
    if not model.n_conditions:
        return None
    return model.condition_change.inverse(c.double()).numpy()


def _copy_of_network(model: TrainedDensity) -> torch.nn.Module:
    network = copy.deepcopy(model.fitted_network())
    network.zero_grad()
    return network


def _losses_and_gradients(
    model: TrainedDensity,
    x: np.ndarray,
    condition: np.ndarray | None,
    weights: np.ndarray,
    seeds: range,
) -> np.ndarray:
    """The loss of the whole sample and its gradient for each seed, (seeds, 1 + parameters)."""
    batch = model._tensors(checked_rows(x, condition, weights))
    found = []
    for seed in seeds:
        torch.manual_seed(seed)
        network = _copy_of_network(model).double()
        loss = model._weighted_loss(network, *[tensor.double() for tensor in batch])
        loss.backward()
        gradients = [p.grad.flatten() for p in network.parameters() if p.grad is not None]
        found.append(torch.cat([loss.detach()[None], *gradients]).numpy())
    return np.array(found)


def _assert_equal_means(first: np.ndarray, second: np.ndarray, what: str) -> None:
    """Means over seeds agree: chi² per number below 1.5, which is 1 for random losses."""
    difference = first.mean(0) - second.mean(0)
    if len(first) == 1:
        largest = np.abs(difference).max()
        assert largest <= 1e-6, f"{what} changed the loss or its gradient by {largest:.2g}"
        return
    variance = (first.var(0, ddof=1) + second.var(0, ddof=1)) / len(first)
    random = variance > 0
    chi2 = np.mean(difference[random] ** 2 / variance[random])
    assert chi2 <= 1.5, f"{what} changed the loss or its gradient: chi² per number {chi2:.2f}"
    assert difference[0] ** 2 <= 16 * variance[0], f"{what} changed the loss"
