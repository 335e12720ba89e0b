"""Published significance improvements to compare with ours, each with its convention and source."""

from dataclasses import dataclass

CATHODE_SOURCE = "Hallin et al., arXiv:2109.00546, figures of its public notebook"
CATHODE_CUT = 1.838e-5  # smallest background efficiency of arXiv:2109.00546
TREES_BACKGROUND_ERROR = 0.2  # largest relative error of the background in arXiv:2309.13111


@dataclass(frozen=True)
class PublishedImprovement:
    """Maximum of the median curve of ten runs, on the R&D events of the LHC Olympics.

    Attributes:
        method: our short name of it.
        baseline: with the four features.
        correlated: with features that were made to move with the mass.
        smallest_background_efficiency: where the curve is cut.
        source: of the numbers.
    """

    method: str
    baseline: float
    correlated: float
    smallest_background_efficiency: float = CATHODE_CUT
    source: str = CATHODE_SOURCE


# 1000 signal events among a million: S/B is 0.64 % in the signal region.
LHC_OLYMPICS = (
    PublishedImprovement("supervised", 17.65, 12.73),
    PublishedImprovement("idealised", 15.08, 10.54),
    PublishedImprovement("cathode", 13.99, 10.18),
    PublishedImprovement("cwola", 10.75, 1.04),
    PublishedImprovement("anode", 6.46, 5.29),
)
