"""The dashboards by the name of their theme; add a new one to `DASHBOARDS`."""

from importlib import import_module

from widgets.shared.base import Dashboard

DASHBOARDS = {
    "inference": "Inference",
    "anomaly_detection": "AnomalyDetection",
    "generation": "Generation",
    "representations": "Representations",
    "start_here": "StartHere",
    "tagging": "Tagging",
    "trigger": "Trigger",
    "unfolding": "Unfolding",
}  # name of the folder in widgets/, and of the class in it


def names() -> list[str]:
    """Themes with a dashboard."""
    return list(DASHBOARDS)


def find(theme: str) -> type[Dashboard]:
    """The dashboard class of a theme; its module is imported only here.

    Raises:
        ValueError: if there is no such dashboard; the message names the dashboards.
    """
    if theme not in DASHBOARDS:
        raise ValueError(f"no dashboard {theme!r}; there are: {', '.join(names())}")
    return getattr(import_module(f"widgets.{theme}"), DASHBOARDS[theme])
