"""The dashboard "Fill the budget"."""

from widgets.trigger.dashboard import Trigger

__all__ = ["Trigger"]
