"""Kernels: a small simulated quantum kernel and its classical twin, with a one-class machine."""

from hepml_lite.anomaly_detection.kernels import one_class, quantum_kernel
from hepml_lite.anomaly_detection.kernels.one_class import OneClassKernel
from hepml_lite.anomaly_detection.kernels.quantum_kernel import (
    QuantumKernel,
    gaussian_kernel,
    product_kernel,
)

__all__ = [
    "OneClassKernel",
    "QuantumKernel",
    "gaussian_kernel",
    "one_class",
    "product_kernel",
    "quantum_kernel",
]
