"""Changed jets, for three purposes, one word each.

- A *transformation* is physics: it changes `Jets` by an amount that one chooses, and asks what a
  representation notices (rotated, boosted, split).
- An *augmentation* is training: it changes the tensors of a network at random, before each step.
- A *variation* is a systematic error: a detector that differs from its simulation by a strength.
"""

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
