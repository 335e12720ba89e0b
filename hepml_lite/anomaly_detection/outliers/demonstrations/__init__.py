"""What an outlier score does and does not do, each shown by a function with its test."""

from hepml_lite.anomaly_detection.outliers.demonstrations import (
    bottleneck,
    complexity,
    contamination,
    coordinates,
)
from hepml_lite.anomaly_detection.outliers.demonstrations.bottleneck import bottleneck_scan
from hepml_lite.anomaly_detection.outliers.demonstrations.complexity import both_directions
from hepml_lite.anomaly_detection.outliers.demonstrations.contamination import (
    contamination_scan,
    mixed,
)

__all__ = [
    "both_directions",
    "bottleneck",
    "bottleneck_scan",
    "complexity",
    "contamination",
    "contamination_scan",
    "coordinates",
    "mixed",
]
