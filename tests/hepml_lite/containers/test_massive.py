"""Constituents with masses: kept by every conversion and change, absent where there are none."""

import awkward as ak
import numpy as np
import pytest
import vector

from data_fetch import packing
from hepml_lite.containers.jets import Jets

PROTON = 0.938
ENERGY = np.sqrt(3**2 + PROTON**2)
PROTONS = np.array([[[ENERGY, 3, 0, 0], [ENERGY, 0, 3, 0]]])


def massive_jets(n=30, slots=8, seed=0):
    rng = np.random.default_rng(seed)
    pt = rng.exponential(5, (n, slots)) + 0.2
    eta = rng.normal(1.0, 0.4, (n, slots))
    phi = rng.normal(0.3, 0.4, (n, slots))
    mask = np.arange(slots) < rng.integers(3, slots + 1, n)[:, None]
    mass = rng.choice([0.0, 0.1396, 0.4937, PROTON], (n, slots))
    return Jets(np.stack([pt, eta, phi], -1), mask=mask, constituent_mass=mass)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_two_protons_at_a_right_angle(kind):
    jets = Jets.from_four_vectors(PROTONS.astype(kind))
    assert jets.mass[0] == pytest.approx(4.639, abs=5e-4)
    assert jets.massless().mass[0] == pytest.approx(4.243, abs=5e-4)
    assert Jets.from_awkward(jets.to_awkward()).mass[0] == pytest.approx(4.639, abs=5e-4)


def test_sums_agree_with_vector():
    jets = massive_jets()
    total = ak.sum(jets.to_awkward(), axis=1)
    for ours, theirs in ((jets.mass, total.mass), (jets.rapidity, total.rapidity)):
        np.testing.assert_allclose(ours, ak.to_numpy(theirs), rtol=1e-9)
    np.testing.assert_allclose(jets.eta, ak.to_numpy(total.eta), rtol=1e-9)
    each = ak.to_numpy(ak.flatten(jets.to_awkward().rapidity))
    np.testing.assert_allclose(jets.constituent_rapidity[jets.mask], each, rtol=1e-9)


def unpacked(jets):
    return Jets(
        **packing.unpack(packing.pack(jets), {"container": "Jets", "classes": jets.names}).arrays()
    )


WAYS = {
    "selected": lambda jets: jets[np.arange(len(jets))],
    "sorted": lambda jets: jets.sorted_by_pt(),
    "truncated": lambda jets: jets.truncate(8),
    "padded": lambda jets: jets.padded(12),
    "joined": lambda jets: Jets.concatenate([jets[:7], jets[7:]]),
    "packed": unpacked,
    "four-vectors": lambda jets: Jets.from_four_vectors(jets.four_vectors(), mask=jets.mask),
    "awkward": lambda jets: Jets.from_awkward(jets.to_awkward()),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_mass_survives(way):
    jets = massive_jets()
    again = WAYS[way](jets)
    loss = 2e-3 if way == "packed" else 1e-5
    np.testing.assert_allclose(again.mass, jets.mass, rtol=loss)
    assert not again.constituent_mass[~again.mask].any()


def test_massless_jets_have_no_mass_and_may_join_others():
    light = massive_jets().massless()
    assert light.constituent_mass is None
    assert Jets.from_awkward(light.to_awkward()).constituent_mass is None
    joined = Jets.concatenate([light, massive_jets()])
    assert not joined.constituent_mass[: len(light)].any()
    np.testing.assert_allclose(joined.mass[: len(light)], light.mass)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_rounding_is_no_mass(kind):
    rng = np.random.default_rng(1)
    momenta = rng.normal(size=(300, 5, 3)) * 50
    energy = np.linalg.norm(momenta, axis=-1, keepdims=True)
    p4 = np.concatenate([energy, momenta], axis=-1).astype(kind)
    exact = p4.astype(float)
    assert (exact[..., 0] ** 2 < (exact[..., 1:] ** 2).sum(-1)).mean() > 0.2, "rounding both ways"
    assert Jets.from_four_vectors(p4).constituent_mass is None


@pytest.mark.parametrize("name", ["mass", "M", "m", "E", "e", "energy"])
def test_every_name_of_the_fourth_coordinate(name):
    fourth = PROTON if name in ("mass", "M", "m") else ENERGY
    particles = [{"px": 3.0, "py": 0.0, "pz": 0.0}, {"px": 0.0, "py": 3.0, "pz": 0.0}]
    array = ak.Array([[particle | {name: fourth} for particle in particles]])
    assert Jets.from_awkward(array).mass[0] == pytest.approx(4.639, abs=5e-4)
    generic = [
        {"x": 3.0, "y": 0.0, "z": 0.0, "t": ENERGY},
        {"x": 0.0, "y": 3.0, "z": 0.0, "t": ENERGY},
    ]
    array = ak.with_name(ak.Array([generic]), "Vector4D")
    assert Jets.from_awkward(array).mass[0] == pytest.approx(4.639, abs=5e-4)


def record(**coordinates):
    return {"pt": 3.0, "eta": 0.0, "phi": 1.0, "mass": 0.1} | coordinates


def test_awkward_arrays_with_room_for_missing_particles():
    array = ak.Array([[record(), None], [record()]])
    with pytest.raises(ValueError, match="jet 0 has a missing particle"):
        Jets.from_awkward(array)
    assert Jets.from_awkward(array[:, :1]).n_constituents.tolist() == [1, 1]
    assert len(Jets.from_awkward(ak.drop_none(array, axis=1))) == 2


NAN = [[[np.nan, 100, 0, 0], [50, 0, 50, 0]]]
MOVED = np.roll(PROTONS, -1, axis=-1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Jets.from_four_vectors(NAN), r"1 of 2 particles have NaN.*particle 0 of jet 0"),
        (lambda: Jets.from_four_vectors([[[-5, 3, 0, 0]]]), "negative energy.*-5, 3, 0, 0"),
        (lambda: Jets.from_four_vectors([[[2, 3, 0, 0]]]), r"E < \|p\|.*2, 3, 0, 0"),
        (lambda: Jets.from_four_vectors(MOVED), r"order seems to be \(px, py, pz, E\)"),
        (lambda: Jets.from_four_vectors([[[5, 0, 0, 5]]]), "eta is infinite"),
        (lambda: Jets.from_four_vectors(PROTONS, invalid="keep"), "refuse.*drop"),
        (lambda: Jets.from_four_vectors(np.ma.array(PROTONS)), "p4 is a masked array"),
        (lambda: Jets.from_awkward(ak.Array([record()])), r"np.newaxis"),
        (lambda: Jets.from_awkward(ak.Array([[record()], None])), "jet 1 is missing"),
        (lambda: Jets.from_awkward(ak.Array([[record(mass=-1.0)]])), "negative constituent mass"),
        (lambda: Jets.from_awkward(ak.Array([[{"pz": 1.0}]])), "no pt, eta, phi in records"),
        (lambda: Jets.from_awkward(ak.Array([[record()]]), pid="id"), "no field 'id'"),
        (lambda: Jets([[[1, 0, 0]]], constituent_mass=[[-1]]), "negative constituent mass"),
        (lambda: Jets([[[1, 0, 0]]], constituent_mass=[1]), "constituent_mass has shape"),
    ],
)
def test_nonsense_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_particles_are_dropped_where_this_is_asked_for():
    jets = Jets.from_four_vectors(NAN, invalid="drop")
    assert jets.pt.tolist() == [50]
    vector.register_awkward()
    array = ak.Array([[record(), record(pt=np.nan)]])
    assert Jets.from_awkward(array, invalid="drop").n_constituents.tolist() == [1]
