"""The dashboard "Cut or learn?" of the first notebook."""

from widgets.start_here.dashboard import StartHere

__all__ = ["StartHere"]
