import numpy as np
import pytest
import torch

from hepml_lite import kinematics
from hepml_lite.representations.jet_assignment import results
from hepml_lite.representations.jet_assignment.candidate_numbers import (
    W_MASS,
    candidate_numbers,
    masses,
    neutrinos,
)
from hepml_lite.representations.jet_assignment.chi_square import ChiSquare
from hepml_lite.representations.jet_assignment.contrastive_combinatorics import (
    ContrastiveCombinatorics,
    log_partners,
    nodes,
    parent_loss,
)
from hepml_lite.representations.jet_assignment.mixed_events import MixedEventContrast, mixed
from hepml_lite.representations.jet_assignment.supervised import SupervisedAssignment
from hepml_lite.representations.jet_assignment.top_pairs import ALL, TopPairs, chance, hits

TOP, W = 172.5, 80.4
ROLES = np.array([1, 2, 3, 3, 0, 0])
QUICK = {"epochs": 1, "progress": False}


def two_body(parent, masses, rng):
    """Isotropic decay of four-vectors (N, 4) to two particles of these masses."""
    n = len(parent)
    m = np.sqrt(parent[:, 0] ** 2 - (parent[:, 1:] ** 2).sum(axis=1))
    first, second = masses
    p = np.sqrt((m**2 - (first + second) ** 2) * (m**2 - (first - second) ** 2)) / (2 * m)
    axis = rng.normal(size=(n, 3))
    axis *= (p / np.linalg.norm(axis, axis=1))[:, None]
    beta = parent[:, 1:] / parent[:, :1]
    found = []
    for mass, sign in ((first, 1), (second, -1)):
        energy = np.hypot(p, mass)
        gamma = parent[:, 0] / m
        along = (beta * axis * sign).sum(axis=1)
        factor = gamma**2 / (gamma + 1) * along + gamma * energy
        momentum = sign * axis + factor[:, None] * beta
        found.append(np.column_stack([gamma * (energy + along), momentum]))
    return found


@pytest.fixture(scope="module")
def exact():
    """400 top pairs without any error of measurement, with two more jets each."""
    rng = np.random.default_rng(1)
    n = 400
    tops = []
    for _ in range(2):
        momentum = rng.normal(0, 100, (n, 3))
        tops.append(np.column_stack([np.sqrt(TOP**2 + (momentum**2).sum(axis=1)), momentum]))
    boson, b_leptonic = two_body(tops[0], (W, 0.0), rng)
    lepton, neutrino = two_body(boson, (0.0, 0.0), rng)
    boson, b_hadronic = two_body(tops[1], (W, 0.0), rng)
    quarks = two_body(boson, (0.0, 0.0), rng)
    others = rng.normal(0, 60, (2, n, 3))
    others = [np.column_stack([np.linalg.norm(p, axis=1), p]) for p in others]
    jets = np.stack([b_leptonic, b_hadronic, *quarks, *others], axis=1)
    jets = np.stack(kinematics.pt_eta_phi_mass(jets), axis=-1)
    missing = np.column_stack(kinematics.pt_eta_phi_mass(neutrino)[0:3:2])
    role = np.tile(ROLES, (n, 1))
    tagged = np.isin(role, (1, 2))
    lepton = np.column_stack(kinematics.pt_eta_phi_mass(lepton)[:3])
    return TopPairs(jets, tagged, role, lepton, missing)


@pytest.fixture(scope="module")
def fewer(exact):
    """The same with four, five and six jets."""
    jets = exact.jets.copy()
    jets[::3, 4:] = 0
    jets[1::3, 5:] = 0
    return TopPairs(jets, exact.tagged, exact.role, exact.lepton, exact.missing)


def shuffled(pairs, seed=0):
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(6), (len(pairs), 1)), axis=1)
    return order, pairs.permuted(order)


def named(assignment, order):
    """Jets of an assignment by their numbers before the shuffle, the two of the W sorted."""
    jets = np.take_along_axis(order, ALL[assignment], 1)
    return np.column_stack([jets[:, :2], np.sort(jets[:, 2:], axis=1)])


@pytest.fixture(scope="module")
def trained(fewer):
    return {
        "chi square": ChiSquare.fit(fewer),
        "supervised": SupervisedAssignment(QUICK).fit(fewer),
        "mixed": MixedEventContrast(iterations=30).fit(fewer),
        "CoCo": ContrastiveCombinatorics(settings=QUICK).fit(fewer),
    }


def test_guessing(fewer):
    assert sorted(set(fewer.possible.sum(axis=1))) == [12, 60, 180]
    number = fewer.real.sum(axis=1)
    expected = np.select([number == 4, number == 5], [1 / 12, 1 / 60], 1 / 180)
    assert chance(fewer) == pytest.approx(expected.mean())


