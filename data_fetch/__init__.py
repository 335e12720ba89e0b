"""Where the samples of the course come from: bundled, or generated on this machine."""

from .samples import load

__all__ = ["load"]
