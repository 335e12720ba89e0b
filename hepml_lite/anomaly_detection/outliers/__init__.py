"""Outliers: detectors that learn background alone and call strange what does not fit."""

from hepml_lite.anomaly_detection.outliers import (
    autoencoder,
    detector,
    dirichlet,
    flow_density,
    inputs,
    langevin,
    normalised,
    results,
    variational,
)
from hepml_lite.anomaly_detection.outliers.autoencoder import Autoencoder
from hepml_lite.anomaly_detection.outliers.detector import OutlierDetector
from hepml_lite.anomaly_detection.outliers.dirichlet import DirichletVAE
from hepml_lite.anomaly_detection.outliers.flow_density import DensityOutliers
from hepml_lite.anomaly_detection.outliers.normalised import Chains, NormalisedAutoencoder
from hepml_lite.anomaly_detection.outliers.variational import VariationalAutoencoder

__all__ = [
    "Autoencoder",
    "Chains",
    "DensityOutliers",
    "DirichletVAE",
    "NormalisedAutoencoder",
    "OutlierDetector",
    "VariationalAutoencoder",
    "autoencoder",
    "detector",
    "dirichlet",
    "flow_density",
    "inputs",
    "langevin",
    "normalised",
    "results",
    "variational",
]
