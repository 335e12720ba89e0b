"""Bridges: move the rows of one sample until they are distributed as those of another.

A row at time t in [0, 1] lies between its start x_0 and its end x_1,

    x_t = (1 - t) x_0 + t x_1 + sigma sqrt(t (1 - t)) noise,

and a network learns where it ends. From a start, small steps towards the end that the network
expects, with the noise of a Brownian bridge, then draw an end.

Pairs of the same event, such as a particle level and its detector level, teach more than both
distributions: a network that also sees the start draws from p(end | start), event by event. Without
the start only the distribution of all ends comes out right (De Bortoli et al., arXiv:2311.06978).
Direct diffusion and Schroedinger bridges between jets: arXiv:2308.12351 and arXiv:2411.02495.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities.flow_matching import optimal_pairs, spread_times
from hepml_lite.densities.rows import Rows, checked_rows, conditions_of_rows, features_of_rows
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.networks.conditional_mlp import ConditionalMLP
from hepml_lite.statistics.settings_checks import Seed, checked_rng

VALIDATION_TIMES = 10  # for each row


@dataclass(kw_only=True)
class BridgeDensity(TrainedDensity):
    """p(end | start, condition) as a trained density: its condition is (start, condition).

    Attributes:
        noise: sigma, in units of the standardised features.
        sees_start: the network knows where a row started, not only where it is.
        pairing: "given" for rows of the same event; "transport" for rows without a partner, which
            are paired in each batch such that the squared distances are smallest.
        n_steps: from start to end.
        width: hidden features of the network.
        n_blocks: residual blocks of the network.
    """

    noise: float = 1.0
    sees_start: bool = True
    pairing: str = "given"
    n_steps: int = 50
    width: int = 64
    n_blocks: int = 2

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """The network of the velocity; n_conditions counts the features of the start."""
        n_seen = n_conditions if self.sees_start else n_conditions - n_features
        return ConditionalMLP(n_features, n_seen, self.width, self.n_blocks)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Squared error of the expected velocity at a random time, (N,).

        In validation it is the mean of several times: the noise of one would choose the epoch.
        """
        n_times = 1 if network.training else VALIDATION_TIMES
        losses = [self._loss_at_random_times(network, z, c) for _ in range(n_times)]
        return torch.stack(losses).mean(0)

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One end (M, D) for each start, by steps of a Brownian bridge to the expected end.

        The end that is expected after a step corrects the step (Heun): without it the noise of the
        ends is too narrow by a few per cent.
        """
        start, seen = self._start_and_seen(c)

        def expected_end(x: Tensor, t: Tensor) -> Tensor:
            return x + (1 - t) * network(x, t.expand(len(x)), seen)

        x = start
        times = 1 - (1 - torch.linspace(0, 1, self.n_steps + 1)) ** 2  # smaller towards the end
        for now, then in pairwise(times):
            share = (then - now) / (1 - now)  # of the way that is left
            spread = self.noise * (share * (1 - then)).sqrt()
            noise = spread * torch.randn_like(x)
            end = expected_end(x, now)
            ahead = x + share * (end - x) + noise
            end = (end + expected_end(ahead, then)) / 2
            x = x + share * (end - x) + noise
        return x

    def _loss_at_random_times(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        if self.pairing == "transport":
            c = self._paired_by_transport(z, c)
        start, seen = self._start_and_seen(c)
        times = spread_times(len(z), z)
        t = times.unsqueeze(1)
        noise = self.noise * torch.randn_like(z)
        x = torch.lerp(start, z, t) + (t * (1 - t)).sqrt() * noise
        # errors of the velocity (z - x) / (1 - t), times sqrt(1 - t): then all times count alike
        expected = (1 - t).sqrt() * network(x, times, seen)
        true = (1 - t).sqrt() * (z - start) - t.sqrt() * noise
        return (expected - true).square().mean(1)

    def _start_and_seen(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """The start (N, D), and what the network sees beside the row and the time."""
        start = c[:, : self.n_features]
        return start, c if self.sees_start else c[:, self.n_features :]

    def _paired_by_transport(self, z: Tensor, c: Tensor) -> Tensor:
        """Other starts for the ends z (N, D), of equal conditions and at the shortest distances."""
        start = c[:, : self.n_features]
        condition = c[:, self.n_features :]
        return torch.cat([start[optimal_pairs(start, z, condition)], condition], 1)


@dataclass
class Bridge:
    """Moves rows of a start sample to an end sample.

    Attributes:
        density: p(end | start, condition), with all settings; save and load it as other densities
            (`densities.save(bridge.density, path)`, `Bridge(densities.load(path))`).
    """

    density: BridgeDensity = field(default_factory=BridgeDensity)

    def fit(
        self,
        start: ArrayLike,
        end: ArrayLike,
        condition: ArrayLike | None = None,
        *,
        paired: bool = True,
        end_condition: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        end_weights: ArrayLike | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn the way from start to end.

        Args:
            start: (N, D).
            end: (N, D) of the same events, or (M, D) where `paired` is False.
            condition: (N, C), of the pairs or of the starts.
            paired: row i of start and row i of end belong together. Otherwise rows of equal
                conditions are drawn from both samples, and paired by optimal transport in each
                batch (arXiv:2302.00482).
            end_condition: (M, C), only without pairs: labels, equal to those of the starts.
            weights: (N,) of the pairs or of the starts.
            end_weights: (M,), only without pairs.
            rng: generator or seed.

        Raises:
            ValueError: rows, conditions or weights that cannot be fitted, other features at the
                end than at the start, or conditions of an end that no start has.
        """
        generator = checked_rng(rng)
        starts = checked_rows(start, condition, weights)
        n_features = starts.x.shape[1]
        if paired:
            _refuse_second_sample(end_condition, end_weights)
            ends = checked_rows(end, condition, weights)
            _require_pairs(starts, ends)
        else:
            ends = checked_rows(end, end_condition, end_weights)
            starts, ends = _drawn_with_equal_conditions(starts, ends, generator)
        features_of_rows(ends.x, n_features)
        self.density.pairing = "given" if paired else "transport"
        known = np.hstack([starts.x, starts.condition])
        self.density.fit(ends.x, known, weights=ends.weights, rng=generator)
        return self

    def transport(
        self, start: ArrayLike, condition: ArrayLike | None = None, rng: Seed = 0
    ) -> np.ndarray:
        """An end (N, D) for each start.

        Args:
            start: (N, D).
            condition: (N, C).
            rng: generator or seed of the noise.

        Raises:
            ValueError: other features or conditions than in the fit, NaN.
            RuntimeError: nothing has been fitted.
        """
        self.density.fitted_network()
        starts = features_of_rows(start, self.density.n_features)
        n_conditions = self.density.n_conditions - self.density.n_features
        known = np.hstack([starts, conditions_of_rows(condition, len(starts), n_conditions)])
        return self.density.sample(1, known, rng)[0]


