"""Massive constituents: observables against formulas by hand, FastJet and energyflow."""

import fastjet
import numpy as np
import pytest
import torch

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics import observables
from hepml_lite.jet_physics.distances.energy_movers_distance import particles
from hepml_lite.jet_physics.observables import lund
from hepml_lite.jet_physics.observables.clustering import cluster
from hepml_lite.jet_physics.observables.energy_flow_polynomials import energy_flow_polynomials
from hepml_lite.jet_physics.variations import systematics
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.jet_physics.views.graphs import pairwise_features
from hepml_lite.jet_physics.views.invariants import minkowski_product, minkowski_products
from hepml_lite.jet_physics.views.seven_views import VIEWS
from hepml_lite.networks.inputs import four_vectors, particle_inputs

PION, KAON, PROTON = 0.1396, 0.4937, 0.9383


@pytest.fixture(scope="module")
def jets():
    """Jets of soft pions, kaons and protons, away from eta = 0, where masses matter most."""
    rng = np.random.default_rng(3)
    shape = (40, 9)
    pt = rng.exponential(2, shape) + 0.3
    eta = rng.normal(1.2, 0.3, shape)
    phi = rng.normal(0.5, 0.3, shape)
    mask = np.arange(9) < rng.integers(4, 10, 40)[:, None]
    mass = rng.choice([0, PION, KAON, PROTON], shape)
    return Jets(np.stack([pt, eta, phi], -1), mask=mask, constituent_mass=mass)


def momenta(jets):
    """E, px, py, pz of the constituents of each jet in double precision, a list of (n, 4)."""
    pt, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    p4 = kinematics.four_vectors(pt, eta, phi, jets.constituent_mass.astype(float))
    return [row[real] for row, real in zip(p4, jets.mask, strict=True)]


def shares_and_distances(p4):
    """pT / sum pT (n,) and Delta R (n, n), from energies and ln (E + pz) / (E - pz) / 2."""
    energy, px, py, pz = p4.T
    pt = np.hypot(px, py)
    rapidity = np.log((energy + pz) / (energy - pz)) / 2
    phi = np.arctan2(py, px)
    distance = np.hypot(
        rapidity[:, None] - rapidity, (phi[:, None] - phi + np.pi) % (2 * np.pi) - np.pi
    )
    return pt / pt.sum(), distance


def correlations(p4, beta):
    """e_2, e_3 (all three angles) and _2e_3 (the two smallest) of one jet, by sums."""
    z, distance = shares_and_distances(p4)
    angle = distance**beta
    n = len(z)
    e2 = sum(z[i] * z[j] * angle[i, j] for i in range(n) for j in range(i))
    e3 = 0
    two_smallest = 0
    for i in range(n):
        for j in range(i):
            for k in range(j):
                weight = z[i] * z[j] * z[k]
                three = sorted([angle[i, j], angle[i, k], angle[j, k]])
                e3 += weight * np.prod(three)
                two_smallest += weight * three[0] * three[1]
    return e2, e3, two_smallest


def test_mass_and_rapidity(jets):
    total = np.array([p4.sum(0) for p4 in momenta(jets)])
    energy, px, py, pz = total.T
    expected = np.sqrt(energy**2 - px**2 - py**2 - pz**2)
    np.testing.assert_allclose(observables.mass(jets), expected, rtol=1e-9)
    assert (observables.mass(jets.massless()) < 0.95 * expected).mean() > 0.8, "masses matter"
    rapidity = np.log((energy + pz) / (energy - pz)) / 2
    np.testing.assert_allclose(jets.rapidity, rapidity, rtol=1e-9)


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_correlators_are_sums_over_energies_and_rapidities(jets, beta):
    e2, e3, two_smallest = np.array([correlations(p4, beta) for p4 in momenta(jets)]).T
    expected = {"c2": e3 / e2**2, "d2": e3 / e2**3, "n2": two_smallest / e2**2}
    expected["m2"] = np.array([smallest_angle(p4, beta) for p4 in momenta(jets)]) / e2
    for name, values in expected.items():
        found = getattr(observables, name)(jets, beta)
        np.testing.assert_allclose(found, values, rtol=1e-5, err_msg=name)
        massless = getattr(observables, name)(jets.massless(), beta)
        assert np.abs(massless / values - 1).max() > 0.05, f"{name} must notice masses"


def smallest_angle(p4, beta):
    """_1e_3 of one jet: triplets weighted with their smallest angle."""
    z, distance = shares_and_distances(p4)
    n = len(z)
    total = 0
    for i in range(n):
        for j in range(i):
            for k in range(j):
                angle = min(distance[i, j], distance[i, k], distance[j, k]) ** beta
                total += z[i] * z[j] * z[k] * angle
    return total


def two_protons(pt=(3.0, 1.0), eta=(2.0, 2.5)):
    return Jets([[[pt[0], eta[0], 0.0], [pt[1], eta[1], 0.0]]], constituent_mass=[[PROTON, PROTON]])


