"""Sizes of the notebooks on the trigger."""

SIZES: dict[str, dict[str, int | None]] = {
    "smoke": {
        "epochs": 3,
        "chip_epochs": 3,
        "own_bits_epochs": 1,
        "trainings": 1,
        "compared": 500,
        "test_events": None,
        "simulated": 50,
        "crossings": 2_000,
    },
    "lesson": {
        "epochs": 10,
        "chip_epochs": 10,
        "own_bits_epochs": 4,
        "trainings": 3,
        "compared": 5_000,
        "test_events": 240_000,
        "simulated": 300,
        "crossings": 20_000,
    },
    "paper": {
        "epochs": 30,
        "chip_epochs": 30,
        "own_bits_epochs": 12,
        "trainings": 10,
        "compared": 100_000,
        "test_events": None,
        "simulated": 2_000,
        "crossings": 200_000,
    },
}
