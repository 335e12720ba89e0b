"""Sizes of both notebooks on representations."""

SIZES: dict[str, dict[str, int | None]] = {
    "smoke": {
        "jets": 1_000,
        "labels": 500,
        "epochs": 2,
        "compared_jets": 40,
        "unlabelled_jets": 500,
        "unlabelled_epochs": 1,
        "most_labels": 300,
        "bootstraps": 50,
    },
    "lesson": {
        "jets": 10_000,
        "labels": 2_000,
        "epochs": 15,
        "compared_jets": 200,
        "unlabelled_jets": 10_000,
        "unlabelled_epochs": 10,
        "most_labels": 10_000,
        "bootstraps": 200,
    },
    "paper": {
        "jets": None,
        "labels": 20_000,
        "epochs": 30,
        "compared_jets": 500,
        "unlabelled_jets": None,
        "unlabelled_epochs": 20,
        "most_labels": 10_000,
        "bootstraps": 500,
    },
}
