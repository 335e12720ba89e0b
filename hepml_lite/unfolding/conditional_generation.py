"""Unfolding by conditional generation: p(true | measured) as a density that is sampled.

The simulation has pairs (t, m). A conditional density learns the posterior p(t | m), which contains
the simulation's prior p(t), and is sampled for each measured event. With a `densities.Flow` it is
the cINN (arXiv:2006.06685), with `densities.FlowMatching` conditional flow matching
(arXiv:2404.18807), with `unfolding.LatentDensity` flow matching of the codes of an autoencoder,
and with `unfolding.ConditionalGAN` the older FCGAN. On a linear Gaussian with 10 000 pairs, after
15 to 60 epochs and with two seeds, the posterior mean of the cINN was within 0.06 of the exact one,
whose width is 0.58.

The prior is iterated away as in iterative Bayes (arXiv:2212.08674): the simulation gets the weights
that make its truth look like the samples, and the density is learned again. The ratio of both is
that of samples for the data and samples for the simulation: what the density does not learn of an
edge or a spike is in both, and a classifier of samples against the truth would see little else.

Only events in both selections are used: fakes in the data and missed events are not corrected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.densities import ConditionalDensity, DensityRatio, Flow, fit_ratio
from hepml_lite.densities.classifiers import Model
from hepml_lite.densities.labelled_rows import checked_signed_weights
from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.unfolding.generated_events import GeneratedEvents
from hepml_lite.unfolding.simulated_events import SimulatedEvents, as_table


@dataclass
class ConditionalGeneration:
    """Unfolding by samples of p(true | measured).

    Attributes:
        make_density: makes an untrained density; each iteration trains a fresh one.
        n_iterations: trainings; 1 keeps the prior of the simulation.
        n_samples: draws for each measured event.
        model: of the classifier that reweights the prior, as in `densities.fit_ratio`.
        simulation: after `fit`.
        posterior: p(true | measured) of the last iteration, after `unfold`.
    """

    make_density: Callable[[], ConditionalDensity] = Flow
    n_iterations: int = 1
    n_samples: int = 10
    model: Model = "trees"
    simulation: SimulatedEvents | None = field(default=None, init=False, repr=False)
    posterior: ConditionalDensity | None = field(default=None, init=False, repr=False)

    def fit(
        self, simulation: UnfoldingPair | SimulatedEvents, quantities: Sequence[str] | None = None
    ) -> Self:
        """Take the simulated pairs; a training needs the data's prior, and waits for `unfold`.

        Raises:
            ValueError: as `SimulatedEvents.from_simulation`.
        """
        self.simulation = SimulatedEvents.from_simulation(simulation, quantities)
        return self

    def unfold(
        self, measured: ArrayLike, weights: ArrayLike | None = None, *, rng: Seed = 0
    ) -> GeneratedEvents:
        """True events for each measured event.

        Args:
            measured: data (M, E).
            weights: (M,).
            rng: generator or seed.

        Raises:
            ValueError: before `fit`, or for events and weights that do not fit.
        """
        events = self._fitted().only_matched()
        generator = checked_rng(rng)
        data = checked_table("measured", measured)
        data_weights = checked_signed_weights(weights, len(data), "data")
        prior = events.weights
        density = self._posterior(events, prior, generator)
        history = [density.sample(1, data, generator)[0]]
        for _ in range(checked_count("n_iterations", self.n_iterations) - 1):
            ratio = self._ratio(density, (history[-1], data_weights), (events, prior), generator)
            prior = prior * ratio.weights(events.true)
            density = self._posterior(events, prior, generator)
            history.append(density.sample(1, data, generator)[0])
        self.posterior = density
        samples = density.sample(self.n_samples, data, generator)
        return GeneratedEvents(samples, data_weights, np.array(history))

    def _fitted(self) -> SimulatedEvents:
        if self.simulation is None:
            raise ValueError("there is no simulation yet: call fit(simulation) before unfold")
        return self.simulation

    def _posterior(
        self, events: SimulatedEvents, prior: np.ndarray, rng: np.random.Generator
    ) -> ConditionalDensity:
        """p(true | measured) of the simulation with the weights of a prior (N,)."""
        density = self.make_density()
        return density.fit(as_table(events.true), as_table(events.measured), weights=prior, rng=rng)

    def _ratio(
        self,
        density: ConditionalDensity,
        unfolded: tuple[np.ndarray, np.ndarray],
        simulation: tuple[SimulatedEvents, np.ndarray],
        rng: np.random.Generator,
    ) -> DensityRatio:
        """Truth of the unfolded data over that of the simulation, both as samples of the density.

        Args:
            density: p(true | measured) of the simulation with this prior.
            unfolded: samples (M, D) for the data, and their weights (M,).
            simulation: the events, and the weights (N,) of the prior.
            rng: of the samples and of the classifier.
        """
        data, data_weights = unfolded
        events, prior = simulation
        again = density.sample(1, as_table(events.measured), rng)[0]
        return fit_ratio(data, again, weights=(data_weights, prior), model=self.model, rng=rng)