def _require_pairs(starts: Rows, ends: Rows) -> None:
    if len(starts) != len(ends):
        raise ValueError(
            f"start has {len(starts)} rows and end has {len(ends)}: pairs need as many of both; "
            "for two samples without pairs set paired=False"
        )


def _refuse_second_sample(end_condition: ArrayLike | None, end_weights: ArrayLike | None) -> None:
    if end_condition is not None or end_weights is not None:
        raise ValueError(
            "end_condition and end_weights belong to an end sample of its own: pairs have one "
            "condition and one weight; leave them out, or set paired=False"
        )


def _drawn_with_equal_conditions(
    starts: Rows, ends: Rows, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """As many starts as ends, drawn by their weights, row by row of equal conditions."""
    n_rows = max(len(starts), len(ends))
    ends = ends[rng.choice(len(ends), n_rows, p=ends.weights / ends.weights.sum())]
    chosen = np.empty(n_rows, dtype=np.int64)
    labels, label_of_end = np.unique(ends.condition, axis=0, return_inverse=True)
    for i, label in enumerate(labels):
        places = np.flatnonzero(label_of_end.ravel() == i)
        allowed = starts.weights * (starts.condition == label).all(1)
        if allowed.sum() == 0:
            raise ValueError(
                f"no start has the condition {label} of an end: without pairs conditions are "
                "labels that both samples share; put numbers into bins first"
            )
        chosen[places] = rng.choice(len(starts), len(places), p=allowed / allowed.sum())
    drawn = Rows(ends.x, ends.condition, np.ones(n_rows))
    return Rows(starts.x[chosen], starts.condition[chosen], np.ones(n_rows)), drawn
