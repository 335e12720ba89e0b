"""CMS level-1 trigger, anomaly detection: Parquet files, one row a crossing, hardware integers.

Columns `<collection>_<branch>` are lists: muons, egammas and jets of any number, and sums as lists
of one. Energies are whole steps of 0.5 GeV; a muon has one step more, since 0 means that there is
none. Angles of calorimeter objects: eta in steps of 0.0870 / 2, phi of 2 pi / 144; of muons: eta in
steps of 0.0870 / 8, phi of 2 pi / 576. That the sums have the steps of the calorimeter is an
assumption. `label` is 0 for zero bias, negative for its simulation, positive for a signal; rows
with `order` = -1 have a saturated object and are left out.
CMS Collaboration, *Trigger Anomaly Detection for New Physics at the Large Hadron Collider*, 2026,
doi:10.5281/zenodo.21787779.

A zero-bias row is a crossing as the beam makes it. The rate of a selection in Hz is the share of
the rows that it keeps times the number of colliding bunches times 11 246 Hz.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.trigger_events import OBJECTS, TriggerEvents
from hepml_lite.containers.validation import read_only

NAMES = ("zero bias", "simulated zero bias", "signal")
ENERGY_STEP = 0.5  # GeV
ETA_STEP = 0.0870
TURN = 2 * np.pi


class Columns(NamedTuple):
    """Where the objects of one kind are, and in which steps.

    Attributes:
        energy, eta, phi: names of columns; eta is None for the missing momentum.
        eta_step, phi_step: of the angles.
        offset: of the energy, in its steps.
    """

    energy: str
    eta: str | None
    phi: str
    eta_step: float = ETA_STEP / 2
    phi_step: float = TURN / 144
    offset: int = 0


COLUMNS = {
    "met": Columns("MET_Et", None, "MET_phi"),
    "egamma": Columns("egammas_egIEt", "egammas_egIEta", "egammas_egIPhi"),
    "muons": Columns(
        "muons_muonIEt", "muons_muonIEtaAtVtx", "muons_muonIPhiAtVtx", ETA_STEP / 8, TURN / 576, 1
    ),
    "jets": Columns("jets_jetIEt", "jets_jetIEta", "jets_jetIPhi"),
}
NEEDED = ["label", "order"] + [
    name for kind in COLUMNS.values() for name in kind[:3] if isinstance(name, str)
]


def read(path: Path, start: int = 0, stop: int | None = None) -> TriggerEvents:
    """Rows `start` to `stop`, without those that have a saturated object.

    Args:
        path: the file.
        start, stop: as in a slice; only the blocks that hold these rows are read.

    Raises:
        FileNotFoundError: if there is no such file.
        ModuleNotFoundError: without the package pyarrow.
        ValueError: if it has other columns.
    """
    stored = _opened(path)
    first, last, _ = slice(start, stop).indices(stored.metadata.num_rows)
    parts = [_events(block) for block in _blocks(stored, first, max(first, last))]
    if not parts:
        parts = [_events(stored.schema_arrow.empty_table().select(NEEDED))]
    return TriggerEvents.concatenate(parts)


def count(path: Path) -> int:
    """Number of rows in a file, those with saturated objects included."""
    return int(_opened(path).metadata.num_rows)


def _opened(path: Path) -> Any:
    """The Parquet file, after a check of its columns."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: fetch it again")
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            "pyarrow is missing; it reads Parquet files. Install it: pip install pyarrow"
        ) from missing
    try:
        stored = parquet.ParquetFile(path)
    except arrow.ArrowInvalid as problem:
        raise ValueError(f"{path} is no Parquet file ({problem}); fetch it again") from problem
    lacking = [name for name in NEEDED if name not in stored.schema_arrow.names]
    if lacking:
        raise ValueError(f"{path} lacks the columns {lacking}: it has another layout")
    return stored


def _blocks(stored: Any, first: int, last: int) -> Iterator[Any]:
    """Tables with the rows `first` to `last`, one for each row group of the file."""
    begin = 0
    for group in range(stored.num_row_groups):
        end = begin + stored.metadata.row_group(group).num_rows
        low, high = max(first, begin), min(last, end)
        if low < high:
            table = stored.read_row_group(group, columns=NEEDED)
            yield table.slice(low - begin, high - low)
        begin = end


def _events(table: Any) -> TriggerEvents:
    """The events of a table of some rows."""
    whole = np.asarray(table.column("order")) != -1
    objects = np.concatenate([_objects(table, kind, n) for kind, n in OBJECTS.items()], axis=1)
    sign = np.sign(np.asarray(table.column("label")).astype(int))
    label = np.where(sign == 0, 0, np.where(sign < 0, 1, 2))
    return TriggerEvents(read_only(objects[whole]), label=label[whole], names=NAMES)


def _objects(table: Any, kind: str, n_places: int) -> np.ndarray:
    """The n leading objects of one kind, (N, n, 3) float32: pT, eta, phi; zeros where none is."""
    columns = COLUMNS[kind]
    energy, there = _padded(table, columns.energy)
    phi, _ = _padded(table, columns.phi)
    eta = np.zeros_like(phi) if columns.eta is None else _padded(table, columns.eta)[0]
    pt = np.where(there, (energy - columns.offset) * ENERGY_STEP, 0)
    order = np.argsort(-pt, axis=1, kind="stable")[:, :n_places]  # muons come in another order
    found = np.stack(
        [pt, eta * columns.eta_step, kinematics.wrap_phi(phi * columns.phi_step)], axis=-1
    )
    found = np.where(pt[..., None] > 0, found, 0)
    leading = np.take_along_axis(found, order[..., None], axis=1)
    objects = np.zeros((len(pt), n_places, 3), np.float32)
    objects[:, : leading.shape[1]] = leading
    return objects


def _padded(table: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A column of lists as (N, longest) with zeros behind, and where there is a number."""
    column = table.column(name).combine_chunks()
    lists = column.chunk(0) if hasattr(column, "chunk") else column
    length = np.asarray(lists.value_lengths().fill_null(0)).astype(int)
    there = np.arange(max(length.max(initial=0), 1)) < length[:, None]
    padded = np.zeros(there.shape)
    padded[there] = np.asarray(lists.flatten()).astype(float)
    return padded, there
