"""load(name) reads a sample of the course from this machine, or the public one if asked to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, overload

import numpy as np

from data_fetch import files, packing, splits
from data_fetch.packing import storage
from data_fetch.public import counterparts
from hepml_lite import profiles
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.rows import Rows

BUNDLED = Path(__file__).parent / "bundled"
CARD_KEYS = {
    "classes",
    "container",
    "rows",
    "sha256",
    "title",
}  # what reading and listing a sample need

#: Samples whose rows are jets, for type checkers: `load` gives `Jets` for these names.
JetSample = Literal[
    "top_tagging",
    "top_tagging_vincia",
    "top_tagging_mpi",
    "quark_gluon",
    "jet_classes",
    "dijet_jets",
    "zjets_constituents",
]


@dataclass(frozen=True)
class Sample:
    """A sample on disk: a file `<name><suffix>` and its data card `<name>.json` in one folder."""

    name: str
    folder: Path
    suffix: ClassVar[str]

    @property
    def remedy(self) -> str:
        """What to do when the file is missing or damaged."""
        return f"make it again: hepml data generate {self.name}"

    @property
    def card_remedy(self) -> str:
        """What to do when the card is damaged."""
        return f"delete it and {self.remedy}"

    @property
    def path(self) -> Path:
        """The file with the rows."""
        return self.folder / f"{self.name}{self.suffix}"

    @property
    def card_path(self) -> Path:
        """The data card. It is written last: a sample without it is not complete."""
        return self.folder / f"{self.name}.json"

    @property
    def is_complete(self) -> bool:
        """Whether both files are there."""
        return self.path.is_file() and self.card_path.is_file()

    @property
    def card(self) -> Mapping[str, Any]:
        """Origin, cuts, generator version, seed, citation, number of rows and SHA-256.

        Raises:
            FileNotFoundError: if there is no card.
            ValueError: if it is damaged; the message names it and the remedy.
        """
        try:
            card = json.loads(self.card_path.read_text(encoding="utf-8"))
        except ValueError as broken:
            raise ValueError(
                f"the card {self.card_path} is damaged ({broken}); {self.card_remedy}"
            ) from broken
        missing = CARD_KEYS - set(card) if isinstance(card, dict) else CARD_KEYS
        if missing:
            raise ValueError(
                f"the card {self.card_path} lacks {', '.join(sorted(missing))}; {self.card_remedy}"
            )
        return card

    def __len__(self) -> int:
        return sum(self.card["rows"].values())

    def verify(self) -> None:
        """Compare the file with its card.

        Raises:
            FileNotFoundError: if it is missing.
            ValueError: if it is damaged; the message gives both hashes and the remedy.
        """
        files.require_hash(self.path, self.card["sha256"], self.remedy)


class Packed(Sample):
    """A small sample of packed integers, as bundled with the course."""

    suffix = ".npz"

    @property
    def remedy(self) -> str:
        """What to do when the file is missing or damaged."""
        return f"restore it: git restore data_fetch/bundled/{self.path.name}"

    @property
    def card_remedy(self) -> str:
        """What to do when the card is damaged."""
        return f"restore it: git restore data_fetch/bundled/{self.card_path.name}"

    def rows(self, start: int = 0, stop: int | None = None) -> Rows:
        """Rows `start` to `stop`; the whole file is verified first.

        Raises:
            FileNotFoundError: if it is missing.
            ValueError: if it is damaged.
        """
        self.verify()
        return packing.unpack(files.read_arrays(self.path), self.card, start, stop)


class Generated(Sample):
    """A sample of any size that was made on this machine."""

    suffix = ".h5"

    def rows(self, start: int = 0, stop: int | None = None) -> Rows:
        """Rows `start` to `stop`; each block that is read is checked against its own checksum.

        Raises:
            FileNotFoundError: if it is missing.
            ValueError: if it is damaged.
        """
        return storage.read(self.path, self.card, start, stop)


def bundled() -> dict[str, Packed]:
    """The samples that come with the course, by name."""
    return {path.stem: Packed(path.stem, BUNDLED) for path in sorted(BUNDLED.glob("*.json"))}


def generated(name: str) -> Generated:
    """The sample of this name that `hepml data generate` makes on this machine."""
    return Generated(name, files.data_folder() / "generated")


@overload
def load(
    name: JetSample,
    profile: str = "lesson",
    split: str | None = None,
    source: str | None = None,
    rows: slice = slice(None),
) -> Jets:
    """Rows of a sample of jets."""


@overload
def load(
    name: str,
    profile: str = "lesson",
    split: str | None = None,
    source: str | None = None,
    rows: slice = slice(None),
) -> Any:
    """Rows of any other sample, in the container that its card names."""


def load(
    name: str,
    profile: str = "lesson",
    split: str | None = None,
    source: str | None = None,
    rows: slice = slice(None),
) -> Rows:
    """Rows of a sample; only `source="public"` may use the network, and only for missing files.

    Args:
        name: a sample of the course, see `hepml data list`.
        profile: `smoke` reads the first tenth of every split of the bundled sample, `lesson` all of
            it, `paper` the large sample that `hepml data generate` made on this machine.
        split: `train`, `val` or `test` (60, 20 and 20 % unless the card gives other shares,
            fixed), or None for all of them.
        source: None for the samples above, or `public` for the papers' data set in the same
            container.
        rows: which rows of the split, such as `slice(0, 100_000)`, for samples that do not fit
            into memory. Only these rows of a generated sample are read.

    Returns:
        The container that the sample's card names: `Jets`, `Events`, `UnfoldingPair`, ...

    Raises:
        ValueError: for an unknown sample, profile, split or source, a step in `rows`, or a damaged
            file.
        FileNotFoundError: if the file is missing; the message says how to get it.
        ConnectionError: if a public file could not be fetched.
    """
    _require_known(name, profile, split, source, rows)
    if source == "public":
        return counterparts.load(name, split, rows)
    sample = generated(name) if profile == "paper" else bundled()[name]
    if not sample.is_complete:
        raise FileNotFoundError(_how_to_get(sample, profile))
    edges = splits.of_card(sample.card)
    if profile == "smoke":
        return _some(sample, splits.beginnings(len(sample), split, edges)[rows])
    start, stop = splits.bounds(len(sample), split, edges)
    first, last, _ = rows.indices(stop - start)
    return sample.rows(start + first, start + max(first, last))


def _some(sample: Packed | Generated, wanted: np.ndarray) -> Rows:
    """Rows at rising positions (N,); those before the first and after the last are not unpacked."""
    if not len(wanted):
        return sample.rows(0, 0)
    first = int(wanted[0])
    return sample.rows(first, int(wanted[-1]) + 1)[wanted - first]


def _require_known(
    name: str, profile: str, split: str | None, source: str | None, rows: slice
) -> None:
    profiles.require(profile)
    if not isinstance(name, str) or name not in bundled():
        raise ValueError(f"unknown sample {name!r}; choose one of: {', '.join(bundled())}")
    splits.require(split)
    if source not in (None, "public"):
        raise ValueError(f"unknown source {source!r}; choose 'public', or None for this machine's")
    if not isinstance(rows, slice) or rows.step not in (None, 1) or not _is_whole(rows):
        raise ValueError(
            f"rows {rows}: only slices without a step are read, such as slice(0, 1000)"
        )


def _is_whole(rows: slice) -> bool:
    """Whether the ends of a slice are whole numbers or left out."""
    return all(end is None or hasattr(end, "__index__") for end in (rows.start, rows.stop))


def _how_to_get(sample: Sample, profile: str) -> str:
    if profile != "paper":
        return f"{sample.path} is missing; {sample.remedy}"
    return (
        f"profile 'paper' reads {sample.path}, which is not there; make it with "
        f"`hepml data generate {sample.name} --events 1000000 --workers 8`, read the "
        "papers' data set with source='public', or use profile 'lesson'"
    )
