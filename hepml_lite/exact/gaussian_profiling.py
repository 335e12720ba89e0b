"""Unfolding with an unknown detector where everything is Gaussian, exactly, iteration by iteration.

Two parts of the detector measure the same true quantity t, and the second is off by an unknown θ:

    m₁ = t + e₁·noise,    m₂ = t + θ + e₂·noise.

The simulation has t ~ N(μ, v) and θ = 0, nature has t ~ N(m, s²) and another θ*. One iteration of
expectation and maximisation with the present (μ, v, θ) has the posterior of t

    mean a₀ μ + a₁ m₁ + a₂ (m₂ − θ) and variance 1/P,    P = 1/v + 1/e₁² + 1/e₂²,
    a₀ = 1/(v P),  a₁ = 1/(e₁² P),  a₂ = 1/(e₂² P),

and over the data

    μ_new = a₀ μ + a₁ m + a₂ (m + θ* − θ),
    v_new = 1/P + (a₁ + a₂)² s² + a₁² e₁² + a₂² e₂²,
    θ_new = (m + θ* − μ_new) · r,    r = 1 / (1 + e₂² / (n σ²)).

σ is the width of a constraint on θ by an earlier measurement, with the value 0, and n the number of
events; without a constraint r is one. With e₁ → ∞ only the sum of mean and θ is known. The
algorithm for unbinned events: H. Zhu et al. (Profile OmniFold), arXiv:2409.10421.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hepml_lite.exact.gaussian_recursion import PRIOR, TRUTH, Gaussian
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


class ProfiledStep(NamedTuple):
    """The answer after an iteration.

    Attributes:
        truth: the unfolded distribution.
        nuisance: θ.
    """

    truth: Gaussian
    nuisance: float


@dataclass(frozen=True)
class GaussianProfiling:
    """A simulation, a nature and a detector with an unknown shift, all Gaussian.

    Attributes:
        prior: the true quantity in the simulation.
        truth: the true quantity in nature.
        smearing: e₁ of the part that is known.
        shifted_smearing: e₂ of the part that is shifted.
        nuisance: θ* of nature; the simulation has zero.

    Raises:
        ValueError: a width or a smearing that is not positive.

    >>> steps = GaussianProfiling().steps(2)
    >>> [f"{step.truth.mean:.3f} {step.nuisance:.3f}" for step in steps]
    ['0.000 0.000', '0.500 0.300', '0.443 0.357']
    """

    prior: Gaussian = PRIOR
    truth: Gaussian = TRUTH
    smearing: float = 0.6
    shifted_smearing: float = 0.6
    nuisance: float = 0.6

    def __post_init__(self) -> None:
        widths = {
            "width of the prior": self.prior.width,
            "width of the truth": self.truth.width,
            "smearing": self.smearing,
            "shifted_smearing": self.shifted_smearing,
        }
        for name, value in widths.items():
            checked_number(name, value, 0, np.inf, "()", "0.7")
        checked_number("nuisance", self.nuisance, example="0.3")

    def steps(
        self, n_iterations: int, n_events: float = np.inf, constraint: float = np.inf
    ) -> list[ProfiledStep]:
        """Truth and nuisance after 0, 1, … n_iterations; the first are those of the simulation.

        Args:
            n_iterations: from 0 on.
            n_events: n of the data, of importance with a constraint only.
            constraint: σ; infinite: none.

        Raises:
            ValueError: n_iterations is not a whole number from 0 on.
        """
        damping = 1.0
        if np.isfinite(constraint):
            damping = 1 / (1 + self.shifted_smearing**2 / (n_events * constraint**2))
        steps = [ProfiledStep(self.prior, 0.0)]
        for _ in range(checked_count("n_iterations", n_iterations, fewest=0)):
            steps.append(self.next_step(steps[-1], damping))
        return steps

    def next_step(self, step: ProfiledStep, damping: float = 1.0) -> ProfiledStep:
        """The answer after one iteration that starts from this one."""
        variance = step.truth.width**2
        noise = self.smearing**2
        shifted_noise = self.shifted_smearing**2
        precision = 1 / variance + 1 / noise + 1 / shifted_noise
        a0 = 1 / (variance * precision)
        a1 = 1 / (noise * precision)
        a2 = 1 / (shifted_noise * precision)
        off = self.nuisance - step.nuisance
        mean = a0 * step.truth.mean + a1 * self.truth.mean + a2 * (self.truth.mean + off)
        spread = (a1 + a2) ** 2 * self.truth.width**2 + a1**2 * noise + a2**2 * shifted_noise
        nuisance = (self.truth.mean + self.nuisance - mean) * damping
        return ProfiledStep(Gaussian(mean, (1 / precision + spread) ** 0.5), nuisance)

    def simulation(
        self, n: int, nuisance: float | np.ndarray = 0.0, rng: Seed = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """True (n,) and measured (n, 2) values of simulated events, for a θ or one an event."""
        return self._events(self.prior, n, nuisance, rng)

    def nature(self, n: int, rng: Seed = 1) -> tuple[np.ndarray, np.ndarray]:
        """True (n,) and measured (n, 2) values of events of nature."""
        return self._events(self.truth, n, self.nuisance, rng)

    def _events(
        self, of: Gaussian, n: int, nuisance: float | np.ndarray, rng: Seed
    ) -> tuple[np.ndarray, np.ndarray]:
        generator = checked_rng(rng)
        true = generator.normal(of.mean, of.width, checked_count("n", n))
        first = true + self.smearing * generator.normal(size=n)
        second = true + nuisance + self.shifted_smearing * generator.normal(size=n)
        return true, np.stack([first, second], axis=1)
