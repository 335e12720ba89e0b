"""The papers' data sets that correspond to the course's samples, in the same containers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from data_fetch.public import layouts, registry
from data_fetch.splits import SPLITS, require
from hepml_lite.containers.rows import Rows

READABLE = (
    ".h5",
    ".hdf5",
    ".npz",
    ".root",
    ".txt",
    ".csv",
    ".parquet",
)  # other files of a data set describe it
CYCLE = 10_000  # rows; where a file may be sorted, each block of so many is cut into splits


@dataclass(frozen=True)
class Part:
    """Files of a public data set, and the share of the rows of each that belongs to a split."""

    dataset: str
    files: Sequence[str]  # names or patterns
    share: tuple[float, float] = (0.0, 1.0)
    spread: bool = False  # True: the share of each block of `CYCLE` rows, not of the whole file

    def ranges(self, n: int) -> list[tuple[int, int]]:
        """First row, and row after the last, of each piece of the share of n rows."""
        length = CYCLE if self.spread else max(n, 1)
        bounds = [[round(edge * length) + at for edge in self.share] for at in range(0, n, length)]
        return [(low, min(high, n)) for low, high in bounds if low < n]


@dataclass(frozen=True)
class _Rows:
    """Some rows of one file."""

    layout: str
    path: Path
    ranges: Sequence[tuple[int, int]]

    @property
    def n(self) -> int:
        """How many there are."""
        return sum(high - low for low, high in self.ranges)

    def read(self, start: int, stop: int) -> list[Rows]:
        """Rows `start` to `stop` of these, in pieces; there is at least one, perhaps empty."""
        pieces, before = [], 0
        for low, high in self.ranges:
            a, b = (min(max(low + edge - before, low), high) for edge in (start, stop))
            pieces += [(a, b)] if a < b else []
            before += high - low
        return [layouts.read(self.layout, self.path, *piece) for piece in pieces or [(0, 0)]]


def _by_position(*sets: tuple[str, Sequence[str]], spread: bool = False) -> dict[str, list[Part]]:
    """Sets without a published split: the beginning, middle and end of every file."""
    return {
        split: [Part(*files, share, spread) for files in sets] for split, share in SPLITS.items()
    }


COUNTERPARTS: dict[str, dict[str, list[Part]]] = {
    "top_tagging": {split: [Part("top_landscape", [f"{split}.h5"])] for split in SPLITS},
    "quark_gluon": _by_position(("energyflow_qg_pythia", ["QG_jets.npz", "QG_jets_[0-9]*.npz"])),
    # all ten classes: quark and gluon together are QCD; W -> qq, Z -> qq, t -> bqq and H -> bb are
    # the course's W, Z, top and Higgs, at 500 to 1000 GeV
    "jet_classes": {
        "train": [Part("jetclass", ["JetClass_Pythia_train_100M_part0.tar"])],
        "val": [Part("jetclass", ["JetClass_Pythia_val_5M.tar"])],
        "test": [Part("jetclass", ["JetClass_Pythia_test_20M.tar"])],
    },
    # as in the paper: Pythia with tune 26 is the simulation, Herwig is nature
    "zjets_unfolding": _by_position(
        ("omnifold_zjets_pythia", ["Pythia26_Zjet_pTZ-200GeV_0.npz"]),
        ("omnifold_zjets_herwig", ["Herwig_Zjet_pTZ-200GeV_0.npz"]),
    ),
    "dijet_resonance": _by_position(  # some say that its rows are sorted by class
        ("lhco_rnd", ["events_anomalydetection_v2.features.h5"]), spread=True
    ),
    "trigger_objects": _by_position(("adc2021", ["background_*.h5", "*_filtered.h5"])),
    "calo_showers": {  # as the challenge asks: one file to learn from, the other to compare with
        "train": [Part("calochallenge_2", ["dataset_2_1.hdf5"], (0.0, 0.8))],
        "val": [Part("calochallenge_2", ["dataset_2_1.hdf5"], (0.8, 1.0))],
        "test": [Part("calochallenge_2", ["dataset_2_2.hdf5"])],
    },
    # real collisions, which correspond to no sample of the course
    "cms_l1_anomaly": {
        "train": [Part("cms_l1_anomaly", ["ZB_run398183_train.parquet"])],
        "val": [Part("cms_l1_anomaly", ["ZB_run398183_valid.parquet"])],
        "test": [Part("cms_l1_anomaly", ["ZB_run398183_test.parquet"])],
    },
    "cms_dimuon": _by_position(("cms_dimuon", ["Zmumu.csv"])),
}


def load(
    sample: str,
    split: str | None = None,
    rows: slice = slice(None),
    files: str | Iterable[str] | None = None,
) -> Rows:
    """Rows of a sample's public counterpart; files missing on this machine are downloaded.

    Several files take turns, in proportion to their numbers of rows. So the classes are mixed in
    any slice, and slices do not overlap. Only the rows asked for are read.

    Args:
        sample: a sample of the course.
        split: `train`, `val` or `test`, or None for all of them. It is the published split; where
            none was published, 60, 20 and 20 % of every file by position.
        rows: which rows of the split, a slice without a step.
        files: names or patterns of the public set's files, such as `"*"` or `"JetClass_*train*"`;
            default: those of `COUNTERPARTS`, only a few of a large set.

    Returns:
        The container of the sample, with the classes of the public set. Its card names the files.

    Raises:
        ValueError: for a sample without a counterpart, an unknown split, a step, or unknown files;
            or if a file is damaged.
        ConnectionError, OSError: as for `public.fetch`.
    """
    parts = _parts(sample, split)
    if rows.step not in (None, 1):
        raise ValueError(f"rows {rows}: only slices without a step are read")
    parts = parts if files is None else _other_files(parts, files)
    available = _available(parts)
    if not available:
        raise ValueError(f"none of the files of {sample!r} holds rows: {parts}")
    start, stop, _ = rows.indices(sum(part.n for part in available))
    sizes = [part.n for part in available]
    low = turns(sizes, start)
    high = turns(sizes, max(start, stop))
    return replace(_read(available, low, high), card=_card(parts, split, available))


def turns(sizes: Sequence[int], n: int) -> list[int]:
    """Number of the first n rows that come from each file, if files of these sizes take turns.

    Row i of a file of N rows stands at (i + 1/2) / N: Webster's method, in which no file gives
    fewer rows when n grows.
    """
    total = sum(sizes)
    counts = [max(0, n * size // max(total, 1) - len(sizes)) for size in sizes]
    while sum(counts) < n:
        places = [
            (count + 0.5) / size if size else np.inf
            for count, size in zip(counts, sizes, strict=True)
        ]
        counts[int(np.argmin(places))] += 1
    return counts


def _parts(sample: str, split: str | None) -> list[Part]:
    if sample not in COUNTERPARTS:
        raise ValueError(
            f"{sample!r} has no public counterpart; those that have one: {', '.join(COUNTERPARTS)}"
        )
    splits = COUNTERPARTS[sample]
    require(split)
    return [part for name in ([split] if split else splits) for part in splits[name]]


def _other_files(parts: Sequence[Part], files: str | Iterable[str]) -> list[Part]:
    """The same shares of other files, from those of the data sets that have them."""
    patterns = [files] if isinstance(files, str) else list(files)
    found: list[Part] = []
    for part in parts:
        names = [file.name for file in registry.dataset(part.dataset).files]
        fitting = [p for p in patterns if any(fnmatchcase(name, p) for name in names)]
        found += [replace(part, files=fitting)] if fitting else []
    # without a match, fetch gets the patterns and says which files there are
    return found or [replace(part, files=patterns) for part in parts]


def _available(parts: Sequence[Part]) -> list[_Rows]:
    """The rows of each file, fetched if it is missing; neighbouring shares are joined."""
    found: dict[tuple[str, Path], list[tuple[int, int]]] = {}
    for part in parts:
        layout = registry.dataset(part.dataset).layout
        for path in registry.fetch(part.dataset, part.files):
            if path.suffix in READABLE:
                ranges = part.ranges(layouts.count(layout, path))
                found.setdefault((layout, path), []).extend(ranges)
    return [_Rows(layout, path, _joined(ranges)) for (layout, path), ranges in found.items()]


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in order, with neighbours and overlapping ones joined."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _read(available: Sequence[_Rows], low: Sequence[int], high: Sequence[int]) -> Rows:
    """Rows `low` to `high` of each file, in the order in which the files take turns."""
    read: list[Rows] = []
    places = []
    for part, a, b in zip(available, low, high, strict=True):
        if a < b or (part is available[-1] and not read):
            found = part.read(a, b)
            n = sum(map(len, found))  # may be less than b - a: some readers leave rows out
            places.append((a + 0.5 + np.linspace(0, b - a, n, False)) / max(part.n, 1))
            read += found
    rows = read[0] if len(read) == 1 else type(read[0]).concatenate(read)
    return rows if len(places) == 1 else rows[np.argsort(np.concatenate(places), kind="stable")]


def _card(parts: Sequence[Part], split: str | None, available: Sequence[_Rows]) -> dict:
    entries = [registry.dataset(name) for name in dict.fromkeys(part.dataset for part in parts)]
    card = {key: getattr(entries[0], key) for key in ("title", "page", "licence")}
    for key in ("citation", "notes"):
        card[key] = list(dict.fromkeys(text for entry in entries for text in getattr(entry, key)))
    files = [part.path.name for part in available]
    return {**card, "title": "; ".join(e.title for e in entries), "split": split, "files": files}
