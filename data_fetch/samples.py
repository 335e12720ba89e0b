"""load(name): the samples of the course, from this machine unless the public ones are asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hepml_lite import profiles
from hepml_lite.jets import Jets

from . import files, layouts, packing, public

BUNDLED = Path(__file__).parent / "bundled"
SPLITS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}
SMOKE_SHARE = 0.1  # of each split, its first jets
PUBLIC = {  # a sample's public counterpart, and the file of each split
    "top_tagging": ("top_landscape", {split: f"{split}.h5" for split in SPLITS}),
}


@dataclass(frozen=True)
class Sample:
    """A packed sample on disk: `<name>.npz` and its data card `<name>.json` in one folder."""

    name: str
    folder: Path
    remedy: str  # what to do when the file is missing or damaged

    @property
    def path(self) -> Path:
        """The packed jets."""
        return self.folder / f"{self.name}.npz"

    @property
    def card_path(self) -> Path:
        """The data card; written last, so that a sample without it is not complete."""
        return self.folder / f"{self.name}.json"

    @property
    def is_complete(self) -> bool:
        """Whether both files are there."""
        return self.path.is_file() and self.card_path.is_file()

    @cached_property
    def card(self) -> Mapping[str, Any]:
        """Origin, cuts, generator version, seed, citation, number of jets and SHA-256."""
        return json.loads(self.card_path.read_text())

    def verify(self) -> None:
        """Compare the file with its card.

        Raises:
            FileNotFoundError: if it is missing.
            ValueError: if it is damaged; the message gives both hashes and the remedy.
        """
        files.require_hash(self.path, self.card["sha256"], self.remedy)

    def jets(self) -> Jets:
        """All jets, verified."""
        self.verify()
        names, arrays = tuple(self.card["classes"]), files.read_arrays(self.path)
        return packing.unpack(arrays, names=names, card=self.card)


def bundled() -> dict[str, Sample]:
    """The samples that come with the course, by name."""
    return {
        path.stem: Sample(
            path.stem, BUNDLED, f"restore it: git restore data_fetch/bundled/{path.stem}.npz"
        )
        for path in sorted(BUNDLED.glob("*.json"))
    }


def generated(name: str) -> Sample:
    """The place of a sample made on this machine with `hepml data generate`."""
    remedy = f"make it again: hepml data generate {name}"
    return Sample(name, files.data_folder() / "generated", remedy)


def load(
    name: str, profile: str = "lesson", split: str | None = None, source: str | None = None
) -> Jets:
    """Jets of a sample; only `source="public"` may use the network, and only for missing files.

    Args:
        name: a sample of the course, see `hepml data list`.
        profile: `smoke` reads the first tenth of every split of the bundled sample, `lesson` all of
            it, `paper` the large sample that `hepml data generate` made on this machine.
        split: `train`, `val` or `test` (60, 20 and 20 %, fixed), or None for all of them.
        source: None for the above, or `public` for the papers' data set in the same form.

    Raises:
        ValueError: for an unknown sample, profile, split or source, or a damaged file.
        FileNotFoundError: if the file is missing; the message says how to get it.
        ConnectionError: if a public file could not be fetched.
    """
    profiles.require(profile)
    if name not in bundled():
        raise ValueError(f"unknown sample {name!r}; choose one of: {', '.join(bundled())}")
    if split is not None and split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; choose one of: {', '.join(SPLITS)}, or None")
    if source not in (None, "public"):
        raise ValueError(f"unknown source {source!r}; choose 'public', or None for this machine's")
    if source == "public":
        return _public(name, split)
    sample = generated(name) if profile == "paper" else bundled()[name]
    if not sample.is_complete:
        raise FileNotFoundError(_how_to_get(sample, profile))
    jets = sample.jets()
    share = SMOKE_SHARE if profile == "smoke" else 1.0
    if split is None and share == 1:
        return jets
    chosen = [split] if split else list(SPLITS)
    return jets[np.concatenate([_positions(len(jets), *SPLITS[s], share) for s in chosen])]


def _public(name: str, split: str | None) -> Jets:
    if name not in PUBLIC:
        raise ValueError(f"{name!r} has no public counterpart; choose one of: {', '.join(PUBLIC)}")
    published, parts = PUBLIC[name]
    entry = public.dataset(published)
    paths = public.fetch(published, [parts[s] for s in ([split] if split else parts)])
    jets = Jets.concatenate([layouts.read(entry.layout, path) for path in paths])
    card = {key: getattr(entry, key) for key in ("title", "page", "licence", "citation", "notes")}
    return replace(jets, card=card)


def _how_to_get(sample: Sample, profile: str) -> str:
    if profile != "paper":
        return f"{sample.path} is missing; {sample.remedy}"
    return (
        f"profile 'paper' reads {sample.path}, which is not there; make it with "
        f"`hepml data generate {sample.name} --events 1000000 --workers 8`, or use profile 'lesson'"
    )


def _positions(n: int, low: float, high: float, share: float) -> np.ndarray:
    first, last = round(low * n), round(high * n)
    return np.arange(first, first + round(share * (last - first)))
