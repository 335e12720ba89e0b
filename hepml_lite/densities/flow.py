"""Conditional normalizing flows: densities with exact samples and exact log_prob, on top of zuko.

x is turned into noise u = f(x | condition), layer by layer, and
log p(x | condition) = log p(u) + log |det du/dx|. The noise is Gaussian, or a mixture of Gaussians.

Papers: autoregressive flows and mixtures arXiv:1705.07057 (MAF, MAF MoG), coupling flows
arXiv:1605.08803 (RealNVP), rational-quadratic splines arXiv:1906.04032.
"""

import math
from dataclasses import dataclass, field
from functools import partial

import torch
import zuko
from torch import Tensor, nn
from zuko.flows.autoregressive import MaskedAutoregressiveTransform

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.statistics.settings_checks import checked_count

KINDS = ("spline", "coupling", "affine")
WIDTH_OF_MODES = 0.5  # before training, where the noise has width one


@dataclass(kw_only=True)
class Flow(TrainedDensity):
    """A conditional normalizing flow: a linear layer, then layers of splines or of affine changes.

    The linear layer u = s (x + L x + A c + b), with L below the diagonal, is exact for a Gaussian
    whose mean is linear in the condition. It also learns from every row: a spline is the identity
    outside its box, and rows outside would teach the splines nothing.

    Attributes:
        kind: "spline", autoregressive splines, for the best density; "coupling", splines in two
            groups of features, whose samples need two passes a layer instead of D; "affine",
            autoregressive shifts and widths (MAF).
        n_layers: after the linear one.
        hidden_features: of the network in each layer.
        n_bins: of each spline.
        box: splines act on u in [-box, box], in standard deviations of x.
        n_modes: Gaussians of the noise. A single one suits a density in one piece; a smooth f
            stretches it over a gap, but cannot tear it. For separate pieces give more than there
            are, e.g. 16 and kind="affine".

    Raises:
        ValueError: another kind, or no mode.
    """

    kind: str = "spline"
    n_layers: int = 3
    hidden_features: tuple[int, ...] = (64, 64)
    n_bins: int = 16
    box: float = 5.0
    n_modes: int = 1
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=60, batch_size=1024, learning_rate=2e-2)
    )

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}: give one of {', '.join(KINDS)}")
        self.n_modes = checked_count("n_modes", self.n_modes)

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """The layers, first the linear one, and the noise that they lead to."""
        layers = _linear_layers(n_features, n_conditions)
        order = torch.arange(n_features)
        for _ in range(self.n_layers):
            order = order.flip(0)
            layers.append(self._layer(n_features, n_conditions, order))
        network = zuko.lazy.Flow(layers, self._noise(n_features, n_conditions))
        _start_as_the_identity(network)
        if self.n_modes > 1:
            _spread_modes(network.base)
        return network

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """-log p(z | c) of each row, (N,)."""
        return -self.log_density(network, z, c)

    def log_density(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """log p(z | c) of each row, (N,)."""
        return network(_context(c)).log_prob(z)

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each condition c (M, C)."""
        context = _context(c)
        if context is None:
            return network().sample((len(c),))
        return network(context).sample()

    def _noise(self, n_features: int, n_conditions: int) -> nn.Module:
        """A Gaussian of width one, or a mixture whose shares, means and widths are learned."""
        if self.n_modes == 1:
            return zuko.lazy.UnconditionalDistribution(
                zuko.distributions.DiagNormal,
                torch.zeros(n_features),
                torch.ones(n_features),
                buffer=True,
            )
        return zuko.mixtures.GMM(
            n_features,
            n_conditions,
            components=self.n_modes,
            covariance_type="diagonal",
            hidden_features=self.hidden_features,
        )

    def _layer(self, n_features: int, n_conditions: int, order: Tensor) -> nn.Module:
        """One autoregressive layer; the features come in this order (D,)."""
        if self.kind == "affine":
            univariate = zuko.transforms.MonotonicAffineTransform
            shapes: list[tuple[int, ...]] = [(), ()]  # shift and width
        else:
            univariate = partial(zuko.transforms.MonotonicRQSTransform, bound=self.box)
            shapes = [(self.n_bins,), (self.n_bins,), (self.n_bins - 1,)]
        return MaskedAutoregressiveTransform(
            n_features,
            n_conditions,
            passes=2 if self.kind == "coupling" else None,
            order=order,
            univariate=univariate,
            shapes=shapes,
            hidden_features=self.hidden_features,
        )


def _linear_layers(n_features: int, n_conditions: int) -> list[nn.Module]:
    """The shift x + L x + A c + b, then the width s of each feature."""
    widths = zuko.lazy.UnconditionalTransform(
        _element_wise_affine, torch.zeros(n_features), torch.zeros(n_features)
    )
    if n_features + n_conditions == 1:
        return [widths]  # a single feature has nothing that could shift it
    shift = MaskedAutoregressiveTransform(
        n_features,
        n_conditions,
        univariate=zuko.transforms.AdditiveTransform,
        shapes=[()],
        hidden_features=(),
    )
    return [shift, widths]


def _element_wise_affine(shift: Tensor, log_width: Tensor) -> torch.distributions.Transform:
    """X exp(log_width) + shift, with one Jacobian for a row."""
    affine = zuko.transforms.MonotonicAffineTransform(shift, log_width)
    return zuko.transforms.DependentTransform(affine, 1)


def _start_as_the_identity(network: nn.Module) -> None:
    """Set what each layer starts from to zero: no layer changes x at first.

    That is the last linear map of its network, or its own parameters where it has no inputs.

    Layers that are not needed then stay close to the identity, which fits fewer fluctuations.
    """
    for module in network.modules():
        if isinstance(module, nn.Sequential) and isinstance(module[-1], nn.Linear | zuko.nn.Linear):
            nn.init.zeros_(module[-1].weight)
            nn.init.zeros_(module[-1].bias)
        if isinstance(module, nn.ParameterList):
            for parameter in module:
                nn.init.zeros_(parameter)


def _spread_modes(mixture: zuko.mixtures.GMM) -> None:
    """Start with equal shares, random means and one width, the same at all conditions."""
    shares, means, log_widths = (torch.zeros(shape) for shape in mixture.shapes)
    nn.init.normal_(means)
    nn.init.constant_(log_widths, math.log(WIDTH_OF_MODES))
    start = [shares, means, log_widths]
    with torch.no_grad():
        if hasattr(mixture, "hyper"):
            mixture.hyper[-1].bias.copy_(torch.cat([numbers.flatten() for numbers in start]))
        else:
            for parameter, numbers in zip(mixture.phi, start, strict=True):
                parameter.copy_(numbers)


def _context(c: Tensor) -> Tensor | None:
    """The conditions as zuko wants them: None where there are none."""
    return c if c.shape[1] else None
