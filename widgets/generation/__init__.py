"""The dashboard "From noise to showers"."""

from widgets.generation.dashboard import Generation

__all__ = ["Generation"]
