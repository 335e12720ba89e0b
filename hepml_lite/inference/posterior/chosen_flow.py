"""Which flow suits the problem? Several are trained, and pairs that none has seen choose.

A large flow learns fluctuations of a simple problem, a small one misses the structure of a rich
one, and the mean log density of held-out pairs tells which it is: it is the expected log posterior
of the truth, which no density can beat the exact posterior at. The ladder begins with a linear
Gaussian, whose answer is exact for linear problems.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import checked_condition, checked_table
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.exact.priors import Prior
from hepml_lite.inference.posterior import neural_posterior
from hepml_lite.inference.posterior.neural_posterior import Embedding, Posterior
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng

HELD_OUT = 0.1
FEWEST = 40  # pairs: some for each side


class Choice(NamedTuple):
    """The chosen posterior, and what the others reached.

    Attributes:
        posterior: of the flow with the smallest loss.
        name: of this flow.
        losses: minus the mean log density of the held-out pairs [nats], by name.
    """

    posterior: Posterior
    name: str
    losses: dict[str, float]


def ladder(n: int, summaries: ArrayLike) -> dict[str, Flow]:
    """A linear Gaussian, an affine flow and a flow of splines, untrained.

    Args:
        n: pairs of the training, for the size of a batch.
        summaries: (N, C), which decide how they are scaled.
    """
    steps = neural_posterior.plan_for(n)
    slow = TrainingPlan(
        epochs=steps.epochs,
        batch_size=steps.batch_size,
        learning_rate=steps.learning_rate / 2,
        patience=steps.patience,
        progress=False,
    )
    rows = checked_table("summaries", summaries)

    def flow(plan: TrainingPlan, **settings) -> Flow:
        return Flow(
            plan=plan, condition_change=neural_posterior.change_of_summaries(rows), **settings
        )

    return {
        "linear": flow(steps, n_layers=0),
        "affine": flow(slow, kind="affine"),
        "spline": flow(steps),
    }


def fit(
    theta: ArrayLike,
    x: ArrayLike,
    *,
    prior: Prior | None = None,
    embedding: Embedding | None = None,
    densities: Mapping[str, TrainedDensity] | None = None,
    held_out: float = HELD_OUT,
    rng: Seed = 0,
) -> Choice:
    """Train each density on the same pairs, and keep the best on the held-out ones.

    Args:
        theta: points (N, P) of the prior.
        x: one observation (N, D) of each; with an embedding whatever it takes.
        prior: cuts the posterior where it is zero.
        embedding: makes summaries (N, C) of data; it is trained already.
        densities: untrained, by name; None: `ladder`.
        held_out: share of the pairs that stops the trainings and chooses.
        rng: generator or seed.

    Raises:
        ValueError: fewer than forty pairs, lengths that differ, NaN, or no density.
    """
    points = checked_table("theta", theta)
    data = as_floats("x", x)
    summaries = checked_condition(data if embedding is None else embedding(data), len(points))
    if len(points) < FEWEST:
        raise ValueError(f"{len(points)} pairs: give at least {FEWEST}, a part of which chooses")
    share = checked_number("held_out", held_out, 0, 1, "()", "0.1")
    generator = checked_rng(rng)
    order = generator.permutation(len(points))
    chosen, kept = np.split(order, [max(1, round(share * len(points)))])
    if len(kept) < FEWEST // 2:
        raise ValueError(
            f"held_out={share:g} leaves {len(kept)} of {len(points)} pairs to train: lower it"
        )
    validation = (points[chosen], summaries[chosen], None)
    contenders: dict[str, TrainedDensity] = {}
    contenders.update(ladder(len(kept), summaries) if densities is None else densities)
    if not contenders:
        raise ValueError("densities is empty: give at least one density by its name")
    losses = {}
    for name, density in contenders.items():
        density.fit(points[kept], summaries[kept], validation=validation, rng=generator)
        losses[name] = -float(density.log_prob(points[chosen], summaries[chosen]).mean())
    usable = [name for name in losses if np.isfinite(losses[name])]  # NaN: it diverged
    if not usable:
        raise ValueError(f"no density has a finite loss: {losses}; lower the learning rate")
    best = min(usable, key=lambda name: losses[name])
    return Choice(Posterior(contenders[best], prior, embedding), best, losses)
