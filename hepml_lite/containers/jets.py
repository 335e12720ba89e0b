"""Jets: the container that every tagging, representation and generation lesson reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import awkward as ak
import numpy as np
import vector

from hepml_lite import kinematics
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.validation import require_physical, require_shape


@dataclass(frozen=True, eq=False, repr=False)
class Jets(Rows):
    """N jets of up to P constituents each, padded with zeros; constituents are massless.

    Attributes:
        constituents: (N, P, 3) float32: pT [GeV], pseudorapidity eta, azimuth phi [rad].
        mask: (N, P) bool, true where a constituent is real. Default: wherever pT > 0.
        pid: (N, P) int16 particle identity (PDG numbering), or None if the sample has none.
        label: (N,) int, index into `names`. Default: all 0.
        names: one name a class.
        card: the data card: origin, cuts, generator version, seed, citation.

    Raises:
        ValueError: for wrong shapes, NaN or infinite numbers, negative pT, jets without
            constituents, or labels without a name; the message names the offending jet.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("constituents", "mask", "pid", "label")

    constituents: np.ndarray
    mask: np.ndarray | None = None
    pid: np.ndarray | None = None
    names: tuple[str, ...] = field(default=("QCD", "top"), kw_only=True)

    def __post_init__(self) -> None:
        constituents = np.asarray(self.constituents, dtype=np.float32)
        if constituents.ndim != 3 or constituents.shape[2] != 3:
            raise ValueError(
                f"constituents have shape {constituents.shape}; "
                "expected (jets, constituents, 3) with pT, eta, phi on the last axis"
            )
        n, slots = constituents.shape[:2]
        mask = constituents[..., 0] != 0 if self.mask is None else np.asarray(self.mask, bool)
        pid = None if self.pid is None else np.asarray(self.pid, np.int16)
        require_shape("mask", mask, (n, slots), each="constituent slot")
        if pid is not None:
            require_shape("pid", pid, (n, slots), each="constituent slot")
        if constituents[~mask].any():  # what lies in the padding must never reach a network
            constituents = np.where(mask[..., None], constituents, np.float32(0))
        require_physical(constituents, mask)
        self._settle(constituents=constituents, mask=mask)
        self.__dict__["pid"] = pid

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}; up to {self.constituents.shape[1]} constituents)"

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """One sample from several of the same classes, padded to the longest; keeps the first card.

        Raises:
            ValueError: if the classes differ or only some of the parts have `pid`.
        """
        width = max(part.mask.shape[1] for part in parts)
        return super().concatenate([part.padded(width) for part in parts])

    @cached_property
    def n_constituents(self) -> np.ndarray:
        """Number of real constituents a jet, (N,) int."""
        return self.mask.sum(axis=1)

    @cached_property
    def four_momentum(self) -> np.ndarray:
        """Sum of the constituents' four-vectors, (N, 4) float64: E, px, py, pz [GeV]."""
        p4 = kinematics.four_vectors(*self.constituents[self.mask].astype(float).T)  # (M, 4)
        jet = np.repeat(np.arange(len(self)), self.n_constituents)
        sums = [np.bincount(jet, weights=component, minlength=len(self)) for component in p4.T]
        return np.stack(sums, axis=-1)

    @cached_property
    def _coordinates(self) -> tuple[np.ndarray, ...]:
        return kinematics.pt_eta_phi_mass(self.four_momentum)

    @property
    def pt(self) -> np.ndarray:
        """Transverse momentum of the jet [GeV], (N,)."""
        return self._coordinates[0]

    @property
    def eta(self) -> np.ndarray:
        """Pseudorapidity of the jet, (N,)."""
        return self._coordinates[1]

    @property
    def phi(self) -> np.ndarray:
        """Azimuth of the jet [rad], (N,)."""
        return self._coordinates[2]

    @property
    def mass(self) -> np.ndarray:
        """Invariant mass of the jet [GeV], (N,)."""
        return self._coordinates[3]

    def four_vectors(self) -> np.ndarray:
        """Massless constituents as (N, P, 4) float32: E, px, py, pz [GeV]; zero where padded."""
        return kinematics.four_vectors(*np.moveaxis(self.constituents, -1, 0))

    def relative(self) -> np.ndarray:
        """Constituents seen from the jet, (N, P, 3) float32: pT/pT_jet, eta-eta_jet, phi-phi_jet.

        Zero where padded. This is what a Particle Flow Network reads.
        """
        pt, eta, phi = np.moveaxis(self.constituents, -1, 0)  # each (N, P)
        columns = (
            pt / self.pt[:, None],
            eta - self.eta[:, None],
            kinematics.delta_phi(phi, self.phi[:, None]),
        )
        seen = np.stack(columns, axis=-1).astype(np.float32)
        return np.where(self.mask[..., None], seen, np.float32(0))

    def sorted_by_pt(self) -> Self:
        """The same jets with constituents in falling pT and the padding at the end."""
        return self.truncate(max(1, self.mask.shape[1]))

    def truncate(self, n: int) -> Self:
        """The n constituents of highest pT of each jet, in falling pT.

        Raises:
            ValueError: if n is not at least 1.
        """
        if n < 1:
            raise ValueError(f"cannot keep {n} constituents a jet: n must be at least 1")
        falling = np.where(self.mask, -self.constituents[..., 0], np.inf)
        order = np.argsort(falling, axis=1, kind="stable")[:, :n]  # (N, n)
        rows = np.arange(len(self))[:, None]
        return self.mapped(lambda array: array[rows, order])

    def padded(self, n: int) -> Self:
        """The same jets in an array of n constituent slots (n at least the present number)."""
        extra = n - self.mask.shape[1]
        if extra < 0:
            raise ValueError(
                f"{n} slots cannot hold {self.mask.shape[1]}: drop some with truncate({n})"
            )
        return self.mapped(
            lambda array: np.pad(array, [(0, 0), (0, extra)] + [(0, 0)] * (array.ndim - 2))
        )

    def mapped(self, change: Callable[[np.ndarray], np.ndarray], **fields: Any) -> Self:
        """The same jets with one change made to every array of constituents, such as an order.

        `change` takes and gives arrays (N, P, ...); `fields` replace others, such as the label.
        """
        pid = None if self.pid is None else change(self.pid)
        constituents, mask = change(self.constituents), change(self.mask)
        return replace(self, constituents=constituents, mask=mask, pid=pid, **fields)

    @classmethod
    def from_four_vectors(
        cls, p4: np.ndarray, mask: np.ndarray | None = None, **fields: Any
    ) -> Self:
        """Build from constituents (N, P, 4), (E, px, py, pz) [GeV]; `fields` as in the constructor.

        Momenta are kept and masses dropped: constituents are massless in this container.
        Default mask: wherever E > 0.
        """
        p4 = np.asarray(p4)
        pt, eta, phi, _ = kinematics.pt_eta_phi_mass(p4)
        mask = p4[..., 0] > 0 if mask is None else mask
        return cls(np.stack([pt, eta, phi], axis=-1), mask=mask, **fields)

    def to_awkward(self) -> ak.Array:
        """Constituents without padding as a jagged `Momentum4D` array.

        N * var * (pt, eta, phi, mass): what fastjet and the scikit-hep libraries read.
        """
        vector.register_awkward()
        pt, eta, phi = self.constituents[self.mask].astype(float).T
        flat = ak.zip(
            {"pt": pt, "eta": eta, "phi": phi, "mass": np.zeros_like(pt)}, with_name="Momentum4D"
        )
        return ak.unflatten(flat, self.n_constituents)

    @classmethod
    def from_awkward(cls, array: ak.Array, pid: str | None = None, **fields: Any) -> Self:
        """Build from constituents as a jagged `Momentum4D` array; pads to the longest jet.

        `pid` names the field with the particle identity; `fields` as in the constructor.
        """
        vector.register_awkward()
        n = ak.to_numpy(ak.num(array))
        mask = np.arange(n.max(initial=1)) < n[:, None]  # (N, P)
        constituents = np.zeros((*mask.shape, 3), np.float32)
        flat = ak.flatten(array)
        constituents[mask] = np.stack(
            [ak.to_numpy(c) for c in (flat.pt, flat.eta, flat.phi)], axis=-1
        )
        if pid is not None:
            fields["pid"] = np.zeros(mask.shape, np.int16)
            fields["pid"][mask] = ak.to_numpy(flat[pid])
        return cls(constituents, mask=mask, **fields)
