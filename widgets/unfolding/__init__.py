"""The dashboard "Undo the detector"."""

from widgets.unfolding.dashboard import Unfolding

__all__ = ["Unfolding"]