def test_two_protons_at_an_angle():
    pair = two_protons()
    (p4,) = momenta(pair)
    distance = shares_and_distances(p4)[1][0, 1]
    assert distance < 0.35, "0.5 in pseudorapidity"
    tau = observables.n_subjettiness(pair, 1, radius=0.8)
    np.testing.assert_allclose(tau, 0.25 * distance / 0.8, rtol=1e-3)
    groomed = observables.soft_drop(pair)
    np.testing.assert_allclose(groomed.rg, distance, rtol=1e-5)
    np.testing.assert_allclose(groomed.mass, pair.mass, rtol=1e-5)
    values, _ = lund.primary_lund_plane(pair)
    np.testing.assert_allclose(values[0, 0, :2], [-np.log(distance), np.log(distance)], rtol=1e-5)
    np.testing.assert_allclose(observables.width(pair), 0.375 * distance / 0.8, rtol=1e-5)
    apart = np.linalg.norm(np.diff(particles(pair)[0][:, 1:], axis=0))
    np.testing.assert_allclose(apart, distance, rtol=1e-5)
    np.testing.assert_allclose(
        energy_flow_polynomials(pair, 1)[0, 1], 2 * 0.75 * 0.25 * distance, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("cambridge", fastjet.cambridge_algorithm), ("kt", fastjet.kt_algorithm)],
)
def test_the_last_merge_is_that_of_fastjet(jets, name, algorithm):
    trees = cluster(jets, name)
    definition = fastjet.JetDefinition(algorithm, 20.0)
    for i, p4 in enumerate(momenta(jets)):
        inputs = [fastjet.PseudoJet(px, py, pz, energy) for energy, px, py, pz in p4]
        sequence = fastjet.ClusterSequence(inputs, definition)
        found = sorted(j.E() for j in sequence.exclusive_jets(2))
        ours = sorted(trees.momenta[i, trees.children[i, trees.root[i]], 0])
        np.testing.assert_allclose(ours, found, rtol=1e-6)


def test_energy_flow_polynomials_are_those_of_energyflow(jets):
    energyflow = pytest.importorskip("energyflow")
    theirs = energyflow.EFPSet("d<=3", measure="hadr", beta=1, normed=True, coords="epxpypz")
    few = jets[:10]
    expected = np.array([theirs.compute(p4) for p4 in momenta(few)])
    ours = energy_flow_polynomials(few, 3, prime=False)
    for one, other in zip(ours, expected, strict=True):  # the graphs come in another order
        np.testing.assert_allclose(np.sort(one), np.sort(other), rtol=1e-5)


def test_products_and_masses_of_pairs(jets):
    products = minkowski_products(jets)
    np.testing.assert_allclose(products.sum((1, 2)), jets.mass**2, rtol=1e-6)
    diagonal = np.diagonal(products, axis1=1, axis2=2)
    np.testing.assert_allclose(diagonal, jets.constituent_mass**2, rtol=1e-6, atol=1e-12)
    features = pairwise_features(jets)
    (p4,) = momenta(jets[:1])
    pair = p4[0] + p4[1]
    squared = minkowski_product(pair, pair)
    np.testing.assert_allclose(features[0, 0, 1, 3], np.log(squared), rtol=1e-5)
    distance = shares_and_distances(p4)[1][0, 1]
    np.testing.assert_allclose(features[0, 0, 1, 2], np.log(distance), rtol=1e-5)
    heaviest = max(minkowski_product(a + b, a + b) for a in p4 for b in p4 if a is not b)
    np.testing.assert_allclose(VIEWS["graph"](jets)[0, 0], np.log(heaviest), rtol=1e-2)


KEPT = {
    "permuted": lambda jets: change.permuted(jets, np.random.default_rng(0)),
    "turned": lambda jets: change.turned(jets, 2.0),
    "mirrored": change.mirrored,
    "boosted": lambda jets: change.boosted(jets, 0.7),
    "boosted sideways": lambda jets: change.lorentz_boosted(jets, [0.2, -0.1, 0.3]),
    "split": lambda jets: change.collinear_split(jets, which=1),
}


@pytest.mark.parametrize("name", KEPT)
def test_exact_symmetries_keep_the_mass(jets, name):
    np.testing.assert_allclose(KEPT[name](jets).mass, jets.mass, rtol=2e-5)


@pytest.mark.parametrize("name", ["rotated", "boosted", "mirrored"])
def test_moves_in_the_plane_keep_distances(jets, name):
    moves = KEPT | {"rotated": lambda jets: change.rotated(jets, 0.7)}
    for function in (observables.c2, observables.d2, observables.width):
        np.testing.assert_allclose(function(moves[name](jets)), function(jets), rtol=1e-4)


def test_variations_of_the_detector_keep_masses(jets):
    scaled = systematics.energy_scaled(jets, 1.1)
    np.testing.assert_allclose(scaled.mass, 1.1 * jets.mass, rtol=1e-5)
    kept = systematics.soft_lost(jets, 1.0)
    assert not kept.constituent_mass[~kept.mask].any()
    for name in systematics.VARIATIONS:
        same = systematics.vary(jets, name, 0.0)
        np.testing.assert_allclose(same.mass, jets.mass, rtol=1e-5, err_msg=name)


def test_networks_are_given_energies_with_masses(jets):
    columns, mask = particle_inputs(jets)
    p4 = four_vectors(torch.tensor(columns, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(p4[mask], np.concatenate(momenta(jets)), rtol=1e-6)
    np.testing.assert_allclose(jets.four_vectors()[mask], p4[mask], rtol=1e-5)
    assert particle_inputs(jets.massless())[0].shape[-1] == 3
