"""A beam that changes: alarms, thresholds that follow, and learning that goes on."""

from hepml_lite.trigger.drift import (
    continual,
    drift_alarms,
    following_threshold,
)

__all__ = [
    "continual",
    "drift_alarms",
    "following_threshold",
]
