"""The sizes of a run. Only these differ between smoke (CI), lesson (class) and paper (GPU)."""

from collections.abc import Mapping
from dataclasses import dataclass

from hepml_lite.profiles import (
    anomaly_detection,
    generation,
    inference,
    representations,
    start_here,
    tagging,
    trigger,
    unfolding,
)

PROFILES = ("smoke", "lesson", "paper")


@dataclass(frozen=True)
class Sizes:
    """How much a notebook reads, trains and resamples. None means all of it.

    The notebook prints these numbers at its top.
    """

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
    "00_start_here": start_here.SIZES,
    "01_representations": representations.SIZES,
    "02_tagging": tagging.SIZES,
    "03_generation": generation.SIZES,
    "04_unfolding": unfolding.SIZES,
    "06_inference": inference.SIZES,
    "05_anomaly_detection": anomaly_detection.SIZES,
    "07_trigger": trigger.SIZES,
}


def require(profile: str) -> str:
    """The profile itself, after a check that it exists.

    Raises:
        ValueError: if there is no such profile; the message lists those that exist.
    """
    if not isinstance(profile, str) or profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; choose one of: {', '.join(PROFILES)}")
    return profile


def sizes(notebook: str, profile: str) -> Sizes:
    """The sizes of one notebook in one profile.

    Args:
        notebook: name of its file without the ending, such as "02_tagging".
        profile: one of `PROFILES`.

    Raises:
        ValueError: for an unknown profile, or a notebook without sizes.
    """
    require(profile)
    if notebook not in SIZES:
        raise ValueError(f"no sizes for notebook {notebook!r}; there are: {', '.join(SIZES)}")
    return Sizes(profile, SIZES[notebook][profile])
