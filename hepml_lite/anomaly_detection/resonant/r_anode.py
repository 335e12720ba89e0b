"""R-ANODE: learn the density of the signal itself, as what the background leaves.

R. Das, G. Kasieczka, D. Shih, "Residual ANODE", arXiv:2312.11629, eq. 5. In the region

    p_data(x | m) = w p_S(x | m) + (1 − w) p_B(x | m),

with p_B fixed by the sidebands. p_S and the fraction w maximise the likelihood of the data, so that
the small network need not learn the large background again.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.anomaly_detection.resonant.anode import log_density
from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.resonant.sideband_density import fit_density, usual_flow
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.protocol import DensityWithLikelihood
from hepml_lite.statistics.settings_checks import Seed, checked_rng

PLAN = TrainingPlan(epochs=15, batch_size=1024, learning_rate=3e-3, patience=None, progress=False)
VALIDATION_SHARE = 0.2
STRETCH = 10.0  # Adam moves each number by about the learning rate: w must be able to go far


class Residual(nn.Module):
    """log of w p_S + (1 − w) p_B, with a flow for p_S and log p_B given.

    Args:
        flow: for p_S(z | c).
        fraction: w at the start.
    """

    def __init__(self, flow: nn.Module, fraction: float):
        super().__init__()
        self.flow = flow
        self.position = nn.Parameter(torch.logit(torch.tensor(fraction)) / STRETCH)

    @property
    def logit(self) -> Tensor:
        """Log w / (1 - w), a scalar."""
        return STRETCH * self.position

    def forward(self, z: Tensor, c: Tensor, log_background: Tensor) -> Tensor:
        """Log density of the data (N,) in z, of rows z (N, D), c (N, 1) and log p_B (N,)."""
        of_signal = nn.functional.logsigmoid(self.logit) + self.flow(c).log_prob(z)
        of_background = nn.functional.logsigmoid(-self.logit) + log_background
        return torch.logaddexp(of_signal, of_background)


@dataclass
class RAnode:
    """log p_S(x | m) − log p_B(x | m), with p_S fitted to what p_B leaves of the data.

    Attributes:
        background: fitted to the sidebands.
        signal: settings of the flow for p_S; its plan says how it is trained.
        first_fraction: w at the start of the fit.
        n_most: events of the sidebands that the density is fitted to, at most; None: all.
        fraction: w, after `fit`.
        model: p_S and w, after `fit`.
    """

    background: DensityWithLikelihood = field(default_factory=usual_flow)
    signal: Flow = field(
        default_factory=lambda: Flow(
            kind="spline", n_layers=2, hidden_features=(32, 32), n_bins=8, plan=PLAN
        )
    )
    first_fraction: float = 0.05
    n_most: int | None = 100_000
    fraction: float = field(default=0.0, init=False)
    model: Residual | None = field(default=None, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn p_B beside the region, then p_S and w in it.

        Raises:
            ValueError: a region without events in it or beside it.
        """
        generator = checked_rng(rng)
        inside, beside = events.split(region)
        fit_density(self.background, beside, self.n_most, generator)
        self.signal.change.fit(torch.as_tensor(inside.features))
        self.signal.condition_change.fit(torch.as_tensor(inside.mass[:, None]))
        is_held_out = generator.random(len(inside)) < VALIDATION_SHARE
        seed = int(generator.integers(2**31))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            flow = self.signal.make_network(inside.features.shape[1], 1)
        self.model = Residual(flow, self.first_fraction)
        plan = self.signal.plan
        plan.train(
            self.model,
            self._tensors(inside[~is_held_out]),
            _loss,
            validation=self._tensors(inside[is_held_out]),
            seed=seed,
        )
        self.fraction = float(torch.sigmoid(self.model.logit.detach()))
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """The log ratio (N,).

        Raises:
            RuntimeError: before `fit`.
        """
        if self.model is None:
            raise RuntimeError("this search is not trained: call fit first")
        z, c, log_background = self._tensors(events)
        with torch.no_grad():
            log_signal = self.model.flow(c).log_prob(z)
        return (log_signal - log_background).double().numpy()

    def _tensors(self, events: ResonantEvents) -> tuple[Tensor, Tensor, Tensor]:
        """z (N, D), c (N, 1) and log p_B (N,), both densities in z."""
        z, log_jacobian = self.signal.change.forward(torch.as_tensor(events.features))
        c, _ = self.signal.condition_change.forward(torch.as_tensor(events.mass[:, None]))
        log_background = torch.as_tensor(log_density(self.background, events)) - log_jacobian
        return z.float(), c.float(), log_background.float()


def _loss(model: nn.Module, z: Tensor, c: Tensor, log_background: Tensor) -> Tensor:
    """Minus the mean log likelihood of the data."""
    return -model(z, c, log_background).mean()
