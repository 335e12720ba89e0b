"""Unfolding by a forward model: learn p(measured | true), then fit the truth to the data.

The simulation teaches the response alone, so its prior p(true) does not enter the answer. The truth
is a density p_θ(t), fitted by the likelihood of the data,

    L(θ) = Σ_i w_i log ∫ dt p(m_i | t) p_θ(t).

A proposal q(t | m), learned from the same pairs, draws K true values t_k where the integrand is
large (importance sampling), and

    ∫ dt p(m | t) p_θ(t) ≈ 1/K Σ_k p(m | t_k) / q(t_k | m) p_θ(t_k).

The prior decides only where the proposals lie. Paper: SPINUP, arXiv:2507.15084.

The most likely truth is not regularised: a flexible density fits the noise of the data, as the
inversion of a response matrix does. Few parameters or few epochs are the regularisation.

Only events in both selections are used: fakes in the data and missed events are not corrected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.densities import Flow
from hepml_lite.densities.labelled_rows import checked_signed_weights
from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.unfolding.generated_events import GeneratedEvents
from hepml_lite.unfolding.simulated_events import SimulatedEvents, as_table

LARGEST_SEED = 2**31


@dataclass(frozen=True)
class Proposals:
    """True values that may belong to each of M measured events.

    Attributes:
        true: (K, M, D).
        log_weights: (K, M), log p(m | t) − log q(t | m).
    """

    true: np.ndarray
    log_weights: np.ndarray


@dataclass
class ForwardModel:
    """Unfolding by the likelihood of the data under a learned response (SPINUP).

    Attributes:
        make_response: makes an untrained density p(measured | true).
        make_proposal: makes an untrained density q(true | measured).
        make_truth: makes an untrained density p(true); its plan trains the fit to the data.
        n_proposals: K, draws of the proposal for each measured event.
        n_samples: draws for each measured event in the result.
        response: after `fit`.
        proposal: after `fit`.
        truth: p(true) of nature, after `unfold`; `truth.sample(n)` gives unfolded events.
    """

    make_response: Callable[[], Flow] = Flow
    make_proposal: Callable[[], Flow] = Flow
    make_truth: Callable[[], Flow] = Flow
    n_proposals: int = 32
    n_samples: int = 1
    response: Flow | None = field(default=None, init=False, repr=False)
    proposal: Flow | None = field(default=None, init=False, repr=False)
    truth: Flow | None = field(default=None, init=False, repr=False)

    def fit(
        self,
        simulation: UnfoldingPair | SimulatedEvents,
        quantities: Sequence[str] | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn the response and the proposal.

        Raises:
            ValueError: as `SimulatedEvents.from_simulation` and `Flow.fit`.
        """
        events = SimulatedEvents.from_simulation(simulation, quantities).only_matched()
        true = as_table(events.true)
        measured = as_table(events.measured)
        generator = checked_rng(rng)
        self.response = self.make_response()
        self.response.fit(measured, true, weights=events.weights, rng=generator)
        self.proposal = self.make_proposal()
        self.proposal.fit(true, measured, weights=events.weights, rng=generator)
        return self

    def unfold(
        self, measured: ArrayLike, weights: ArrayLike | None = None, *, rng: Seed = 0
    ) -> GeneratedEvents:
        """True events for each measured event (M, E), drawn from p(true | measured) of the fit.

        Raises:
            ValueError: before `fit`, or for events and weights that do not fit.
        """
        generator = checked_rng(rng)
        data = checked_table("measured", measured)
        data_weights = checked_signed_weights(weights, len(data), "data")
        n_samples = checked_count("n_samples", self.n_samples)
        proposals = self._proposals(data, generator)
        self.truth = fitted_truth(self.make_truth(), proposals, data_weights, generator)
        samples = self._posterior(proposals, self.truth, n_samples, generator)
        return GeneratedEvents(samples, data_weights, samples[:1])

    def _proposals(self, data: np.ndarray, rng: np.random.Generator) -> Proposals:
        if self.response is None or self.proposal is None:
            raise ValueError("there is no response yet: call fit(simulation) before unfold")
        count = checked_count("n_proposals", self.n_proposals, 2, "an integral needs several")
        true = self.proposal.sample(count, data, rng)
        log_weights = np.empty(true.shape[:2])
        for k, drawn in enumerate(true):
            log_response = self.response.log_prob(data, drawn)
            log_weights[k] = log_response - self.proposal.log_prob(drawn, data)
        return Proposals(true, log_weights)

    def _posterior(
        self, proposals: Proposals, truth: Flow, n_samples: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Proposals chosen by their share of the integral, (n, M, D)."""
        log_share = proposals.log_weights + np.array([truth.log_prob(t) for t in proposals.true])
        noise = rng.gumbel(size=(n_samples, *log_share.shape))
        chosen = (log_share + noise).argmax(axis=1)  # the Gumbel trick draws from the shares
        return proposals.true[chosen, np.arange(log_share.shape[1])]


def fitted_truth(
    truth: Flow, proposals: Proposals, weights: np.ndarray, rng: np.random.Generator
) -> Flow:
    """A density p(true) with the largest likelihood of the data.

    Args:
        truth: untrained, with the plan of its training.
        proposals: K for each of M measured events.
        weights: (M,) of the measured events.
        rng: of the first weights and of the training.
    """
    n_features = proposals.true.shape[2]
    truth.n_features = n_features
    truth.change.fit(torch.as_tensor(proposals.true.reshape(-1, n_features)))
    seed = int(rng.integers(LARGEST_SEED))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = truth.make_network(truth.n_z, 0)

    def loss(network: nn.Module, z: Tensor, log_weights: Tensor, weight: Tensor) -> Tensor:
        """−w log Σ_k p(m | t_k) / q(t_k | m) p_θ(t_k), the mean over events."""
        no_condition = z.new_zeros(z.shape[0] * z.shape[1], 0)
        log_p = truth.log_density(network, z.flatten(0, 1), no_condition).reshape(z.shape[:2])
        return -(weight * torch.logsumexp(log_weights + log_p, dim=1)).mean()

    data = _tensors(truth, proposals, weights)
    # nothing is held out: the data are all that there are
    truth.history = truth.plan.train(network, data, loss, seed=seed)
    truth.network = network
    return truth


def _tensors(truth: Flow, proposals: Proposals, weights: np.ndarray) -> tuple[Tensor, ...]:
    """z (M, K, D), log weights (M, K) that include the Jacobian, weights (M,)."""
    n_events, n_features = proposals.true.shape[1:]
    rows = torch.as_tensor(proposals.true).transpose(0, 1)  # (M, K, D)
    z, log_jacobian = truth.change.forward(rows.reshape(-1, n_features))
    log_weights = torch.as_tensor(proposals.log_weights.T) + log_jacobian.reshape(n_events, -1)
    relative = weights / weights.mean()
    return (
        z.reshape(n_events, -1, truth.n_z).float(),
        log_weights.float(),
        torch.as_tensor(relative, dtype=torch.float32),
    )