def test_the_right_assignment_has_the_masses_of_the_decay(exact):
    for mass, expected in zip(masses(exact), (W, TOP, TOP), strict=True):
        right = mass[np.arange(len(exact)), exact.truth]
        assert np.allclose(right, expected, rtol=1e-5)


def test_the_neutrino_gives_the_w(exact):
    lepton = kinematics.four_vectors(*exact.lepton.T)[:, None]
    p = lepton + neutrinos(exact)
    mass = np.sqrt(p[..., 0] ** 2 - (p[..., 1:] ** 2).sum(axis=-1))
    assert np.allclose(mass, W_MASS, rtol=1e-4)


def test_chi_square_finds_every_decay_without_errors(exact):
    sharp = ChiSquare((W, TOP, TOP), (0.01, 0.01, 0.01))
    assert hits(exact, sharp.score(exact)).all()


@pytest.mark.parametrize("method", ["chi square", "supervised", "mixed", "CoCo"])
def test_the_order_of_the_jets_does_not_matter(method, trained, fewer):
    order, other = shuffled(fewer)
    one, two = (trained[method].score(pairs) for pairs in (fewer, other))
    assert np.allclose(np.sort(one, axis=1), np.sort(two, axis=1), atol=1e-4)
    gap = np.diff(np.sort(one, axis=1)[:, -2:], axis=1)[:, 0]
    clear = gap > 1e-3  # ties of trees may be broken either way
    same = np.tile(np.arange(6), (len(fewer), 1))
    first, second = named(one.argmax(axis=1), same), named(two.argmax(axis=1), order)
    assert np.array_equal(first[clear], second[clear])
    assert clear.sum() > 20


@pytest.mark.parametrize("method", ["chi square", "supervised", "mixed", "CoCo"])
def test_no_method_names_an_absent_jet(method, trained, fewer):
    scores = trained[method].score(fewer)
    assert np.array_equal(np.isfinite(scores), fewer.possible)


def test_mixed_events_read_no_role(fewer):
    none = TopPairs(
        fewer.jets, fewer.tagged, np.zeros_like(fewer.role), fewer.lepton, fewer.missing
    )
    one, two = (MixedEventContrast(iterations=5).fit(p).score(fewer) for p in (fewer, none))
    assert np.array_equal(one, two)


def test_jets_of_a_mixed_event_come_from_different_events(fewer):
    fake = mixed(fewer, np.random.default_rng(0))
    source = {jet[0]: i for i, event in enumerate(fewer.jets) for jet in event if jet[0] > 0}
    shared = [
        len({source[jet[0]] for jet in event if jet[0] > 0}) < (event[:, 0] > 0).sum()
        for event in fake.jets
    ]
    assert len(fake) > 20
    assert not any(shared)


def test_loss_of_parents_on_known_points():
    points = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    log_p = log_partners(points, torch.ones(1, 3, dtype=torch.bool), 1.0)
    expected = np.log(1 + np.exp(-1))  # two anchors, each with one partner and one stranger
    assert parent_loss(log_p, torch.tensor([[1, 1, 0]])).item() == pytest.approx(expected)
    assert parent_loss(log_p, torch.tensor([[1, 2, 0]])).item() == 0


def test_neighbours_on_the_sphere_ignore_absent_jets(fewer, trained):
    table, mask = nodes(fewer)
    noise = np.where(mask[..., None], table, 7.0).astype(np.float32)
    network = trained["CoCo"].network
    with torch.no_grad():
        one, two = (network(torch.as_tensor(x), torch.as_tensor(mask)) for x in (table, noise))
    real = torch.as_tensor(mask)[:, None].expand(-1, 2, -1)
    assert torch.allclose(one[real], two[real], atol=1e-5)


def test_numbers_of_absent_candidates_are_zero(fewer):
    assert not candidate_numbers(fewer)[~fewer.possible].any()


def test_errors(fewer):
    with pytest.raises(ValueError, match="scores of shape"):
        hits(fewer, np.zeros((3, 180)))
    with pytest.raises(RuntimeError, match="call fit first"):
        MixedEventContrast().score(fewer)
    with pytest.raises(ValueError, match="give 100 or more"):
        MixedEventContrast().fit(fewer[:10])


def test_results_of_seeds(tmp_path):
    right, judge = np.array([True, True, False, True]), np.array([True, False, True, False])
    row = results.Row.of("a", 0, right, judge, 1.0)
    stored = results.Results(10, 0.1, [row, results.Row.of("a", 1, judge, judge, 1.0)])
    results.write(stored, tmp_path / "results.json")
    again = results.read(tmp_path / "results.json")
    assert again.efficiency("a").value == pytest.approx((0.75 + 0.5) / 2)
    assert again.gain("a").value == pytest.approx((2 - 1) / 4 / 2)
    with pytest.raises(ValueError, match="no method 'b'"):
        again.gain("b")
