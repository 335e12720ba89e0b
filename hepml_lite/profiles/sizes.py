"""The sizes of a run, all that differs between smoke (CI), lesson (class) and paper (GPU)."""

from collections.abc import Mapping
from dataclasses import dataclass

PROFILES = ("smoke", "lesson", "paper")


@dataclass(frozen=True)
class Sizes:
    """How much a notebook reads, trains and resamples; printed at its top. None: all there is."""

    profile: str
    numbers: Mapping[str, int | None]

    def __getattr__(self, name: str) -> int | None:
        if name.startswith("__") or name not in self.numbers:
            raise AttributeError(f"no size {name!r}; there are: {', '.join(self.numbers)}")
        return self.numbers[name]

    def __str__(self) -> str:
        shown = {"profile": self.profile, **self.numbers}
        width = max(map(len, shown))
        return "\n".join(
            f"{key.replace('_', ' '):>{width}}: {'all' if value is None else value}"
            for key, value in shown.items()
        )


SIZES: Mapping[str, Mapping[str, Mapping[str, int | None]]] = {
    "00_start_here": {
        "smoke": {"train_jets": 2_000, "epochs": 2, "batch_size": 128, "bootstraps": 50},
        "lesson": {"train_jets": None, "epochs": 12, "batch_size": 128, "bootstraps": 200},
        "paper": {"train_jets": None, "epochs": 30, "batch_size": 1024, "bootstraps": 500},
    },
    "01_representations": {
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
    },
    "02_tagging": {
        "smoke": {
            "train_jets": 500,
            "epochs": 1,
            "batch_size": 64,
            "boosted_jets": 100,
            "varied_jets": 1_000,
            "steps": 20,
            "labelled_jets": 400,
            "formula_jets": 300,
            "generations": 2,
            "bootstraps": 10,
        },
        "lesson": {
            "train_jets": 6_000,
            "epochs": 5,
            "batch_size": 64,
            "boosted_jets": 500,
            "varied_jets": 4_000,
            "steps": 350,
            "labelled_jets": 4_000,
            "formula_jets": 3_000,
            "generations": 15,
            "bootstraps": 100,
        },
        "paper": {
            "train_jets": None,
            "epochs": 20,
            "batch_size": 512,
            "boosted_jets": 2_000,
            "varied_jets": None,
            "steps": 1_600,
            "labelled_jets": 20_000,
            "formula_jets": 10_000,
            "generations": 60,
            "bootstraps": 200,
        },
    },
}


def require(profile: str) -> str:
    """The profile itself, if there is one of that name.

    Raises:
        ValueError: naming the profiles that exist.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; choose one of: {', '.join(PROFILES)}")
    return profile


def sizes(notebook: str, profile: str) -> Sizes:
    """Sizes of a notebook, named by its file without ending.

    Raises:
        ValueError: for an unknown profile, or a notebook without sizes.
    """
    require(profile)
    if notebook not in SIZES:
        raise ValueError(f"no sizes for notebook {notebook!r}; there are: {', '.join(SIZES)}")
    return Sizes(profile, SIZES[notebook][profile])
