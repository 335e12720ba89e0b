"""Sizes of both notebooks on generation."""

Numbers = dict[str, int | None]

TUTORIAL: dict[str, Numbers] = {
    "smoke": {
        "plane_points": 500,
        "plane_steps": 60,
        "events": 1_000,
        "judged_events": 1_000,
        "epochs": 2,
        "bridge_events": 500,
        "bridge_epochs": 1,
        "amplitude_points": 500,
        "amplitude_epochs": 2,
        "repeats": 2,
        "flow_repeats": 2,
        "members": 2,
        "member_events": 300,
        "practice_events": 500,
        "showers": 800,
        "shower_epochs": 2,
    },
    "lesson": {
        "plane_points": 5_000,
        "plane_steps": 3_000,
        "events": 20_000,
        "judged_events": 20_000,
        "epochs": 25,
        "bridge_events": 16_000,
        "bridge_epochs": 25,
        "amplitude_points": 8_000,
        "amplitude_epochs": 25,
        "repeats": 100,
        "flow_repeats": 10,
        "members": 8,
        "member_events": 2_000,
        "practice_events": 2_000,
        "showers": 18_000,
        "shower_epochs": 60,
    },
    "paper": {
        "plane_points": 50_000,
        "plane_steps": 10_000,
        "events": 200_000,
        "judged_events": 100_000,
        "epochs": 60,
        "bridge_events": 50_000,
        "bridge_epochs": 40,
        "amplitude_points": 100_000,
        "amplitude_epochs": 60,
        "repeats": 1_000,
        "flow_repeats": 100,
        "members": 30,
        "member_events": 20_000,
        "practice_events": 2_000,
        "showers": None,
        "shower_epochs": 200,
    },
}

EXPLORATION: dict[str, Numbers] = {
    "smoke": {"judged_showers": 800, "shown_showers": 400, "live_showers": 3},
    "lesson": {"judged_showers": 6_000, "shown_showers": 5_000, "live_showers": 30},
    "paper": {"judged_showers": 6_000, "shown_showers": 5_000, "live_showers": 500},
}

SIZES: dict[str, Numbers] = {
    profile: {**TUTORIAL[profile], **EXPLORATION[profile]} for profile in TUTORIAL
}
