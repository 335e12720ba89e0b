"""The observables by name, with the symbol, unit and laws that notebooks and dashboards show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.observables import jet_shapes
from hepml_lite.jet_physics.substructure import SoftDrop

LAWS = {
    "permutation": "the order of the constituents means nothing",
    "padding": "empty slots mean nothing",
    "turn": "a turn around the beam changes nothing",
    "boost": "a boost along the beam changes nothing",
    "mirror": "a reflection of azimuths about the jet axis changes nothing",
    "rotation": "a rotation in the eta-phi plane about the jet axis changes nothing",
    "lorentz": "a boost in any direction changes nothing",
    "infrared": "a particle drops out as its pT goes to 0",
    "collinear": "a split is not seen as its angle goes to 0",
}
_ALWAYS = ("permutation", "padding", "turn", "boost", "mirror")
_SAFE = ("infrared", "collinear")
_PLANE = (*_ALWAYS, "rotation")  # all that sees only pT and distances


@dataclass(frozen=True)
class Observable:
    """A number a jet: what computes it, how it is written and which of `LAWS` it keeps."""

    function: Callable[[Jets], np.ndarray]  # Jets -> (N,)
    symbol: str  # LaTeX
    laws: frozenset[str]
    unit: str = ""

    def __call__(self, jets: Jets) -> np.ndarray:
        """The values, (N,)."""
        return self.function(jets)

    @property
    def label(self) -> str:
        """Symbol and unit, for an axis."""
        return f"{self.symbol} [{self.unit}]" if self.unit else self.symbol

    @property
    def irc_safe(self) -> bool:
        """Infrared and collinear safe: computable in perturbation theory."""
        return self.laws.issuperset(_SAFE)


_GROOMED: WeakKeyDictionary[Jets, SoftDrop] = WeakKeyDictionary()  # one grooming, three numbers


def _groomed(jets: Jets) -> SoftDrop:
    """Soft drop of these jets, the slowest of the observables, kept as long as they are."""
    if jets not in _GROOMED:
        _GROOMED[jets] = jet_shapes.soft_drop(jets)
    return _GROOMED[jets]


def _observable(function, symbol: str, *laws: str, unit: str = "") -> Observable:
    return Observable(function, symbol, frozenset(laws), unit)


OBSERVABLES: dict[str, Observable] = {
    "pt": _observable(jet_shapes.pt, r"$p_T$", *_ALWAYS, *_SAFE, unit="GeV"),
    "mass": _observable(jet_shapes.mass, r"$m$", *_ALWAYS, "lorentz", *_SAFE, unit="GeV"),
    "multiplicity": _observable(jet_shapes.multiplicity, "constituents", *_PLANE, "lorentz"),
    "width": _observable(jet_shapes.width, r"width $\lambda_1$", *_PLANE, *_SAFE),
    "thrust": _observable(
        lambda jets: jet_shapes.width(jets, beta=2.0), r"thrust $\lambda_2$", *_PLANE, *_SAFE
    ),
    "pt_dispersion": _observable(jet_shapes.pt_dispersion, r"$p_T^D$", *_PLANE, "infrared"),
    "tau21": _observable(
        lambda jets: jet_shapes.n_subjettiness_ratio(jets, 2), r"$\tau_{21}$", *_PLANE, *_SAFE
    ),
    "tau32": _observable(
        lambda jets: jet_shapes.n_subjettiness_ratio(jets, 3), r"$\tau_{32}$", *_PLANE, *_SAFE
    ),
    "c2": _observable(jet_shapes.c2, "$C_2$", *_PLANE, *_SAFE),
    "d2": _observable(jet_shapes.d2, "$D_2$", *_PLANE, *_SAFE),
    "n2": _observable(jet_shapes.n2, "$N_2$", *_PLANE, *_SAFE),
    "m2": _observable(jet_shapes.m2, "$M_2$", *_PLANE, *_SAFE),
    "soft_drop_mass": _observable(
        lambda jets: _groomed(jets).mass,
        r"$m_\mathrm{SD}$",
        *_ALWAYS,
        *_SAFE,
        unit="GeV",
    ),
    # For beta = 0 z_g is only Sudakov safe (arXiv:1502.01719): nothing forbids a split core
    "zg": _observable(lambda jets: _groomed(jets).zg, "$z_g$", *_ALWAYS, "infrared"),
    "rg": _observable(lambda jets: _groomed(jets).rg, "$R_g$", *_ALWAYS, *_SAFE),
}


def observable_table(jets: Jets, names: Iterable[str] | None = None) -> pd.DataFrame:
    """The named observables (default: all), a row for each jet, computed a chunk of jets at a time.

    Columns have the names of `OBSERVABLES`, which say the units.

    Raises:
        ValueError: for a name that is not in `OBSERVABLES`.
    """
    names = list(OBSERVABLES if names is None else names)
    unknown = [name for name in names if name not in OBSERVABLES]
    if unknown:
        raise ValueError(f"no observable {unknown}: choose from {list(OBSERVABLES)}")
    parts = [{name: OBSERVABLES[name](part) for name in names} for part in chunks(jets)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in names}
    return pd.DataFrame(columns)
