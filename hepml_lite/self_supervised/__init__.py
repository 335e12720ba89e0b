"""Learning without labels: contrastive losses, hidden and next particles, the linear probe."""

from hepml_lite.self_supervised import (
    contrastive,
    linear_probe,
    masked_particles,
    next_token,
    tokenisation,
)

__all__ = [
    "contrastive",
    "linear_probe",
    "masked_particles",
    "next_token",
    "tokenisation",
]
