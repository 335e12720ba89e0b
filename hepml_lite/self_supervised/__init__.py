"""Learning without labels: contrastive losses, masked particles, tokens, and the linear probe."""

from hepml_lite.self_supervised import (
    contrastive,
    linear_probe,
    masked_particles,
    tokenisation,
)

__all__ = [
    "contrastive",
    "linear_probe",
    "masked_particles",
    "tokenisation",
]
