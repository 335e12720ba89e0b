"""Pythia 8: settings in, final-state particles of many events out, as flat arrays."""

from dataclasses import dataclass, fields
from typing import Self

import awkward as ak
import numpy as np

PACKAGE = "pythia8mc"
INVISIBLE = (12, 14, 16)  # neutrinos
BATCH = 200  # events held in memory at a time
HIGHEST_SEED = 900_000_000  # Pythia's own limit


@dataclass(frozen=True)
class Particles:
    """Particles of several events: arrays of equal length M, four-vectors in GeV."""

    event: np.ndarray  # (M,) number of the event within its batch
    p4: np.ndarray  # (M, 4) E, px, py, pz
    pid: np.ndarray  # (M,) PDG numbering
    charge: np.ndarray  # (M,) in units of e

    def __getitem__(self, keep: np.ndarray) -> Self:
        return type(self)(*(getattr(self, f.name)[keep] for f in fields(self)))

    @classmethod
    def concatenate(cls, parts: list[Self]) -> Self:
        """Join, keeping the particles of an event next to each other."""
        columns = [np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)]
        joined = cls(*columns)
        return joined[np.argsort(joined.event, kind="stable")]


class Generator:
    """A Pythia 8 run: the same settings and seed give the same events.

    Raises:
        ModuleNotFoundError: if pythia8mc is not installed.
        ValueError: if Pythia does not know a setting or refuses to start with them.
    """

    def __init__(self, settings: list[str], seed: int, beam_energy: float = 14_000.0) -> None:
        self._pythia = _import_pythia().Pythia("", False)
        common = [
            "Print:quiet = on",
            "Random:setSeed = on",
            f"Random:seed = {seed}",
            f"Beams:eCM = {beam_energy}",
        ]
        for setting in [*common, *settings]:
            if not self._pythia.readString(setting):
                raise ValueError(f"Pythia does not accept the setting {setting!r}")
        if not self._pythia.init():
            raise ValueError(f"Pythia could not start with the settings {settings}")
        self._charges: dict[int, float] = {}

    def batch(self, events: int = BATCH) -> ak.Array:
        """The next events with their full record, `events * {prt: var * {...}, info: {...}}`."""
        return self._pythia.nextBatch(events)

    def visible(self, batch: ak.Array) -> Particles:
        """Stable particles of a batch without neutrinos."""
        particles = batch.prt[batch.prt.status > 0]
        flat = ak.flatten(particles)
        p4 = np.stack([ak.to_numpy(flat.p[k]) for k in ("e", "px", "py", "pz")], axis=-1)
        event = np.repeat(np.arange(len(batch)), ak.to_numpy(ak.num(particles)))
        pid = ak.to_numpy(flat.id)
        everything = Particles(event, p4, pid, self._charge(pid))
        return everything[~np.isin(np.abs(pid), INVISIBLE)]

    def _charge(self, pid: np.ndarray) -> np.ndarray:
        """Electric charge of each particle, looked up once for each kind that occurs."""
        kinds, position = np.unique(pid, return_inverse=True)
        for kind in kinds.tolist():
            if kind not in self._charges:
                self._charges[kind] = self._pythia.particleData.charge(kind)
        return np.array([self._charges[kind] for kind in kinds.tolist()])[position]


def pythia_seed(seed: int, *stream: int) -> int:
    """An independent Pythia seed for each (seed, stream...), between 1 and 900 000 000."""
    state = np.random.SeedSequence([seed, *stream]).generate_state(1)[0]
    return int(state) % HIGHEST_SEED + 1


def version() -> str:
    """Version of the Pythia bindings, such as '8.317.2'."""
    _import_pythia()
    from importlib.metadata import version as installed

    return installed(PACKAGE)


def _import_pythia():
    try:
        import pythia8mc
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            "generating events needs pythia8mc, which is not installed: "
            "`pip install pythia8mc==8.317.2` (Linux, x86-64). The bundled samples work without it."
        ) from missing
    return pythia8mc
