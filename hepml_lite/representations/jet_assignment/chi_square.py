"""χ² of the masses of W and tops, with b tags: the classical assignment of jets to quarks.

χ² = Σ ((m - m₀)/σ)² over the W, the hadronic and the leptonic top, less 2 ln P(tags | assignment).
The peak m₀ and the width σ of each mass are those of right assignments in simulation. Experiments
use it, and its refinement with transfer functions (KLFitter, J. Erdmann et al., arXiv:1312.5595).
"""

from dataclasses import dataclass, replace

import numpy as np

from hepml_lite.representations.jet_assignment.candidate_numbers import masses, tags
from hepml_lite.representations.jet_assignment.top_pairs import ALL, TopPairs


@dataclass(frozen=True)
class ChiSquare:
    """Peaks and widths of the three masses, and how often a jet has a tag.

    Attributes:
        peaks: m₀ of W, hadronic and leptonic top [GeV].
        widths: σ of each [GeV].
        b_tagged: chance of a tag of a b jet; None: do not look at tags.
        other_tagged: chance of a tag of a quark of the W.
    """

    peaks: tuple[float, ...] = (80.4, 172.5, 172.5)
    widths: tuple[float, ...] = (10.0, 15.0, 20.0)
    b_tagged: float | None = None
    other_tagged: float = 0.05

    @classmethod
    def fit(cls, pairs: TopPairs) -> "ChiSquare":
        """Median, half the central 68 % and tag rates of right assignments in simulation.

        Raises:
            ValueError: fewer than ten complete events.
        """
        full = pairs[pairs.complete]
        if len(full) < 10:
            raise ValueError(f"{len(full)} complete events: give 10 or more to measure the widths")
        rows = np.arange(len(full))
        peaks, widths = [], []
        for mass in masses(full):
            low, middle, high = np.quantile(mass[rows, full.truth], (0.16, 0.5, 0.84))
            peaks.append(float(middle))
            widths.append(float(high - low) / 2)
        in_w, hadronic, leptonic = tags(full)[rows, full.truth].T
        b_tagged = float(np.mean([hadronic, leptonic]))
        return cls(tuple(peaks), tuple(widths), b_tagged, float(in_w.mean()) / 2)

    def without_tags(self) -> "ChiSquare":
        """The same masses, but blind to tags."""
        return replace(self, b_tagged=None)

    def score(self, pairs: TopPairs) -> np.ndarray:
        """-χ²/2 of all assignments (N, 180)."""
        total = np.zeros((len(pairs), len(ALL)))
        for mass, peak, width in zip(masses(pairs), self.peaks, self.widths, strict=True):
            total -= ((mass - peak) / width) ** 2 / 2
        if self.b_tagged is not None:
            total += self._log_chance_of_tags(pairs, self.b_tagged)
        return np.where(pairs.possible, total, -np.inf)

    def _log_chance_of_tags(self, pairs: TopPairs, b_tagged: float) -> np.ndarray:
        """ln P(tags | assignment) (N, 180); jets outside of it are tagged like those of the W."""
        n_b = tags(pairs)[..., 1:].sum(axis=2)
        n_all = pairs.tagged.sum(axis=1, keepdims=True)
        n_other = n_all - n_b
        size = pairs.real.sum(axis=1, keepdims=True)
        chances = np.clip([b_tagged, self.other_tagged], 1e-3, 1 - 1e-3)
        yes, no = np.log(chances), np.log1p(-chances)
        of_b = n_b * yes[0] + (2 - n_b) * no[0]
        return of_b + n_other * yes[1] + (size - 2 - n_other) * no[1]
