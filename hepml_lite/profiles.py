"""The sizes of a run, all that differs between smoke (CI), lesson (class) and paper (GPU)."""

from dataclasses import asdict, dataclass

PROFILES = ("smoke", "lesson", "paper")


@dataclass(frozen=True)
class Sizes:
    """How much a notebook reads, trains and resamples; printed at its top."""

    profile: str
    train_jets: int | None  # None: all there are
    epochs: int
    batch_size: int
    bootstraps: int

    def __str__(self) -> str:
        numbers = {key: "all" if value is None else value for key, value in asdict(self).items()}
        return "\n".join(f"{key.replace('_', ' '):>10}: {value}" for key, value in numbers.items())


SIZES = {
    "00_start_here": (
        Sizes("smoke", train_jets=2_000, epochs=2, batch_size=128, bootstraps=50),
        Sizes("lesson", train_jets=None, epochs=12, batch_size=128, bootstraps=200),
        Sizes("paper", train_jets=None, epochs=30, batch_size=1024, bootstraps=500),
    ),
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
    return next(s for s in SIZES[notebook] if s.profile == profile)
