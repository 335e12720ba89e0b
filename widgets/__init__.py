"""Dashboards: in a notebook cell, served by `hepml dashboards`, or as single HTML files."""

from widgets.shared.notebook import setup, show

__all__ = ["setup", "show"]
