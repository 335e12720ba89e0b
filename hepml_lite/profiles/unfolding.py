"""Sizes of the tutorial on unfolding."""

SIZES: dict[str, dict[str, int | None]] = {
    "smoke": {
        "events": 3_000,
        "iterations": 4,
        "experiments": 20,
        "jets": 1_500,
        "nature_jets": 3_000,
        "jet_iterations": 2,
        "bootstraps": 20,
    },
    "lesson": {
        "events": 20_000,
        "iterations": 8,
        "experiments": 100,
        "jets": 30_000,
        "nature_jets": 60_000,
        "jet_iterations": 4,
        "bootstraps": 100,
    },
    "paper": {
        "events": 200_000,
        "iterations": 8,
        "experiments": 300,
        "jets": None,
        "nature_jets": None,
        "jet_iterations": 5,
        "bootstraps": 200,
    },
}
