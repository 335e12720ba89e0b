"""Observables: closed forms for few prongs, independent codes on real jets, bounded memory."""

import itertools

import numpy as np
import pytest

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics import chunks
from hepml_lite.jet_physics.observables import catalogue, jet_shapes, lund
from hepml_lite.jet_physics.variations import transformations as change

JETS_OF_A_CLASS = 12
THREE = Jets([[[300, 0.2, 3.1], [100, 0.2, -2.9], [50, 0.6, 3.1]]])  # across the seam of phi


def fractions_and_distances(jets, i):
    pt, eta, phi = jets.constituents[i][jets.mask[i]].astype(float).T
    return pt / pt.sum(), kinematics.delta_r(eta[:, None], phi[:, None], eta, phi)


def correlation(jets, n, beta, angles):
    """The definition, one set of n particles after another."""

    def of_one(i):
        z, distance = fractions_and_distances(jets, i)
        terms = []
        for subset in itertools.combinations(range(len(z)), n):
            sides = sorted(distance[pair] for pair in itertools.combinations(subset, 2))
            terms.append(z[list(subset)].prod() * np.prod(sides[:angles]) ** beta)
        return sum(terms)

    return np.array([of_one(i) for i in range(len(jets))])


def test_two_prongs():
    """A pair of fractions z, 1 - z at a distance d: every number follows."""
    pair = THREE.truncate(2)
    z, d = 0.25, 2 * np.pi - 6.0
    assert jet_shapes.mass(pair)[0] == pytest.approx(
        np.sqrt(2 * 300 * 100 * (1 - np.cos(d))), rel=1e-6
    )
    assert jet_shapes.multiplicity(pair)[0] == 2
    for beta in (0.5, 1, 2):
        expected = (z * (1 - z) ** beta + (1 - z) * z**beta) * (d / 0.8) ** beta
        assert jet_shapes.width(pair, beta)[0] == pytest.approx(expected, rel=1e-5)
        expected = z * (1 - z) * d**beta
        assert jet_shapes.energy_correlation(pair, 2, beta)[0] == pytest.approx(expected, rel=1e-5)
    assert jet_shapes.pt_dispersion(pair)[0] == pytest.approx(np.hypot(z, 1 - z))
    assert jet_shapes.n_subjettiness(pair, 1)[0] == pytest.approx(z * d / 0.8, rel=1e-3)
    groomed = jet_shapes.soft_drop(pair)
    assert (groomed.zg[0], groomed.rg[0]) == pytest.approx((z, d), rel=1e-5)
    for name in ("tau21", "c2", "d2", "n2", "m2"):
        assert catalogue.OBSERVABLES[name](pair)[0] == pytest.approx(0, abs=1e-9)


def test_three_prongs():
    z, distance = fractions_and_distances(THREE, 0)
    sides = np.sort(distance[np.triu_indices(3, 1)])
    e2 = sum(z[i] * z[j] * distance[i, j] for i, j in ((0, 1), (0, 2), (1, 2)))
    product = z.prod()
    expected = {
        "c2": product * sides.prod() / e2**2,
        "d2": product * sides.prod() / e2**3,
        "n2": product * sides[0] * sides[1] / e2**2,
        "m2": product * sides[0] / e2,
    }
    for name, value in expected.items():
        assert getattr(jet_shapes, name)(THREE)[0] == pytest.approx(value, rel=1e-9)
    assert jet_shapes.n_subjettiness(THREE, 3)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("n", "angles"), [(2, None), (3, None), (3, 1), (3, 2), (4, None), (4, 2)])
def test_correlations_are_their_definition(jets, n, angles):
    few = jets.truncate(9)
    found = jet_shapes.energy_correlation(few, n, 0.7, angles)
    np.testing.assert_allclose(found, correlation(few, n, 0.7, angles), rtol=1e-9, atol=1e-15)


def test_ratios_are_those_of_correlations(jets):
    e2 = jet_shapes.energy_correlation(jets, 2)
    e3, one, two = (jet_shapes.energy_correlation(jets, 3, angles=v) for v in (3, 1, 2))
    some = jets.n_constituents > 2
    for name, ratio in (
        ("c2", e3[some] / e2[some] ** 2),
        ("d2", e3[some] / e2[some] ** 3),
        ("n2", two[some] / e2[some] ** 2),
        ("m2", one[some] / e2[some]),
    ):
        values = getattr(jet_shapes, name)(jets)
        np.testing.assert_allclose(values[some], ratio, rtol=1e-9)
        assert not values[~some].any()


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_correlations_agree_with_energyflow(jets, beta):
    """Its sums run over ordered pairs and triples: 2 e_2, 6 e_3, 24 e_4."""
    energyflow = pytest.importorskip("energyflow", reason="run `make energyflow`")
    some = jets[jets.n_constituents > 2]
    events = [some.constituents[i][some.mask[i]].astype(float) for i in range(len(some))]
    settings = {"measure": "hadr", "beta": beta, "normed": True, "coords": "ptyphim"}
    graph = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    short = [event[:12] for event in events]
    references = {
        "c2": (energyflow.C2(**settings), 4 / 6, events),
        "d2": (energyflow.D2(**settings), 8 / 6, events),
        "e4": (energyflow.EFP(graph, **settings), 1 / 24, short),
    }
    cut = Jets.concatenate([Jets(event[None]) for event in short])
    for name, (reference, factor, inputs) in references.items():
        expected = factor * np.array([reference.compute(event) for event in inputs])
        if name == "e4":
            found = jet_shapes.energy_correlation(cut, 4, beta)
        else:
            found = getattr(jet_shapes, name)(some, beta)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-18)


