"""Laplace approximation of the last layer: error bars for a trained network.

D. MacKay, "The Evidence Framework Applied to Classification Networks", Neural Computation 4 (1992)
720; E. Daxberger et al., "Laplace Redux", arXiv:2106.14806. All layers but the last linear one are
fixed. The posterior of its weights is a Gaussian; the curvature of the loss gives its width.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import log_softmax, softmax
from torch import Tensor, nn

from hepml_lite.training import predict

Arrays = Sequence[np.ndarray | Tensor]
PRECISION_RANGE = (1e-6, 1e6)  # of the search for the prior precision


def last_linear(model: nn.Module) -> nn.Linear:
    """The linear layer registered last, which gives the logits in `hepml_lite.networks`.

    Raises:
        ValueError: the network has no linear layer.
    """
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise ValueError(
            f"{type(model).__name__} has no nn.Linear: give a network that ends in one."
        )
    return layers[-1]


def last_layer_features(
    model: nn.Module, inputs: Arrays, batch_size: int = 256, device: str | torch.device = "auto"
) -> np.ndarray:
    """Inputs φ(x) of the last linear layer, (N, D), one row for each jet in the same order.

    Raises:
        ValueError: the network does not end with that layer, or as `predict`.
    """
    layer = last_linear(model)
    few = [x[:4] for x in inputs]
    logits = predict(model, few, device=device)
    # The hook returns features as logits: a network that sorts its jets restores their order.
    handle = layer.register_forward_hook(lambda layer, inputs, output: inputs[0])
    try:
        # Compared in batches of the same size: another one rounds differently, and where two
        # particles are almost equally near a graph network may then choose the other neighbour.
        few_features = predict(model, few, device=device)
        features = predict(model, inputs, batch_size, device)
    finally:
        handle.remove()
    again = few_features @ layer.weight.detach().cpu().numpy().T if features.ndim == 2 else None
    if again is not None and layer.bias is not None:
        again = again + layer.bias.detach().cpu().numpy()
    if again is None or again.shape != logits.shape or not np.allclose(again, logits, 1e-3, 1e-3):
        raise ValueError(
            f"{type(model).__name__} does not end with its last linear layer, {layer}: its output "
            f"{logits.shape} is not W φ + b. Leave a softmax or sigmoid to the loss."
        )
    return features


class BayesianLastLayer:
    """Gaussian posterior of the last layer's weights (C, D) and biases, given its inputs φ(x).

    The prior is a Gaussian of precision λ for each weight and bias. A shift of the weights of all
    classes by the same vector changes no probability; in the posterior mean this shift is zero.

    Args:
        model: a classifier whose logits (N, C), C ≥ 2, come from its last nn.Linear; unchanged.
        prior_precision: λ; None: that of largest marginal likelihood (MacKay's fixed point).
        refit: True: find the most probable weights for this prior, as the derivation assumes.
            False: keep the weights of the network, so that its predicted classes do not change
            (arXiv:2106.14806).

    Attributes (after `fit`):
        weights: (C, D + 1) posterior mean, the bias last.
        covariance: (C (D + 1), C (D + 1)) of the weights, class after class.
        prior_precision: λ used.
        log_evidence: logarithm of the marginal likelihood of the labels in this approximation.
    """

    def __init__(self, model: nn.Module, prior_precision: float | None = None, refit: bool = False):
        if prior_precision is not None and not prior_precision > 0:
            raise ValueError(f"prior_precision={prior_precision}: give a positive number, or None.")
        self.model = model
        self.refit = refit
        self._given = prior_precision
        layer = last_linear(model)
        if layer.out_features < 2:
            raise ValueError("one logit: give a network with one logit for each class, 2 or more.")

    def fit(self, inputs: Arrays, labels: ArrayLike, max_steps: int = 50) -> Self:
        """Fit the posterior to the jets that the network was trained on.

        Args:
            inputs: what the model takes, e.g. (features, mask).
            labels: (N,) index of the class.
            max_steps: of the search for λ.

        Raises:
            ValueError: labels that do not fit, or as `last_layer_features`.
        """
        phi = self._phi(inputs)
        y = np.asarray(labels)
        layer = last_linear(self.model)
        classes = np.arange(layer.out_features)
        if y.shape != phi.shape[:1] or not np.isin(y, classes).all():
            raise ValueError(
                f"labels {y.shape} with values {np.unique(y)[:9]} for {len(phi)} jets: give one "
                f"for each jet, from 0 to {classes[-1]}."
            )
        y = np.eye(len(classes))[y]  # (N, C)
        w, fisher, precision = self._most_probable(phi, y, _centred_weights(layer), max_steps)
        self.weights = w
        self.prior_precision = float(precision)
        self.covariance = np.linalg.inv(fisher + precision * np.eye(len(fisher)))
        self.log_evidence = float(
            (y * log_softmax(phi @ w.T, 1)).sum()
            - 0.5 * precision * (w**2).sum()
            - 0.5 * np.linalg.slogdet(fisher / precision + np.eye(len(fisher)))[1]
        )
        return self

    def logits(self, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Mean (N, C) and covariance (N, C, C) of the logits of jets."""
        if not hasattr(self, "weights"):
            raise ValueError("no posterior yet: call fit(inputs, labels) with the training jets.")
        phi = self._phi(inputs)
        c, d = self.weights.shape
        blocks = self.covariance.reshape(c, d, c, d)
        covariance = np.empty((len(phi), c, c))
        for i, k in np.ndindex(c, c):
            covariance[:, i, k] = ((phi @ blocks[i, :, k]) * phi).sum(1)
        return phi @ self.weights.T, covariance

    def log_odds(
        self, inputs: Arrays, signal: int = 1, background: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance, (N,) each, of ln(p_signal / p_background)."""
        mean, covariance = self.logits(inputs)
        return mean[:, signal] - mean[:, background], _variance(covariance, signal, background)

    def predict_probability(self, inputs: Arrays, n_samples: int = 0, seed: int = 0) -> np.ndarray:
        """Probabilities (N, C), averaged over the posterior: a large error moves them towards 1/C.

        Far away in a direction of φ without training jets, two classes have 1/2 each. In a
        direction in which training jets vary, z and its error grow together, and p tends to
        sigmoid(z / sqrt(π v / 8)), which is below 1 but may be close to it.

        n_samples = 0 uses a closed form, p_c ~ 1 / (1 + Σ_k exp[-κ(v_ck) z_ck]) with log-odds z_ck
        of variance v_ck and κ(v) = (1 + π v / 8)^(-1/2). For two classes it is MacKay's formula,
        for more its normalised extension in arXiv:2006.07584 (mf2). Otherwise the result is the
        mean softmax of n_samples draws of the logits of each jet.
        """
        mean, covariance = self.logits(inputs)
        if n_samples:
            return _sampled(mean, covariance, n_samples, np.random.default_rng(seed))
        classes = range(mean.shape[1])
        odds = np.zeros_like(mean)  # Σ_k exp(-κ z); the term k = c is the 1
        for c in classes:
            for k in classes:
                v = _variance(covariance, c, k)
                z = (mean[:, k] - mean[:, c]) / np.sqrt(1 + np.pi * v / 8)
                odds[:, c] += np.exp(z.clip(max=500))
        p = 1 / odds
        return p / p.sum(1, keepdims=True)

    def _most_probable(
        self, phi: np.ndarray, y: np.ndarray, w: np.ndarray, max_steps: int
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Weights, their Fisher information and the prior precision, consistent with each other."""
        precision = self._given or 1.0
        for step in range(max_steps):
            if self.refit or step == 0:
                w = _mode(phi, y, w, precision) if self.refit else w
                fisher = fisher_information(phi, softmax(phi @ w.T, 1))
                eigenvalues = np.linalg.eigvalsh(fisher).clip(min=0)
            # γ: number of weights set by the data (MacKay 1992); at the maximum λ = γ / |w|²
            gamma = (eigenvalues / (eigenvalues + precision)).sum()
            best = np.clip(gamma / max((w**2).sum(), 1e-12), *PRECISION_RANGE)
            if self._given or abs(np.log(best / precision)) < 1e-3:
                break
            precision = best
        return w, fisher, precision

    def _phi(self, inputs: Arrays) -> np.ndarray:
        phi = last_layer_features(self.model, inputs).astype(float)
        constant = last_linear(self.model).bias is not None
        return np.hstack([phi, np.full((len(phi), 1), float(constant))])  # (N, D + 1)


def fisher_information(phi: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Σ_n (diag p_n - p_n p_nᵀ) ⊗ φ_n φ_nᵀ of a softmax layer, (C D, C D).

    It is the Hessian of the cross entropy in the weights (D columns φ, class after class), and the
    generalised Gauss-Newton matrix: for a linear layer the two are the same.
    """
    n_classes = p.shape[1]
    d = phi.shape[1]
    fisher = np.empty((n_classes, d, n_classes, d))
    for c, k in np.ndindex(n_classes, n_classes):
        curvature = p[:, c] * ((c == k) - p[:, k])  # (N,)
        fisher[c, :, k] = (phi * curvature[:, None]).T @ phi
    return fisher.reshape(n_classes * d, n_classes * d)


def _centred_weights(layer: nn.Linear) -> np.ndarray:
    """Weights (C, D + 1), the bias last, without the mean over the classes."""
    weight = layer.weight.detach().cpu().double().numpy()
    bias = np.zeros(len(weight)) if layer.bias is None else layer.bias.detach().cpu().numpy()
    w = np.hstack([weight, bias[:, None]])
    return w - w.mean(0)


def _mode(phi: np.ndarray, y: np.ndarray, w: np.ndarray, precision: float) -> np.ndarray:
    """Most probable weights, by Newton's method; the loss is convex."""

    def loss(w: np.ndarray) -> float:
        return 0.5 * precision * (w**2).sum() - (y * log_softmax(phi @ w.T, 1)).sum()

    for _ in range(100):
        p = softmax(phi @ w.T, 1)
        gradient = ((p - y).T @ phi + precision * w).ravel()
        hessian = fisher_information(phi, p) + precision * np.eye(len(gradient))
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        slope = gradient @ step
        if slope < 1e-9:
            break
        while loss(w - size * step.reshape(w.shape)) > loss(w) - 1e-4 * size * slope:
            size /= 2  # far from the minimum a full step may overshoot
            if size < 1e-9:
                return w
        w = w - size * step.reshape(w.shape)
    return w


def _variance(covariance: np.ndarray, c: int, k: int) -> np.ndarray:
    """Variance (N,) of the difference of logits c and k."""
    return covariance[:, c, c] + covariance[:, k, k] - 2 * covariance[:, c, k]


def _sampled(
    mean: np.ndarray, covariance: np.ndarray, n_samples: int, rng: np.random.Generator
) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values.clip(min=0))[:, None]  # (N, C, C)
    total = np.zeros_like(mean)
    for _ in range(n_samples):
        noise = rng.normal(size=(*mean.shape, 1))
        total += softmax(mean + (root @ noise)[..., 0], 1)
    return total / n_samples
