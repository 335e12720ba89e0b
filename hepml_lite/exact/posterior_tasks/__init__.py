"""Tasks of sbibm (arXiv:2101.04653) with independent draws of their exact posteriors."""

from hepml_lite.exact.posterior_tasks.bernoulli_glm import BernoulliGlm
from hepml_lite.exact.posterior_tasks.gaussians import GaussianLinear, GaussianMixture
from hepml_lite.exact.posterior_tasks.sir import Sir
from hepml_lite.exact.posterior_tasks.slcp import Slcp
from hepml_lite.exact.posterior_tasks.task import PosteriorTask
from hepml_lite.exact.posterior_tasks.two_moons import TwoMoons

TASKS: dict[str, PosteriorTask] = {
    "two_moons": TwoMoons(),
    "gaussian_linear": GaussianLinear(),
    "gaussian_mixture": GaussianMixture(),
    "sir": Sir(),
    "bernoulli_glm": BernoulliGlm(),
    "slcp": Slcp(),
}

__all__ = [
    "TASKS",
    "BernoulliGlm",
    "GaussianLinear",
    "GaussianMixture",
    "PosteriorTask",
    "Sir",
    "Slcp",
    "TwoMoons",
]
