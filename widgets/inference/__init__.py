"""The dashboard "Parameters without a likelihood"."""

from widgets.inference.dashboard import Inference

__all__ = ["Inference"]
