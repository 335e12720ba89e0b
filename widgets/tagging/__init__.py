"""The dashboard "Which tagger, and at what price?"."""

from widgets.tagging.dashboard import Tagging

__all__ = ["Tagging"]
