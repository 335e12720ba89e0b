"""Drell-Yan: normalised, sampled exactly, with the physics of photon, Z and their interference."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from hepml_lite import kinematics
from hepml_lite.exact.drell_yan import (
    ALPHA,
    PICOBARN,
    SIN2_THETA_W,
    Z_MASS,
    DrellYan,
    couplings,
    parton_density,
)

DRELL_YAN = DrellYan()


@pytest.fixture(scope="module")
def events():
    return DRELL_YAN.events(40_000, rng=3)[0]


def test_cross_section_is_that_of_random_points():
    rng = np.random.default_rng(1)
    limit = DRELL_YAN.highest_rapidity
    low = [DRELL_YAN.lowest, -limit, -1, -np.pi]
    high = [DRELL_YAN.highest, limit, 1, np.pi]
    points = rng.uniform(low, high, (200_000, 4))
    values = DRELL_YAN.differential_cross_section(points) * np.prod(np.subtract(high, low))
    error = values.std() / np.sqrt(len(values))
    assert DRELL_YAN.cross_section == pytest.approx(values.mean(), abs=4 * error)
    assert error < 0.02 * values.mean()


def test_entropy_is_that_of_the_events(events):
    log_p = DRELL_YAN.log_prob(events)
    error = log_p.std() / np.sqrt(len(log_p))
    assert -log_p.mean() == pytest.approx(DRELL_YAN.entropy, abs=4 * error)


def test_masses_follow_the_density(events):
    grid = np.linspace(60, 120, 241)
    y, weights = np.polynomial.legendre.leggauss(60)
    cos, cos_weights = np.polynomial.legendre.leggauss(4)
    limits = np.log(DRELL_YAN.energy / grid)
    rows = np.stack(np.meshgrid(grid, y, cos, [0.0], indexing="ij"), -1).reshape(-1, 4)
    rows[:, 1] *= np.repeat(limits, 60 * 4)
    density = np.exp(DRELL_YAN.log_prob(rows)).reshape(241, 60, 4) * 2 * np.pi
    of_mass = limits * np.einsum("myc,y,c->m", density, weights, cos_weights)
    cumulative = np.append(0, np.cumsum((of_mass[1:] + of_mass[:-1]) / 2 * np.diff(grid)))
    assert cumulative[-1] == pytest.approx(1, abs=2e-3)
    cumulative /= cumulative[-1]
    assert kstest(events[:, 0], lambda m: np.interp(m, grid, cumulative)).pvalue > 1e-3
    assert kstest(events[:, 3], "uniform", (-np.pi, 2 * np.pi)).pvalue > 1e-3


def test_rejection_never_meets_a_ratio_above_its_bound():
    known = DrellYan(7000, 40, 200)
    rows = known._proposals(100_000, np.random.default_rng(2))
    assert known._ratio(rows).max() < known._largest_ratio


def test_photon_alone_far_below_the_peak():
    mass = np.array([1.0])
    symmetric, asymmetric = couplings(mass, "u")
    assert symmetric == pytest.approx((2 / 3) ** 2, rel=1e-3)
    total = PICOBARN * np.pi * ALPHA**2 / (6 * mass**2) * 8 / 3 * symmetric
    # sigma = 4 pi alpha^2 / 9 s, times the squared charge
    assert total == pytest.approx(PICOBARN * 4 * np.pi * ALPHA**2 / 9 * (2 / 3) ** 2, rel=1e-3)
    assert abs(asymmetric) < 1e-3


def test_asymmetry_at_the_peak_is_the_product_of_both_polarisations():
    def polarisation(charge, isospin):
        vector = isospin - 2 * charge * SIN2_THETA_W
        return 2 * vector * isospin / (vector**2 + isospin**2)

    symmetric, asymmetric = couplings(np.array([Z_MASS]), "u")
    expected = 3 / 4 * polarisation(2 / 3, 0.5) * polarisation(-1, -0.5)
    assert 3 / 4 * asymmetric / symmetric == pytest.approx(expected, rel=0.02)


def test_asymmetry_changes_sign_across_the_peak(events):
    forward = np.sign(events[:, 1]) * events[:, 2]
    is_boosted = np.abs(events[:, 1]) > 1  # the quark is then likely the one along the boost
    for low, high, sign in ((60, 80, -1), (100, 120, 1)):
        chosen = is_boosted & (low < events[:, 0]) & (events[:, 0] < high)
        asymmetry = np.sign(forward[chosen]).mean()
        assert sign * asymmetry > 3 / np.sqrt(chosen.sum())


@pytest.mark.parametrize(("quark", "valence"), [("u", 2), ("d", 1)])
def test_proton_has_two_u_and_one_d(quark, valence):
    def net(x):
        return (parton_density(x, quark) - parton_density(x, quark + "bar")) / x

    assert quad(net, 0, 1)[0] == pytest.approx(valence, rel=2e-3)


def test_four_vectors_and_back(events):
    muons = DRELL_YAN.four_vectors(events)
    pair = muons.sum(axis=1)
    np.testing.assert_allclose(kinematics.pt_eta_phi_mass(pair)[3], events[:, 0])
    np.testing.assert_allclose(pair[:, 1:3], 0, atol=1e-12)
    np.testing.assert_allclose(muons[..., 0], np.linalg.norm(muons[..., 1:], axis=-1))
    np.testing.assert_allclose(DRELL_YAN.from_four_vectors(muons), events, atol=1e-9)


def test_nothing_outside_the_phase_space():
    inside = np.array([91.0, 0.5, 0.2, 1.0])
    outside = np.tile(inside, (5, 1))
    outside[0, 0] = 59
    outside[1, 1] = 5.2
    outside[2, 2] = 1.01
    outside[3, 3] = 3.2
    outside[4, 1] = -5.2
    assert np.isfinite(DRELL_YAN.log_prob(inside[None])).all()
    assert (DRELL_YAN.log_prob(outside) == -np.inf).all()


def test_impossible_windows_are_refused():
    with pytest.raises(ValueError, match="lowest < highest"):
        DrellYan(lowest=100, highest=90)
    with pytest.raises(ValueError, match=r"\(N, 4\)"):
        DRELL_YAN.log_prob(np.zeros((3, 8)))
