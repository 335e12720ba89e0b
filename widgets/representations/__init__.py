"""The dashboard "One jet, seven views"."""

from widgets.representations.dashboard import Representations

__all__ = ["Representations"]
