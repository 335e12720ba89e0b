"""Jets as clouds of particles: flow matching on sets, adversarial sets, a next-token model."""

from hepml_lite.generation.jets import adversarial_sets, clouds, matching, next_token
from hepml_lite.generation.jets.adversarial_sets import AdversarialSets
from hepml_lite.generation.jets.clouds import Cloud, cloud_of
from hepml_lite.generation.jets.matching import CloudMatching
from hepml_lite.generation.jets.next_token import NextToken

__all__ = [
    "AdversarialSets",
    "Cloud",
    "CloudMatching",
    "NextToken",
    "adversarial_sets",
    "cloud_of",
    "clouds",
    "matching",
    "next_token",
]
