"""Posteriors: a density of the parameters, a likelihood with a prior, or simulations that fit."""

from hepml_lite.inference.posterior import (
    approximate_bayes,
    chosen_flow,
    likelihood,
    neural_posterior,
    sampling,
)
from hepml_lite.inference.posterior.neural_posterior import (
    METHODS,
    Posterior,
    change_of_summaries,
    fit,
    plan_for,
)

__all__ = [
    "METHODS",
    "Posterior",
    "approximate_bayes",
    "change_of_summaries",
    "chosen_flow",
    "fit",
    "likelihood",
    "neural_posterior",
    "plan_for",
    "sampling",
]
