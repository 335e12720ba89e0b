"""Jets: the container that every tagging, representation and generation lesson reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import awkward as ak
import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.conversions import (
    identities,
    particles_of_four_vectors,
    particles_of_records,
)
from hepml_lite.containers.particle_validation import require_physical
from hepml_lite.containers.rows import Rows, not_given
from hepml_lite.containers.stored_steps import (
    JET_ANGLE_STEP,
    JET_LOG_PT_STEP,
    spread,
    spread_logarithm,
)
from hepml_lite.containers.validation import (
    booleans,
    checked_rng,
    integers,
    read_only,
    real_numbers,
    require_shape,
)

MOST_SLOTS = 100_000  # for constituents of a jet: a larger number is a mistake


def require_jets(jets: Any) -> None:
    """Raise TypeError for anything but `Jets`, such as an array of constituents."""
    if not isinstance(jets, Jets):
        shape = getattr(jets, "shape", None)
        kind = type(jets).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")
        raise TypeError(
            f"jets is {kind}, not Jets: make it with containers.Jets(constituents), of pT, eta, "
            "phi (N, P, 3), or Jets.from_four_vectors(p4)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Jets(Rows):
    """N jets of up to P constituents each, padded with zeros; massless unless masses are given.

    The arrays are read-only copies of the given arrays, so that values computed from them stay
    correct. `eta` is always pseudorapidity. Distances Delta R in observables, clustering,
    correlators and Lund planes are in rapidity and azimuth; for massless particles rapidity and
    pseudorapidity are the same.

    Attributes:
        constituents: (N, P, 3) float32: pT [GeV], pseudorapidity eta, azimuth phi [rad].
        mask: (N, P) bool, true where a constituent is real. Default: wherever pT > 0.
        pid: (N, P) int16 particle identity (PDG numbering), or None if the sample has none.
        constituent_mass: (N, P) float32, masses of the constituents [GeV]; None: all massless.
        label: (N,) int, index into `names`. Default: all 0.
        names: one name a class.
        card: the data card: origin, cuts, generator version, seed, citation.

    Raises:
        ValueError: for wrong shapes, NaN or infinite numbers, negative pT or mass, |eta| above 30,
            azimuths in degrees, jets without constituents, labels without a name, a pid that does
            not fit, a mask that is not boolean, or masked arrays; the message names the offending
            jet and particle.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("constituents", "mask", "pid", "constituent_mass", "label")

    constituents: np.ndarray
    mask: np.ndarray = field(default_factory=not_given)
    pid: np.ndarray | None = None
    constituent_mass: np.ndarray | None = field(default=None, kw_only=True)
    names: tuple[str, ...] = field(default=("QCD", "top"), kw_only=True)

    def __post_init__(self) -> None:
        constituents = real_numbers("constituents", self.constituents)
        if constituents.ndim != 3 or constituents.shape[2] != 3:
            raise ValueError(
                f"constituents have shape {constituents.shape}; "
                "expected (jets, constituents, 3) with pT, eta, phi on the last axis"
            )
        arrays = {"constituents": constituents}
        arrays["mask"] = self._real(constituents)
        if self.pid is not None:
            arrays["pid"] = integers("pid", self.pid, np.int16)
        if self.constituent_mass is not None:
            mass = real_numbers("constituent_mass", self.constituent_mass)
            arrays["constituent_mass"] = mass
        for name in list(arrays)[1:]:
            shape = constituents.shape[:2]
            require_shape(name, arrays[name], shape, each="constituent slot")
        for name in {"constituents", "constituent_mass"}.intersection(arrays):
            arrays[name] = _cleared(arrays[name], arrays["mask"])
        mass = arrays.get("constituent_mass")
        require_physical(arrays["constituents"], arrays["mask"], mass)
        self._settle(**arrays)

    def _real(self, constituents: np.ndarray) -> np.ndarray:
        """The mask (N, P): the given one, or true where a constituent has pT."""
        if self.mask is None:
            return read_only(constituents[..., 0] != 0)
        return booleans("mask", self.mask)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}; up to {self.constituents.shape[1]} constituents)"

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join samples of the same classes into one, padded to the longest; keeps the first card.

        If some of the parts have masses, the constituents of the others get the mass 0.

        Raises:
            TypeError: if the parts are not jets.
            ValueError: if the classes differ or only some of the parts have `pid`.
        """
        cls._require_parts(parts)
        width = max(part.mask.shape[1] for part in parts)
        parts = [part.padded(width) for part in parts]
        if any(part.constituent_mass is not None for part in parts):
            parts = [part._with_masses() for part in parts]
        return super().concatenate(parts)

    @cached_property
    def n_constituents(self) -> np.ndarray:
        """Number of real constituents of each jet, (N,) int."""
        return self.mask.sum(axis=1)

    @cached_property
    def four_momentum(self) -> np.ndarray:
        """Sum of the constituents' four-vectors, (N, 4) float64: E, px, py, pz [GeV]."""
        coordinates = [*self.constituents[self.mask].astype(float).T]
        if self.constituent_mass is not None:
            coordinates.append(self.constituent_mass[self.mask].astype(float))
        p4 = kinematics.four_vectors(*coordinates)  # (M, 4)
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

    @cached_property
    def rapidity(self) -> np.ndarray:
        """Rapidity of the jet, (N,); `eta` is its pseudorapidity."""
        return kinematics.rapidity(self.pt, self.eta, self.mass)

    @property
    def phi(self) -> np.ndarray:
        """Azimuth of the jet [rad], (N,)."""
        return self._coordinates[2]

    @property
    def mass(self) -> np.ndarray:
        """Invariant mass of the jet [GeV], (N,)."""
        return self._coordinates[3]

    @cached_property
    def constituent_rapidity(self) -> np.ndarray:
        """Rapidities of the constituents, (N, P) float64; 0 where padded."""
        pt, eta, _ = np.moveaxis(self.constituents.astype(float), -1, 0)
        if self.constituent_mass is None:
            return eta
        return kinematics.rapidity(pt, eta, self.constituent_mass.astype(float))

    def in_rapidity(self) -> np.ndarray:
        """Constituents as (N, P, 3) float64: pT [GeV], rapidity, azimuth phi [rad].

        Distances Delta R are computed from the last two. Zero where padded.
        """
        coordinates = self.constituents.astype(float)
        coordinates[..., 1] = self.constituent_rapidity
        return coordinates

    def four_vectors(self) -> np.ndarray:
        """Constituents as (N, P, 4) float32: E, px, py, pz [GeV]; zero where padded."""
        coordinates = [*np.moveaxis(self.constituents, -1, 0)]
        if self.constituent_mass is not None:
            coordinates.append(self.constituent_mass)
        return kinematics.four_vectors(*coordinates)

    def massless(self) -> Self:
        """The same jets with massless constituents: momenta stay, energies become |p|."""
        return replace(self, constituent_mass=None)

    def relative(self) -> np.ndarray:
        """Constituents relative to the jet, (N, P, 3) float32: pT/pT_jet, eta-eta_jet, phi-phi_jet.

        Zero where padded. A Particle Flow Network reads these numbers. Both eta are
        pseudorapidities, also for massive constituents.
        """
        pt, eta, phi = np.moveaxis(self.constituents, -1, 0)  # each (N, P)
        columns = (
            pt / self.pt[:, None],
            eta - self.eta[:, None],
            kinematics.delta_phi(phi, self.phi[:, None]),
        )
        seen = np.stack(columns, axis=-1).astype(np.float32)
        return np.where(self.mask[..., None], seen, np.float32(0))

    def dequantised(self, rng: int | np.random.Generator = 0) -> Self:
        """The same jets with a uniform jitter that undoes the rounding of the stored file.

        The ln pT, eta and phi of each constituent move by at most half of their steps in
        `containers.stored_steps`. The constituents are sorted by pT again. Kinds and masses of the
        constituents stay as they are: the same few particles have the same few masses.

        Args:
            rng: source of randomness, or its seed.
        """
        rng = checked_rng(rng)
        stored_pt, stored_eta, stored_phi = np.moveaxis(self.constituents, -1, 0)  # each (N, P)
        pt = spread_logarithm(stored_pt, JET_LOG_PT_STEP, rng)
        eta = spread(stored_eta, JET_ANGLE_STEP, rng)
        phi = kinematics.wrap_phi(spread(stored_phi, JET_ANGLE_STEP, rng))
        constituents = np.stack([pt, eta, phi], axis=-1).astype(np.float32)
        return replace(self, constituents=constituents).sorted_by_pt()

    def sorted_by_pt(self) -> Self:
        """The same jets with constituents in order of falling pT and the padding at the end."""
        return self.truncate(max(1, self.mask.shape[1]))

    def truncate(self, n: int) -> Self:
        """The same jets with only their n hardest constituents, in order of falling pT.

        Raises:
            ValueError: if n is not at least 1.
        """
        if not isinstance(n, int | np.integer) or n < 1:
            raise ValueError(
                f"cannot keep {n!r:.40} constituents of a jet: n must be a whole number, at least 1"
            )
        falling = np.where(self.mask, -self.constituents[..., 0], np.inf)
        order = np.argsort(falling, axis=1, kind="stable")[:, :n]  # (N, n)
        rows = np.arange(len(self))[:, None]
        return self.mapped(lambda array: array[rows, order])

    def padded(self, n: int) -> Self:
        """The same jets in an array of n constituent slots (n at least the present number).

        Raises:
            ValueError: if n is smaller, above `MOST_SLOTS`, or no whole number.
        """
        is_count = isinstance(n, int | np.integer) and n <= MOST_SLOTS
        extra = n - self.mask.shape[1] if is_count else -1
        if extra < 0:
            raise ValueError(
                f"{n!r:.40} slots cannot hold {self.mask.shape[1]}: drop some with truncate({n})"
            )
        return self.mapped(
            lambda array: np.pad(array, [(0, 0), (0, extra)] + [(0, 0)] * (array.ndim - 2))
        )

    def mapped(self, change: Callable[[np.ndarray], np.ndarray], **fields: Any) -> Self:
        """The same jets after the same change to every array of constituents, such as a new order.

        Args:
            change: takes an array (N, P, ...) and returns the changed one.
            fields: new values of other attributes, such as the label.
        """
        for name in ("constituents", "mask", "pid", "constituent_mass"):
            array = getattr(self, name)
            if array is not None and name not in fields:
                fields[name] = read_only(change(array))
        return replace(self, **fields)

    def _with_masses(self) -> Self:
        """The same jets with an array of masses, 0 if they have none."""
        if self.constituent_mass is not None:
            return self
        return replace(self, constituent_mass=np.zeros(self.mask.shape, np.float32))

    @classmethod
    def from_four_vectors(
        cls,
        p4: np.ndarray,
        mask: np.ndarray | None = None,
        invalid: str = "refuse",
        **fields: Any,
    ) -> Self:
        """Build from constituents (N, P, 4), (E, px, py, pz) [GeV]; `fields` as in the constructor.

        Masses are kept. A squared mass counts as zero if rounding can explain it: |m^2| below
        2e-6 E^2 in single precision, below 1e-12 E^2 in double precision. If all masses are zero,
        `constituent_mass` is None.

        Args:
            p4: (N, P, 4).
            mask: (N, P) bool. Default: true wherever a component is not zero.
            invalid: "refuse" or "drop" impossible particles: NaN, E < 0, E < |p| beyond rounding,
                or exactly along the beam.
            fields: as in the constructor.

        Raises:
            ValueError: for another shape, or an impossible particle. The message gives its
                position and its numbers, and says if their order seems to be (px, py, pz, E).
        """
        particles = particles_of_four_vectors(p4, mask, invalid)
        fields.setdefault("constituent_mass", particles.mass)
        return cls(particles.constituents, mask=particles.mask, **fields)

    def to_awkward(self) -> ak.Array:
        """Constituents without padding as a jagged `Momentum4D` array.

        Its type is N * var * (pt, eta, phi, mass), which fastjet and the scikit-hep libraries read.
        """
        import vector  # here, because it brings sympy: 40 MB

        vector.register_awkward()
        pt, eta, phi = self.constituents[self.mask].astype(float).T
        mass = np.zeros_like(pt)
        if self.constituent_mass is not None:
            mass = self.constituent_mass[self.mask].astype(float)
        flat = ak.zip({"pt": pt, "eta": eta, "phi": phi, "mass": mass}, with_name="Momentum4D")
        return ak.unflatten(flat, self.n_constituents)

    @classmethod
    def from_awkward(
        cls, array: ak.Array, pid: str | None = None, invalid: str = "refuse", **fields: Any
    ) -> Self:
        """Build from constituents in a jagged array of momenta, padded to the longest jet.

        The records have the fields of the vector library: pt, eta, phi or px, py, pz (also x, y, z)
        and, for massive particles, mass, M, m, E, e, energy or t. Masses follow from energies as in
        `from_four_vectors`.

        Args:
            array: N * var * record.
            pid: name of the field with the particle identity.
            invalid: "refuse" or "drop" impossible particles.
            fields: as in the constructor.

        Raises:
            ValueError: for an array of one jet, missing jets or particles (None), unknown fields,
                or an impossible particle; the message names it.
        """
        particles = particles_of_records(array, invalid)
        if pid is not None:
            fields["pid"] = identities(array, pid)
        fields.setdefault("constituent_mass", particles.mass)
        return cls(particles.constituents, mask=particles.mask, **fields)


def _cleared(array: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The array (N, P, ...) with zeros in the padding, where no network may read other values."""
    if not array[~mask].any():
        return array
    real = mask.reshape(*mask.shape, *[1] * (array.ndim - 2))
    return read_only(np.where(real, array, np.float32(0)))
