"""Decorrelation (DisCo): a loss that keeps the score independent of the mass of the background.

G. Kasieczka, D. Shih, "Robust Jet Classifiers through Distance Correlation", Phys. Rev. Lett. 125
(2020) 122001, arXiv:2001.05310; distance correlation is that of G. J. Székely, M. L. Rizzo,
N. K. Bakirov, Ann. Statist. 35 (2007) 2769, arXiv:0803.4101.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

SMALLEST_VARIANCE = 1e-12  # relative variance of distances below which a variable is constant


def distance_correlation(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """Distance correlation dCor in [0, 1] of samples x (N,) and y (N,), a scalar with gradients.

    Zero if and only if x and y are independent, in the limit of many examples; 1 if y = a x + b.
    As in the paper this is the plain sample value (V-statistic), not the bias-corrected one: N
    independent examples give dCor^2 of order 1/N, above zero. Time and memory grow with N^2. If
    x or y is constant it is 0, with gradient 0.

    Args:
        x: (N,) floating point, e.g. scores.
        y: (N,) e.g. masses, in any unit.
        weights: (N,) >= 0; an integer weight is worth as many copies.

    Raises:
        TypeError: x or y is no tensor of floats.
        ValueError: other shapes, fewer than 2 examples, numbers that are NaN or infinite, or
            weights that are negative or all zero.
    """
    for name, values in (("x", x), ("y", y)):
        if not isinstance(values, Tensor) or not values.is_floating_point():
            kind = values.dtype if isinstance(values, Tensor) else type(values).__name__
            raise TypeError(f"{name} is {kind}: give a tensor of floats (N,), as torch.tensor(...)")
        if not values.isfinite().all():
            wrong = int((~values.isfinite()).sum())
            raise ValueError(f"{wrong} of {values.numel()} {name} are NaN or infinite: remove them")
    squared = squared_distance_correlation(x, y, weights)
    # the root has an infinite slope at zero; there the correlation is at its minimum anyway
    return torch.where(squared > 0, squared.clamp(min=SMALLEST_VARIANCE).sqrt(), 0 * squared)


def squared_distance_correlation(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """dCor^2, the term that the paper adds to the loss; else as `distance_correlation`.

    NaN gives NaN here, so that `fit` sees that the loss is not finite.
    """
    weights = _checked_weights(x, y, weights)
    a, b = (_centred_distances(values, weights) for values in (x, y))  # (N, N) each
    pairs = weights[:, None] * weights  # (N, N), sum 1
    covariance, var_x, var_y = ((pairs * c).sum() for c in (a * b, a * a, b * b))
    if min(var_x, var_y) < SMALLEST_VARIANCE:
        return 0 * covariance
    return covariance.clamp(min=0) / (var_x * var_y).sqrt()


def disco_loss(strength: float, background: int = 0, signal: int = 1) -> Callable[..., Tensor]:
    """Cross entropy + strength * dCor^2(score, mass) over background jets, a loss for `fit`.

    The data are what the network takes, then masses [GeV] (N,), then labels (N,). The score is the
    softmax probability of `signal`. Take large batches: dCor^2 of a batch with n background jets
    has a floor of order 1/n. A large strength makes a constant score the best one: raise it slowly.

    Args:
        strength: lambda; 0 is the plain cross entropy.
        background: label of the jets that are decorrelated; in a batch with fewer than 2 none is.
        signal: column of the logits.

    Raises:
        ValueError: a negative or infinite strength.
    """
    if not 0 <= strength < math.inf:
        raise ValueError(f"strength={strength}: give lambda >= 0, as 10; 0 does not decorrelate")

    def loss(model: nn.Module, *batch: Tensor) -> Tensor:
        *inputs, mass, labels = batch
        logits = model(*inputs)  # (N, n_classes)
        entropy = nn.functional.cross_entropy(logits, labels.long())
        chosen = labels == background
        if strength == 0 or chosen.sum() < 2:
            return entropy
        score = logits[chosen].float().softmax(1)[:, signal]
        return entropy + strength * squared_distance_correlation(score, mass[chosen].float())

    return loss


def _centred_distances(values: Tensor, weights: Tensor) -> Tensor:
    """Distances |v_i - v_j| less the means of row and column, plus the mean of all, (N, N)."""
    distances = (values[:, None] - values).abs()
    # dCor does not know units, but float32 does: distances of order one lose nothing
    scale = weights @ distances.detach() @ weights
    distances = distances / scale.clamp(min=torch.finfo(values.dtype).tiny)
    means = distances @ weights  # (N,)
    return distances - means[:, None] - means + means @ weights


def _checked_weights(x: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    """Weights (N,) of sum 1."""
    weights = torch.ones_like(x) if weights is None else weights.to(x)
    if x.ndim != 1 or not x.shape == y.shape == weights.shape or len(x) < 2:
        raise ValueError(
            f"x, y and weights have shapes {[tuple(t.shape) for t in (x, y, weights)]}: give one "
            "number an example, (N,) each, and at least 2 examples"
        )
    total = weights.sum()
    if not (weights >= 0).all() or not 0 < total < math.inf:
        raise ValueError(f"weights from {weights.min():g}, sum {total:g}: give >= 0, not all 0")
    return weights / total
