"""Sizes of the first notebook."""

SIZES: dict[str, dict[str, int | None]] = {
    "smoke": {
        "train_jets": 2_000,
        "epochs": 2,
        "most_epochs": 6,
        "batch_size": 128,
        "bootstraps": 50,
    },
    "lesson": {
        "train_jets": None,
        "epochs": 12,
        "most_epochs": 30,
        "batch_size": 128,
        "bootstraps": 200,
    },
    "paper": {
        "train_jets": None,
        "epochs": 30,
        "most_epochs": 30,
        "batch_size": 1024,
        "bootstraps": 500,
    },
}
