"""The samples of the course: bundled, generated on this machine, or public."""

from data_fetch.samples import load

__all__ = ["load"]
