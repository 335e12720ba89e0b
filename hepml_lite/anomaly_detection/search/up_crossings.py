"""The look-elsewhere effect without many toys: how often does a scan cross a low level upwards?

E. Gross, O. Vitells, "Trial factors for the look elsewhere effect in high energy physics",
arXiv:1005.1891, eqs. 2 and 3. With q = Z² of a scan over the mass,

    p_global(c) = P(χ²₁ > c) / 2 + ⟨N(c₀)⟩ exp(−(c − c₀) / 2),

where ⟨N(c₀)⟩ is the mean number of up-crossings of a low level c₀ without signal, which a few dozen
toys give. The half counts excesses only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from hepml_lite.anomaly_detection.search.bump_hunt import BackgroundFit
from hepml_lite.anomaly_detection.search.windows import Scan, Windows
from hepml_lite.statistics.data_checks import checked_finite, checked_not_negative
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

REFERENCE_LEVEL = 0.5  # c₀ in units of q = Z²


@dataclass(frozen=True)
class UpCrossings:
    """How often scans without signal cross a level upwards.

    Attributes:
        mean: of the number of crossings, with the standard error of the mean.
        level: c₀, in units of Z².
    """

    mean: Interval
    level: float

    def global_p(self, local_p: float) -> Interval:
        """The global p-value of a local one, with the error of the mean number of crossings.

        It holds for large significances; where the formula exceeds one, it is one.

        Raises:
            ValueError: a local p-value outside (0, 0.5), where the data have no excess.
        """
        checked_number("local_p", local_p, 0, 0.5, "()")
        q = float(norm.isf(local_p)) ** 2
        decay = float(np.exp(-(q - self.level) / 2))
        numbers = [min(1.0, chi2.sf(q, 1) / 2 + n * decay) for n in self.mean]
        return Interval(*(float(number) for number in numbers))


def up_crossings(
    background: ArrayLike,
    *,
    width: int,
    refit: BackgroundFit | None = None,
    n_toys: int = 100,
    level: float = REFERENCE_LEVEL,
    rng: Seed = 0,
) -> UpCrossings:
    """Count up-crossings in toys, scanned with windows of one width.

    The windows of a hunt over several widths overlap more: its global p-value is between that of
    one width and the sum over widths.

    Args:
        background: expected counts (B,).
        width: of the window in bins.
        refit: estimates the background of toys (T, B), see `bump_hunt`.
        n_toys: how many.
        level: c₀ in units of Z², low: crossings must be common.
        rng: generator or seed.

    Raises:
        ValueError: a background, a width or a level that cannot be used.
    """
    expected = checked_not_negative("background", checked_finite("background", background, 1))
    size = checked_count("width", width)
    if size >= len(expected):
        raise ValueError(f"width is {size} and the spectrum has {len(expected)} bins: give less")
    lowest = checked_number("level", level, 0, np.inf, "()", "0.5")
    n = checked_count("n_toys", n_toys, 2, "the mean needs an error")
    toys = checked_rng(rng).poisson(expected, (n, len(expected))).astype(float)
    scan = Scan(Windows(expected.shape, (size, size)))
    local_p = scan.local_p(toys, expected if refit is None else refit(toys))  # (T, windows)
    excess = np.maximum(norm.isf(local_p), 0)
    is_above = excess**2 > lowest
    crossings = (~is_above[:, :-1] & is_above[:, 1:]).sum(1) + is_above[:, 0]
    error = crossings.std(ddof=1) / np.sqrt(n)
    return UpCrossings(Interval.symmetric(float(crossings.mean()), float(error)), lowest)
