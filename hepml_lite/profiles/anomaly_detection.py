"""Sizes of both notebooks on anomaly detection."""

Numbers = dict[str, int | None]

TUTORIAL: dict[str, Numbers] = {
    "smoke": {
        "toy_events": 60_000,
        "jets": 1_000,
        "epochs": 3,
        "runs_without_signal": 2,
        "flow_events": 3_000,
        "toys": 1_000,
    },
    "lesson": {
        "toy_events": 600_000,
        "jets": 5_000,
        "epochs": 15,
        "runs_without_signal": 8,
        "flow_events": 60_000,
        "toys": 10_000,
    },
    "paper": {
        "toy_events": 4_000_000,
        "jets": 100_000,
        "epochs": 30,
        "runs_without_signal": 100,
        "flow_events": 400_000,
        "toys": 100_000,
    },
}

EXPLORATION: dict[str, Numbers] = {
    "smoke": {
        "live_events": 20_000,
        "shown_events": 1_000,
        "null_trainings": 3,
        "fit_toys": 6,
    },
    "lesson": {
        "live_events": 100_000,
        "shown_events": 5_000,
        "null_trainings": 15,
        "fit_toys": 60,
    },
    "paper": {
        "live_events": 200_000,
        "shown_events": 5_000,
        "null_trainings": 50,
        "fit_toys": 300,
    },
}

SIZES: dict[str, Numbers] = {
    profile: {**TUTORIAL[profile], **EXPLORATION[profile]} for profile in TUTORIAL
}
