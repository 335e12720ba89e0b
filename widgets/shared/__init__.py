"""Shared code of all dashboards: state, style, the state in the URL, export, notebooks."""
