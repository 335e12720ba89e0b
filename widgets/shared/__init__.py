"""What all dashboards share: state, style, the state in the URL, export, display in notebooks."""
