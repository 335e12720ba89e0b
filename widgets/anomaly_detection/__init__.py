"""The dashboard "Find the bump"."""

from widgets.anomaly_detection.dashboard import AnomalyDetection

__all__ = ["AnomalyDetection"]
