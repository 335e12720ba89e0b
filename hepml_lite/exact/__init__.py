"""Models with a known answer, against which a method is measured."""

from hepml_lite.exact import gaussian_recursion
from hepml_lite.exact.gaussian_recursion import Gaussian, GaussianUnfolding

__all__ = ["Gaussian", "GaussianUnfolding", "gaussian_recursion"]
