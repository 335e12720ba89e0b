"""N-subjettiness and soft drop: jets with a known answer, and the laws that both must keep."""

import awkward as ak
import numpy as np
import pytest
import vector
from scipy.optimize import minimize

from hepml_lite import kinematics
from hepml_lite.jet_physics.substructure import n_subjettiness, soft_drop

RADIUS = 0.8


def jets(*rows):
    """Jets of (pT, rapidity, phi) rows, massless."""
    vector.register_awkward()
    energy, px, py, pz = kinematics.four_vectors(*np.concatenate(rows).T).T
    flat = ak.zip({"px": px, "py": py, "pz": pz, "E": energy}, with_name="Momentum4D")
    return ak.unflatten(flat, [len(row) for row in rows])


def random_rows(rng, n, low=10, high=40):
    sizes = rng.integers(low, high, n)
    return [
        np.column_stack([rng.exponential(10, k) + 0.1, *rng.normal(0, 0.2, (2, k))]) for k in sizes
    ]


@pytest.fixture
def rows(rng):
    return random_rows(rng, 20)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_two_prongs():
    """tau_1 = pT_2 Delta R / (pT_1 + pT_2) R with the axis on the harder one, tau_2 = 0."""
    two = jets([(300, 0.2, 3.0), (100, 0.2, 3.0 + 0.4)])
    tau = n_subjettiness(two, (1, 2, 3), RADIUS)
    np.testing.assert_allclose(tau, [[100 * 0.4 / (400 * RADIUS), 0, 0]], rtol=1e-3, atol=1e-9)
    groomed = soft_drop(two, 0.1, 0.0, RADIUS)
    assert groomed.zg == pytest.approx(0.25)
    assert groomed.rg == pytest.approx(0.4)
    assert groomed.mass == pytest.approx(np.sqrt(2 * 300 * 100 * (1 - np.cos(0.4))))


def test_soft_drop_takes_off_a_soft_branch_at_a_wide_angle():
    pair = [(300, 0, 0), (100, 0, 0.2)]
    soft = (20, 0.7, 0)
    bare, dressed = soft_drop(jets(pair, [*pair, soft]), 0.1, 0.0, RADIUS).mass
    assert dressed == pytest.approx(bare)
    kept = soft_drop(jets([*pair, soft]), 0.04, 0.0, RADIUS)
    assert kept.mass > 1.5 * bare
    assert kept.zg == pytest.approx(20 / 420, rel=0.01)


def test_a_larger_beta_grooms_less(rows):
    """For beta > 0 the threshold z_cut (Delta R / R)^beta is lower inside the jet."""
    mass = [soft_drop(jets(*rows), 0.1, beta, RADIUS).mass for beta in (0, 1, 2)]
    assert (np.diff(mass, axis=0) > -1e-6).all()
    assert (mass[2] > mass[0] + 0.1).any()


def test_one_constituent_has_no_substructure():
    one = jets([(100, 1, 2)])
    assert not n_subjettiness(one, (1, 2), RADIUS).any()
    groomed = soft_drop(one, 0.1, 0.0, RADIUS)
    assert (groomed.zg, groomed.rg) == (0, 0)
    assert 0 <= groomed.mass < 1e-4


def test_tau_1_is_the_minimum_over_axes(rows):
    """Against a minimum found by scipy from the hardest particle on."""

    def tau_1(axis, row):
        distance = kinematics.delta_r(row[:, 1], row[:, 2], *axis)
        return (row[:, 0] * distance).sum() / (row[:, 0].sum() * RADIUS)

    found = n_subjettiness(jets(*rows), (1,), RADIUS)[:, 0]
    starts = [row[row[:, 0].argmax(), 1:] for row in rows]
    ends = [
        minimize(tau_1, start, args=(row,), method="Nelder-Mead").fun
        for start, row in zip(starts, rows, strict=True)
    ]
    assert (found > np.array(ends) * 0.999).all()
    np.testing.assert_allclose(found.mean(), np.mean(ends), rtol=0.01)


def test_more_axes_are_nearer(rows):
    tau = n_subjettiness(jets(*rows), (1, 2, 3, 4), RADIUS)
    assert (np.diff(tau, axis=1) < 1e-9).all()


def test_scale_of_the_momenta(rows):
    """Fractions and angles do not see the scale; masses follow it."""
    small, large = jets(*rows), jets(*[row * [10, 1, 1] for row in rows])
    np.testing.assert_allclose(
        n_subjettiness(small, (1, 2), RADIUS), n_subjettiness(large, (1, 2), RADIUS), rtol=1e-5
    )
    a, b = (soft_drop(j, 0.1, 0.0, RADIUS) for j in (small, large))
    np.testing.assert_allclose(a.zg, b.zg)
    np.testing.assert_allclose(10 * a.mass, b.mass)


def test_a_collinear_splitting_changes_nothing(rows):
    """Every particle in two halves: infrared and collinear safety."""
    split = [np.repeat(row * [0.5, 1, 1], 2, axis=0) for row in rows]
    whole, halves = jets(*rows), jets(*split)
    np.testing.assert_allclose(
        n_subjettiness(whole, (1,), RADIUS), n_subjettiness(halves, (1,), RADIUS), rtol=1e-3
    )
    a, b = (soft_drop(j, 0.1, 0.0, RADIUS) for j in (whole, halves))
    np.testing.assert_allclose(a.mass, b.mass, rtol=1e-6)


def test_no_jets():
    none = jets([(100, 1, 2)])[:0]
    assert n_subjettiness(none, (1, 2, 3), RADIUS).shape == (0, 3)
    assert soft_drop(none, 0.1, 0.0, RADIUS).zg.shape == (0,)


def test_what_is_refused():
    empty = ak.concatenate([jets([(100, 1, 2)]), jets([(100, 1, 2)])[:, :0]])
    with pytest.raises(ValueError, match="jet 1 has no constituents"):
        soft_drop(empty, 0.1, 0.0, RADIUS)
    for orders in ((), (0, 1)):
        with pytest.raises(ValueError, match="orders"):
            n_subjettiness(jets([(100, 1, 2)]), orders, RADIUS)
