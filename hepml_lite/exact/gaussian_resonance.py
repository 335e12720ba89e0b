"""A resonance in (mass, features) where everything is Gaussian: the best search is known exactly.

The background is one Gaussian in the mass m and k features x, the signal a narrow one:

    background: m ~ N(M, W²),     x given m ~ N(c (m − m₀), 1),
    signal:     m ~ N(m₀, w²),    x ~ N(d, s²) with d = distance · (1, ..., 1) / √k.

At c = 0 the features of the background do not depend on the mass. The likelihood ratio of the
features is then a function of the squared distance from one point (of one projection if s = 1), so
that the efficiencies of every cut are known: normal and noncentral χ² distributions. The cut on the
density of the background, p_B(x) < t, is the best search for outliers, and no more than that.

The significance improvement of unit Gaussians at distance 1 and 2 is at most 1.259 and 4.40.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.stats import ncx2, norm

from hepml_lite.exact.densities import checked_rows
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

GRID = 4001  # thresholds of a curve
SMALLEST_EFFICIENCY = 1e-12  # of the background, of a curve
FAR = 12.0  # standard deviations, as the bound of an integral


class MassAndFeatures(NamedTuple):
    """Events of the model.

    Attributes:
        mass: (N,).
        features: (N, k).
        label: (N,), 1 for signal and 0 for background.
    """

    mass: np.ndarray
    features: np.ndarray
    label: np.ndarray


class Efficiencies(NamedTuple):
    """Efficiencies of a cut at many thresholds, from tight to loose, each (G,)."""

    background: np.ndarray
    signal: np.ndarray

    @property
    def improvement(self) -> np.ndarray:
        """Significance improvement ε_S / √ε_B, (G,)."""
        return self.signal / np.sqrt(self.background)


@dataclass(frozen=True)
class GaussianResonance:
    """A narrow signal above a broad background, both Gaussian.

    Attributes:
        distance: of the signal from the centre of the background, in the features.
        n_features: k.
        signal_width: s of the signal, in each feature.
        mass_slope: c, how far each feature of the background moves for a unit of mass.
        resonance: m₀, in units of mass.
        resolution: w, in units of mass.
        background_mean: M, in units of mass.
        background_width: W, in units of mass.

    Raises:
        ValueError: widths that are not positive, or no feature.
    """

    distance: float = 2.0
    n_features: int = 2
    signal_width: float = 1.0
    mass_slope: float = 0.0
    resonance: float = 3.5
    resolution: float = 0.1
    background_mean: float = 2.0
    background_width: float = 1.0

    def __post_init__(self) -> None:
        n_features = checked_count("n_features", self.n_features)
        object.__setattr__(self, "n_features", n_features)
        for name in ("signal_width", "resolution", "background_width"):
            checked_number(name, getattr(self, name), 0, np.inf, "()")
        for name in ("distance", "mass_slope", "resonance", "background_mean"):
            checked_number(name, getattr(self, name), -np.inf, np.inf, "()")

    @property
    def signal_centre(self) -> np.ndarray:
        """d, (k,)."""
        return np.full(self.n_features, self.distance / np.sqrt(self.n_features))

    def events(
        self, n_background: int, n_signal: int = 0, rng: Seed = 0, low: float | None = None
    ) -> MassAndFeatures:
        """Draw events, background first.

        Args:
            n_background: how many.
            n_signal: how many.
            rng: generator or seed.
            low: the background is drawn above this mass; None: everywhere. Above the mean of the
                background the spectrum falls.
        """
        generator = checked_rng(rng)
        lowest = 0.0 if low is None else norm.cdf(low, self.background_mean, self.background_width)
        quantile = generator.uniform(
            lowest, 1, checked_count("n_background", n_background, fewest=0)
        )
        of_background = norm.ppf(quantile, self.background_mean, self.background_width)
        n_signal = checked_count("n_signal", n_signal, fewest=0)
        of_signal = generator.normal(self.resonance, self.resolution, n_signal)
        noise = generator.normal(size=(n_background, self.n_features))
        background = self._background_centre(of_background) + noise
        noise = generator.normal(size=(n_signal, self.n_features))
        signal = self.signal_centre + self.signal_width * noise
        return MassAndFeatures(
            np.concatenate([of_background, of_signal]),
            np.concatenate([background, signal]),
            np.repeat([0, 1], [n_background, n_signal]),
        )

    def log_likelihood_ratio(self, mass: ArrayLike, features: ArrayLike) -> np.ndarray:
        """log p_S(x) / p_B(x | m) of events (N,): the best score at each mass.

        Args:
            mass: (N,).
            features: (N, k).
        """
        x, m = self._checked(mass, features)
        of_signal = norm.logpdf(x, self.signal_centre, self.signal_width).sum(1)
        return of_signal - norm.logpdf(x, self._background_centre(m)).sum(1)

    def outlier_score(self, mass: ArrayLike, features: ArrayLike) -> np.ndarray:
        """−log p_B(x | m) of events (N,): the best score that knows the background alone."""
        x, m = self._checked(mass, features)
        return -norm.logpdf(x, self._background_centre(m)).sum(1)

    def efficiencies(self) -> Efficiencies:
        """Of cuts on the likelihood ratio of the features, (4001,) each, at c = 0.

        For s = 1 it is a cut on the projection on d. Otherwise
        log p_S/p_B = (1 − 1/s²)/2 · |x − a|² + constant, with a = d / (1 − s²).
        """
        if self.signal_width == 1:
            threshold = norm.isf(self._background_efficiencies())
            return Efficiencies(norm.sf(threshold), norm.sf(threshold - self.distance))
        variance = self.signal_width**2
        centre = self.distance / (1 - variance)
        of_background = ncx2(self.n_features, centre**2)
        of_signal = ncx2(self.n_features, (self.distance - centre) ** 2 / variance)
        efficiency = self._background_efficiencies()
        if self.signal_width < 1:  # the signal is near a
            squared = of_background.ppf(efficiency)
            return Efficiencies(efficiency, of_signal.cdf(squared / variance))
        squared = of_background.isf(efficiency)
        return Efficiencies(efficiency, of_signal.sf(squared / variance))

    def outlier_efficiencies(self) -> Efficiencies:
        """Of cuts on the density of the background, (4001,) each, at c = 0: |x|² is a χ²."""
        efficiency = self._background_efficiencies()
        squared = ncx2(self.n_features, 0).isf(efficiency)
        of_signal = ncx2(self.n_features, (self.distance / self.signal_width) ** 2)
        return Efficiencies(efficiency, of_signal.sf(squared / self.signal_width**2))

    def smallest_loss(self, signal_fraction: float) -> float:
        """The cross entropy of the best classifier of data against background, at s = 1 and c = 0.

        Both samples have equal weight, and the data hold this fraction of signal. The loss without
        any knowledge is ln 2; for a small f the best one is lower by f² (e^{distance²} − 1) / 8.

        Raises:
            ValueError: a fraction outside [0, 1], or s is not 1.
        """
        fraction = checked_number("signal_fraction", signal_fraction, 0, 1)
        if self.signal_width != 1:
            raise ValueError(f"signal_width is {self.signal_width}: the loss is known for 1")

        def loss(u: float) -> float:
            background = norm.pdf(u)
            data = (1 - fraction) * background + fraction * norm.pdf(u - self.distance)
            probability = data / (data + background)
            return -(data * np.log(probability) + background * np.log1p(-probability)) / 2

        bound = FAR + abs(self.distance)
        return float(quad(loss, -bound, bound, epsabs=1e-13, epsrel=1e-12, limit=400)[0])

    def _background_centre(self, mass: np.ndarray) -> np.ndarray:
        """(N, 1), to be added to each feature."""
        return self.mass_slope * (mass - self.resonance)[:, None]

    def _checked(self, mass: ArrayLike, features: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        x = checked_rows("features", features, self.n_features)
        m = checked_finite("mass", mass, n_axes=1)
        if len(m) != len(x):
            raise ValueError(
                f"mass has {len(m)} events and features have {len(x)}: give one mass an event"
            )
        return x, m

    @staticmethod
    def _background_efficiencies() -> np.ndarray:
        return np.geomspace(SMALLEST_EFFICIENCY, 1, GRID)[:-1]
