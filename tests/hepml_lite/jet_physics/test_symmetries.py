"""The laws that views of a jet claim, one helper each, on real jets of every class.

A law holds for nearly all jets, not for all: equal distances (the cells of a calorimeter), equal
momenta or a particle on the border of a pixel let rounding decide. Hence a share of jets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables import catalogue, jet_shapes, lund
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.jet_physics.views import graphs, images, invariants, sequences, seven_views

SAMPLES = ("top_tagging", "quark_gluon", "jet_classes")


def some_of_each_class(name: str) -> Jets:
    jets = load(name, "smoke")
    n = 24 // len(jets.names)
    jets = Jets.concatenate([jets.of_class(kind)[:n] for kind in jets.names])
    return jets.truncate(jets.n_constituents.max())


@pytest.fixture(scope="module", params=SAMPLES)
def jets(request):
    return some_of_each_class(request.param)


@pytest.fixture(scope="module")
def six_classes():
    """Enough where a law does not depend on the sample."""
    return some_of_each_class("jet_classes")


@dataclass(frozen=True)
class View:
    """A function of jets with one row a jet, and what it claims."""

    see: Callable[[Jets], np.ndarray]
    laws: frozenset
    share: float = 1.0  # of the jets that must keep the law
    tolerance: float = 1e-4  # in standard deviations between jets


def sums(function: Callable[[Jets], np.ndarray]) -> Callable[[Jets], np.ndarray]:
    """Sums over pairs, in which the order of the particles does not show."""

    def see(jets: Jets) -> np.ndarray:
        values = function(jets).astype(float)
        values = values[..., None] if values.ndim == 3 else values  # (N, P, P, F)
        return np.concatenate([values.sum((1, 2)), (values**2).sum((1, 2))], axis=-1)

    return see


def lund_plane(jets: Jets) -> np.ndarray:
    values, mask = lund.primary_lund_plane(jets)
    return flat(np.concatenate([values[..., :3], mask[..., None]], -1)[:, :40])


def lund_region(jets: Jets) -> np.ndarray:
    """Numbers and mean places of splittings with Delta > 0.05 and kT > 1 GeV: ln < 3 and > 0."""
    values, mask = lund.primary_lund_plane(jets)
    inside = mask & (values[..., 0] < 3) & (values[..., 1] > 0)
    return (np.concatenate([np.ones_like(values[..., :1]), values], -1) * inside[..., None]).sum(1)


def flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), int(np.prod(array.shape[1:])))


def claims(name: str) -> frozenset:
    """The laws that the view of this name claims in the library."""
    return frozenset(seven_views.VIEWS[name].laws)


# What the parts of a view keep for which the library makes no claim of their own
ALWAYS = ("permutation", "padding", "turn", "boost")
# One pass of minimisation may end in another minimum of tau_N; soft drop stops at a threshold
ROUNDED = dict.fromkeys(("tau21", "tau32", "zg", "rg", "soft_drop_mass"), 0.95)
VIEWS = {
    name: View(observable, observable.laws, ROUNDED.get(name, 1.0))
    for name, observable in catalogue.OBSERVABLES.items()
} | {
    "e_2": View(
        lambda jets: jet_shapes.energy_correlation(jets, 2), catalogue.OBSERVABLES["d2"].laws
    ),
    "image": View(
        lambda jets: flat(images.images(jets)),
        claims("image"),
        share=0.95,
    ),
    "sequence": View(
        lambda jets: flat(sequences.sequences(jets, "pt", 20)[0]), claims("sequence"), share=0.7
    ),
    "walk": View(
        lambda jets: flat(sequences.sequences(jets, "cambridge", 20)[0]),
        claims("sequence"),
        share=0.9,
    ),
    "Lund plane": View(lund_plane, frozenset([*ALWAYS, "mirror"]), share=0.95, tolerance=1e-3),
    "Lund region": View(
        lund_region, frozenset([*ALWAYS, "infrared", "collinear"]), share=0.95, tolerance=1e-3
    ),
    "pairs": View(
        sums(graphs.pairwise_features),
        frozenset([*ALWAYS, "mirror"]),
        share=0.95,
        tolerance=1e-3,
    ),
    "distances": View(
        sums(lambda jets: graphs.pairwise_features(jets)[..., :3]),
        frozenset([*ALWAYS, "mirror", "rotation"]),
        share=0.95,
        tolerance=1e-3,
    ),
    "products": View(sums(invariants.minkowski_products), claims("graph")),
}
MOVES = {
    "permutation": lambda jets: change.permuted(jets, np.random.default_rng(0)),
    "padding": lambda jets: jets.padded(jets.mask.shape[1] + 7),
    "turn": lambda jets: change.turned(jets, 2.5),
    "boost": lambda jets: change.boosted(jets, 1.3),
    "mirror": change.mirrored,
    "rotation": lambda jets: change.rotated(jets, 0.9),
    "lorentz": lambda jets: change.lorentz_boosted(jets, (0.3, -0.2, 0.4)),
}


@cache
def moved(jets: Jets, law: str) -> Jets:
    return MOVES[law](jets)


@cache
def emitted(jets: Jets, kind: str, scale: float, which: int = 0) -> Jets:
    """With a particle of scale x 100 GeV, or with a constituent split by an angle of scale."""
    if kind == "infrared":
        return change.soft_added(jets, 100 * scale, np.random.default_rng(1))
    return change.collinear_split(jets, which, 0.4, scale)


def changes(view: View, new: Jets, old: Jets) -> np.ndarray:
    """The largest change of each jet, in standard deviations of a number between jets, (N,)."""
    before, after = (np.asarray(view.see(j), float).reshape(len(j), -1) for j in (old, new))
    assert np.isfinite(before).all()
    spread = before.std(axis=0)
    # A pixel that is empty in nearly every jet has hardly a spread of its own
    return (np.abs(after - before) / np.maximum(spread, 0.01 * spread.max())).max(axis=1)


def assert_unchanged(view: View, law: str, jets: Jets) -> None:
    change_of_jet = changes(view, moved(jets, law), jets)
    kept = (change_of_jet <= view.tolerance).mean()
    assert kept >= view.share, (
        f"{kept:.3f} keep {law}; largest changes {np.sort(change_of_jet)[-5:]}"
    )


def assert_limit(view: View, kind: str, jets: Jets, which: int = 0) -> None:
    """The mean change falls with the scale of what is radiated, towards nothing."""
    scales = (1e-1, 1e-3, 1e-5)
    means = [changes(view, emitted(jets, kind, scale, which), jets).mean() for scale in scales]
    assert means[2] < 0.1 * means[0] + 1e-6, f"the change does not fall: {means}"
    assert means[2] < 0.02, f"a change remains: {means}"


def claiming(law: str) -> list[str]:
    return [name for name, view in VIEWS.items() if law in view.laws]


@pytest.mark.parametrize("name", VIEWS)
def test_symmetries(name, jets):
    for law in VIEWS[name].laws & MOVES.keys():
        assert_unchanged(VIEWS[name], law, jets)


@pytest.mark.parametrize("name", claiming("infrared"))
def test_infrared_safety(name, jets):
    assert_limit(VIEWS[name], "infrared", jets)


@pytest.mark.parametrize("name", claiming("collinear"))
def test_collinear_safety(name, jets):
    for which in (0, 3):
        assert_limit(VIEWS[name], "collinear", jets, which)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("multiplicity", "infrared"), ("multiplicity", "collinear"), ("pt_dispersion", "collinear")],
)
def test_what_is_not_safe_says_so(name, kind, jets):
    """The change stays, however soft or narrow the emission."""
    assert kind not in VIEWS[name].laws
    means = [
        changes(VIEWS[name], emitted(jets, kind, scale), jets).mean() for scale in (1e-3, 1e-5)
    ]
    assert means[1] > 0.01
    assert means[1] == pytest.approx(means[0], rel=0.05)


@pytest.mark.parametrize("name", VIEWS)
def test_one_or_two_particles(name, six_classes):
    for n in (1, 2):
        few = six_classes.truncate(n)
        for sample in (few, few.padded(5)):
            seen = np.asarray(VIEWS[name].see(sample), float)
            assert len(seen) == len(six_classes)
            assert np.isfinite(seen).all()


@pytest.mark.parametrize("name", VIEWS)
def test_no_jets(name, six_classes):
    assert len(VIEWS[name].see(six_classes[:0])) == 0
