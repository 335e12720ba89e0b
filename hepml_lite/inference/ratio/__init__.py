"""Likelihood ratios from classifiers: for many parameters, and with what a simulator knows."""

from hepml_lite.inference.ratio import mined_gold, network, neural_ratio
from hepml_lite.inference.ratio.network import FittedRatio
from hepml_lite.inference.ratio.neural_ratio import BALANCE, fit

__all__ = ["BALANCE", "FittedRatio", "fit", "mined_gold", "network", "neural_ratio"]
