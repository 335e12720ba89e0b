"""Changed jets: symmetry transformations, augmentations, systematic variations of the detector."""

from hepml_lite.jet_physics.variations import (
    augmentations,
    systematics,
    transformations,
)

__all__ = [
    "augmentations",
    "systematics",
    "transformations",
]
