"""The sizes of a run, all that differs between smoke (CI), lesson (class) and paper (GPU)."""

from collections.abc import Mapping
from dataclasses import dataclass

from hepml_lite.profiles import representations, start_here, tagging

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
    "00_start_here": start_here.SIZES,
    "01_representations": representations.SIZES,
    "02_tagging": tagging.SIZES,
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