def test_soft_drop_is_the_first_wide_splitting_of_the_lund_plane(jets):
    """Two codes: FastJet's grooming, and the tree of `clustering`."""
    groomed = jet_shapes.soft_drop(jets, z_cut=0.1, beta=1.0, radius=0.8)
    values, mask = lund.primary_lund_plane(jets)
    angle, z = np.exp(-values[..., 0]), values[..., 2]
    passes = mask & (z > 0.1 * angle / 0.8)
    first = passes.argmax(axis=1)[:, None]
    for mine, theirs in ((z, groomed.zg), (angle, groomed.rg)):
        chosen = np.where(passes.any(1), np.take_along_axis(mine, first, 1)[:, 0], 0)
        assert np.isclose(chosen, theirs, rtol=1e-6).mean() > 0.95


def test_one_particle():
    one = THREE.truncate(1)
    values = {name: observable(one)[0] for name, observable in catalogue.OBSERVABLES.items()}
    assert values.pop("pt") == pytest.approx(300)
    assert values.pop("multiplicity") == 1
    assert values.pop("pt_dispersion") == pytest.approx(1)
    assert all(value == pytest.approx(0, abs=1e-4) for value in values.values()), values


def test_a_particle_without_momentum_counts_but_weighs_nothing():
    ghost = Jets(
        np.concatenate([THREE.constituents, [[[0, 0.4, 3.0]]]], axis=1), mask=np.ones((1, 4), bool)
    )
    for name, observable in catalogue.OBSERVABLES.items():
        extra = name == "multiplicity"
        assert observable(ghost)[0] == pytest.approx(observable(THREE)[0] + extra, rel=1e-6)


def test_coincident_particles_give_finite_numbers():
    together = Jets([[[100, 0.3, np.pi], [50, 0.3, -np.pi], [20, 0.3, np.pi], [5, 0.3, np.pi]]])
    for observable in catalogue.OBSERVABLES.values():
        assert np.isfinite(observable(together)[0])


def test_mass_of_a_narrow_jet_is_its_thrust(jets):
    """m^2 / (pT R)^2 = lambda_2 (z) up to higher orders of the angle."""
    pair = change.collinear_split(THREE.truncate(1), 0, 0.3, 0.01)
    ratio = (jet_shapes.mass(pair) / (300 * 0.8)) ** 2 / jet_shapes.width(pair, 2.0)
    assert ratio[0] == pytest.approx(1, abs=1e-3)


def test_more_than_one_order_at_once(jets):
    both = jet_shapes.n_subjettiness(jets, (1, 3))
    assert both.shape == (len(jets), 2)
    np.testing.assert_allclose(both[:, 1], jet_shapes.n_subjettiness(jets, 3))


def test_chunks_change_nothing(jets, monkeypatch):
    whole = catalogue.observable_table(jets)
    seen = []
    stretches = chunks.chunks

    def small(jets, size=5):
        for part in stretches(jets, 5):
            seen.append(len(part))
            yield part

    for module in (chunks, jet_shapes, catalogue):
        monkeypatch.setattr(module, "chunks", small)
    pieces = catalogue.observable_table(jets)
    assert max(seen) <= 5 < len(jets)
    for name in whole:
        np.testing.assert_array_equal(pieces[name], whole[name])


def test_catalogue():
    assert {"mass", "width", "d2", "soft_drop_mass"} <= set(catalogue.OBSERVABLES)
    for observable in catalogue.OBSERVABLES.values():
        assert observable.laws <= set(catalogue.LAWS)
    assert catalogue.OBSERVABLES["mass"].label == "$m$ [GeV]"
    assert catalogue.OBSERVABLES["d2"].irc_safe
    assert not catalogue.OBSERVABLES["multiplicity"].irc_safe
    table = catalogue.observable_table(THREE, ["mass", "d2"])
    assert list(table) == ["mass", "d2"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: jet_shapes.width(THREE, kappa=0), "kappa"),
        (lambda: jet_shapes.energy_correlation(THREE, 6), "n is 1 to 5"),
        (lambda: jet_shapes.energy_correlation(THREE, 3, angles=4), "angles"),
        (lambda: jet_shapes.d2(THREE, beta=0), "beta is 0: give a number"),
        (lambda: jet_shapes.n_subjettiness(THREE, 0), "n is 0: give a whole number"),
        (lambda: jet_shapes.n_subjettiness_ratio(THREE, 1), "n is 1: give a whole number"),
        (lambda: catalogue.observable_table(THREE, ["girth"]), "girth"),
        (lambda: list(chunks.chunks(THREE, 0)), "at least 1"),
    ],
)
def test_what_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
