"""Iterative unfolding where everything is Gaussian: mean and width after each iteration, exactly.

The prior of the true quantity t is N(μ, v). The detector adds Gaussian noise of width e, so that
the simulation measures x = t + e·noise. The data are x ~ N(m, s² + e²), of a nature with the truth
N(m, s²). One iteration of iterative Bayes, and both steps of one iteration of OmniFold, replace
the prior by the mean of its posteriors over the data:

    p_new(t) = ∫ dx p_data(x) p(t | x),    p(t | x) = N(μ + K (x − μ), (1 − K) v),
    K = v / (v + e²).

The posterior has a mean that is linear in x and a width that does not depend on x. So p_new is
Gaussian again, with

    μ_new = μ + K (m − μ),    v_new = (1 − K) v + K² (s² + e²).

The bias falls with each iteration by 1 − K; m and s² are the fixed point. OmniFold:
arXiv:1911.09107, which proves that it converges as iterative Bayes does;
d'Agostini, NIM A 362 (1995) 487.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


class Gaussian(NamedTuple):
    """A normal distribution.

    Attributes:
        mean: in the units of the quantity.
        width: its standard deviation, in the same units.
    """

    mean: float
    width: float

    def log_density(self, values: ArrayLike) -> np.ndarray:
        """The logarithm of the density at values of any shape."""
        pull = (as_floats("values", values) - self.mean) / self.width
        return -0.5 * pull**2 - np.log(self.width) - 0.5 * np.log(2 * np.pi)


PRIOR = Gaussian(0.0, 1.0)
TRUTH = Gaussian(0.5, 0.8)


@dataclass(frozen=True)
class GaussianUnfolding:
    """A simulation, a nature and a detector, all Gaussian.

    Attributes:
        prior: the true quantity in the simulation.
        truth: the true quantity in nature.
        smearing: width e of the noise that the detector adds; 0 is a perfect detector.

    Raises:
        ValueError: a width that is not positive, or a negative smearing.

    >>> steps = GaussianUnfolding().steps(2)
    >>> [f"{step.mean:.3f} {step.width:.3f}" for step in steps]
    ['0.000 1.000', '0.333 0.917', '0.438 0.873']
    """

    prior: Gaussian = PRIOR
    truth: Gaussian = TRUTH
    smearing: float = 0.5**0.5

    def __post_init__(self) -> None:
        for name in ("prior", "truth"):
            mean, width = getattr(self, name)
            checked_number(f"mean of the {name}", mean, example="0.5")
            checked_number(f"width of the {name}", width, 0, np.inf, "()", "1.0")
        checked_number("smearing", self.smearing, 0, np.inf, "[)", "0.7")

    def steps(self, n_iterations: int) -> list[Gaussian]:
        """The unfolded distribution after 0, 1, … n_iterations; the first is the prior.

        Raises:
            ValueError: n_iterations is not a whole number from 0 on.
        """
        unfolded = [self.prior]
        for _ in range(checked_count("n_iterations", n_iterations, fewest=0)):
            unfolded.append(self.next_step(unfolded[-1]))
        return unfolded

    def next_step(self, prior: Gaussian) -> Gaussian:
        """The unfolded distribution after one iteration that starts from this prior."""
        variance = prior.width**2
        gain = variance / (variance + self.smearing**2)
        measured_variance = self.truth.width**2 + self.smearing**2
        mean = prior.mean + gain * (self.truth.mean - prior.mean)
        new_variance = (1 - gain) * variance + gain**2 * measured_variance
        return Gaussian(mean, new_variance**0.5)

    def weights(self, values: ArrayLike, n_iterations: int) -> np.ndarray:
        """Weights of simulated events with these true values: unfolded density over the prior's."""
        unfolded = self.steps(n_iterations)[-1]
        return np.exp(unfolded.log_density(values) - self.prior.log_density(values))

    def simulation(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """True and measured values of n simulated events, each (n,)."""
        return self._events(self.prior, n, rng)

    def nature(self, n: int, rng: Seed = 1) -> tuple[np.ndarray, np.ndarray]:
        """True and measured values of n events of nature, each (n,)."""
        return self._events(self.truth, n, rng)

    def _events(self, of: Gaussian, n: int, rng: Seed) -> tuple[np.ndarray, np.ndarray]:
        generator = checked_rng(rng)
        size = checked_count("n", n)
        true = generator.normal(of.mean, of.width, size)
        measured = true + self.smearing * generator.normal(size=size)
        return true, measured
